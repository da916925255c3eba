"""What comes to alarms by the clock: PBXs whose time runs out, packages that were full before there were alarms,
summaries for those who get many emails, and the end of 6 months. Any number of processes may do it at once."""

from yeastar_app.database import transaction
from yeastar_app.services import alarm_notices, alarm_records, alarm_watch


def look() -> int:
    """Raise and end what nobody's action did; one transaction each. How many packages and PBXs were looked at."""
    with transaction(writes=False) as session:
        pbxs, pools = alarm_watch.pbxs_to_follow(session), alarm_watch.pools_to_follow(session)
    for key in pbxs:
        with transaction() as session:
            alarm_watch.follow_pbx(session, key)
    for key in pools:
        with transaction() as session:
            alarm_watch.follow_pool(session, key)
    return len(pbxs) + len(pools)


def summarise() -> int:
    """Write the summaries that are due; how many alarms stand in them."""
    with transaction(writes=False) as session:
        contacts = alarm_notices.waiting(session)
    told = 0
    for key in contacts:
        with transaction() as session:
            told += alarm_notices.summarise(session, key)
    return told


def forget_old() -> int:
    with transaction() as session:
        return alarm_records.forget_old(session)
