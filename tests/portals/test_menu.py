"""The menu: what a group is called, and what stands alone after one."""

from tests.services.central import owner
from yeastar_app.access import who
from yeastar_app.portals.menu import menu_of


def test_what_belongs_to_no_group_stands_apart_from_the_group_before_it(sqlite: str) -> None:
    actor = who(owner().credential)
    groups: list[list[str]] = []
    for item in menu_of(actor, "/central"):
        if item.heading or item.apart or not groups:
            groups.append([item.heading])
        groups[-1].append(item.label)
    assert groups == [
        ["", "Dashboard"],
        ["Cloud PBX", "PBX", "Customer"],
        ["", "Task", "Alarm", "Notification Contacts"],
        ["System", "Reseller", "Operation Logs"],
        ["", "My Subscription"],
        ["", "Partner Portal"],
    ]
