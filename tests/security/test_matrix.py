"""Every handler, every action and every page, tried by every kind of subject. What is registered is walked;
who may have it is said here a second time, by hand, after PRODUCT.md. Something new without a line here fails."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reflex.state import State
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from sqlmodel import select

import yeastar_app.yeastar_app
from tests import factories
from yeastar_app import access
from yeastar_app.access import ACTIONS, Action, Credential
from yeastar_app.clock import now
from yeastar_app.database import transaction
from yeastar_app.features import Feature
from yeastar_app.http.credential import session_cookie
from yeastar_app.http.guard import Guard
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.credentials import SignInSession
from yeastar_app.models.points import UploadStatus
from yeastar_app.models.rewards import RedemptionStatus
from yeastar_app.models.tasks import TaskKind
from yeastar_app.portals.gate import Gate
from yeastar_app.portals.page import PAGES, policy_for
from yeastar_app.refusals import NotAllowed, NotFound, SignInNeeded
from yeastar_app.services import operations
from yeastar_app.settings import settings

OUTSIDERS = {"anonymous", "removed", "signed out"}
PARTNERS = {"partner", "rival"}
COLLEAGUES = {"colleague", "colleague without permission"}
CUSTOMERS = {"customer", "rival's customer"}
RESELLERS = {"reseller", "rival's reseller", "reseller's colleague"}
ADMINISTRATOR = {"administrator"}
STAFF = {"administrator", "account manager"}
SIGNED_IN = PARTNERS | COLLEAGUES | CUSTOMERS | RESELLERS | STAFF | {"reseller without permission"}
ANYBODY = SIGNED_IN | OUTSIDERS
NOBODY: set[str] = set()
PORTAL = PARTNERS | COLLEAGUES
GRANTED = PARTNERS | {"colleague"}
"""What a partner's owner may do, and a colleague with the ticks for Partner Program, partners and colleagues."""
YCM = {"partner"} | RESELLERS | {"reseller without permission"}
"""The holder of a hosting package and resellers. `rival` holds none; `colleague` has no tick for it."""
YCM_GRANTED = {"partner"} | RESELLERS
PACKAGE_OWNER = {"partner"}

HANDLERS = {
    "Shell": ANYBODY,
    "HomeState": ANYBODY,
    "SignInState": ANYBODY,
    "ActivateState": ANYBODY,
    "ForgotState": ANYBODY,
    "ResetState": ANYBODY,
    "ErrorState": ANYBODY,
    "HelpState": NOBODY,  # demo mode only
    "MailboxState": {"administrator"},  # anybody in demo mode only
    "AccountState": SIGNED_IN,
    "PasswordState": SIGNED_IN,
    "ProfileState": SIGNED_IN,
    "SecurityState": SIGNED_IN,
    "SessionsState": SIGNED_IN,
    "TabsState": SIGNED_IN,
    "ChangePasswordState": SIGNED_IN,
    "DashboardState": PORTAL,
    "ProgramState": GRANTED,
    "GetPoints": GRANTED,
    "PointsState": GRANTED,
    "UploadsState": GRANTED,
    "StatementState": PARTNERS,
    "RewardsState": GRANTED,
    "PartnersState": GRANTED,
    "PartnerFormState": GRANTED,
    "ColleaguesState": GRANTED,
    "ColleagueFormState": GRANTED,
    "AccountInformationState": CUSTOMERS,
    "MyProductsState": CUSTOMERS,
    "CentralDashboardState": YCM | CUSTOMERS,  # customers are led on to their own PBXs
    "SubscriptionState": YCM,
    "PbxState": YCM_GRANTED,
    "PbxDetailsState": YCM_GRANTED,
    "PortalCustomerState": YCM_GRANTED,
    "OwnPbxState": CUSTOMERS,
    "OwnAlarmsState": CUSTOMERS,
    "RecipientsState": YCM_GRANTED,
    "CustomersState": YCM_GRANTED,
    "AlarmsState": YCM_GRANTED,
    "AlarmState": YCM_GRANTED,
    "AlarmContactsState": YCM_GRANTED,
    "LogsState": YCM_GRANTED,
    "TasksState": YCM_GRANTED,
    "TaskState": YCM_GRANTED,
    "CentralColleaguesState": RESELLERS,
    "CentralColleagueFormState": RESELLERS,
    "ResellersState": PACKAGE_OWNER,
    "ResellerState": PACKAGE_OWNER,
    "StaffAccountsState": STAFF,
    "AuditLogState": STAFF,
    "RulesState": ADMINISTRATOR,
    "PartnerPointsState": STAFF,
    "TiersState": ADMINISTRATOR,
    "RegistryState": STAFF,
    "RegistryImportState": STAFF,
    "PartnerAccountState": STAFF,
    "RedemptionsState": STAFF,
    "RewardCatalogueState": ADMINISTRATOR,
}
"""State → who its handlers run for."""

FRAMEWORK = {"hydrate", "hydrate_and_load", "on_load_internal", "set_is_hydrated"}
"""The framework's own handlers that a page cannot appear without; all its others run for nobody."""

PUBLIC_ACTIONS = {
    "passwords.activate",
    "passwords.forgot",
    "passwords.open_activation",
    "passwords.open_reset",
    "passwords.reset",
    "sessions.sign_in",
    "sessions.start",
    "two_factor.enter_code",
    "two_factor.send_again",
}
ACTIONS_OF = {
    "account_information": CUSTOMERS,
    "alarms": YCM_GRANTED,
    "alarm_contacts": YCM_GRANTED,
    "audit_log": STAFF,
    "bulk": GRANTED,
    "capacity_records": YCM,
    "central_dashboard": YCM,
    "colleagues": GRANTED | RESELLERS,
    "contacts": YCM_GRANTED,
    "customers": GRANTED,
    "dashboard": GRANTED,
    "devices": SIGNED_IN,
    "holdings": CUSTOMERS,
    "holdings.of_customer": GRANTED,
    "images": SIGNED_IN,
    "mailbox": {"administrator"},
    "operation_logs": YCM_GRANTED,
    "own_alarms": CUSTOMERS,
    "own_pbx": CUSTOMERS,
    "partner_points": STAFF,
    "passwords": SIGNED_IN,
    "pbx": YCM_GRANTED,
    "pbx.overview": YCM,
    "pbx_control": YCM_GRANTED,
    "pbx_customers": YCM_GRANTED,
    "pbx_orders": YCM_GRANTED,
    "point_details": GRANTED,
    "point_rules": ADMINISTRATOR,
    "point_stories": GRANTED,
    "presets": PACKAGE_OWNER,
    "profile": SIGNED_IN,
    "programme": GRANTED,
    "redemptions": STAFF,
    "registration": GRANTED,
    "registry": STAFF,
    "registry.add": ADMINISTRATOR,
    "registry.change": ADMINISTRATOR,
    "registry_imports": ADMINISTRATOR,
    "resellers": PACKAGE_OWNER,
    "reward_catalogue": ADMINISTRATOR,
    "rewards": GRANTED,
    "sessions": SIGNED_IN,
    "staff": STAFF,
    "statement": PARTNERS,
    "statement.view_of": STAFF,
    "statement.export_of": STAFF,
    "tier_rules": ADMINISTRATOR,
    "tasks": YCM_GRANTED,
    "two_factor": SIGNED_IN,
}
"""Subject or action → who may."""

PAGES_OF = {
    "/": ANYBODY,
    "/404": ANYBODY,
    "/not-allowed": ANYBODY,
    "/sign-in": ANYBODY,
    "/activate": ANYBODY,
    "/forgot-password": ANYBODY,
    "/reset-password": ANYBODY,
    "/demo": NOBODY,
    "/mailbox": {"administrator"},
    "/account": SIGNED_IN,
    "/change-password": SIGNED_IN,
    "/partner": PORTAL,
    "/partner/": GRANTED,
    "/partner/statement": PARTNERS,
    "/customer": CUSTOMERS,
    "/customer/": CUSTOMERS,
    "/central": YCM | CUSTOMERS,
    "/central/subscription": YCM,
    "/central/": YCM_GRANTED,
    "/central/own": CUSTOMERS,
    "/central/own/": CUSTOMERS,
    "/central/colleagues": RESELLERS,
    "/central/colleagues/": RESELLERS,
    "/central/resellers": PACKAGE_OWNER,
    "/central/resellers/": PACKAGE_OWNER,
    "/staff": STAFF,
    "/staff/": STAFF,
    "/staff/rewards": ADMINISTRATOR,
    "/staff/rules": ADMINISTRATOR,
    "/staff/tiers": ADMINISTRATOR,
}
"""Address → who gets the document; one that ends with a slash stands for all below it."""


@pytest.fixture
def subjects(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Credential]:
    """One of each kind, all with what the demo gives them, none of them in demo mode."""
    monkeypatch.setenv("TWO_FACTOR_REQUIRED_OF", "")
    settings.cache_clear()
    granted = [Feature.PROGRAMME.value, Feature.PARTNERS.value, Feature.COLLEAGUES.value]
    people: dict[str, Account] = {"partner": factories.account(Kind.PARTNER), "rival": factories.account(Kind.PARTNER)}
    ours, theirs = (_home(people[name]) for name in ("partner", "rival"))
    package = factories.pool(ours)
    people["colleague"] = factories.account(Kind.COLLEAGUE, ours, grants=granted)
    people["colleague without permission"] = factories.account(Kind.COLLEAGUE, ours, grants=[])
    for name, kind, above in (
        ("customer", Kind.CUSTOMER, ours),
        ("rival's customer", Kind.CUSTOMER, theirs),
        ("reseller", Kind.RESELLER, ours),
        ("reseller without permission", Kind.RESELLER, ours),
        ("rival's reseller", Kind.RESELLER, theirs),
    ):
        company = factories.organisation(factories._ORGANISATION_OF[kind], above)
        grants = factories.ALL_CENTRAL_FEATURES if kind is Kind.RESELLER and "without" not in name else []
        people[name] = factories.account(kind, company, grants=grants)
        if kind is Kind.RESELLER:
            factories.pool(company, package, total_extensions=1, total_calls=1, total_minutes=1)
    people["reseller's colleague"] = factories.account(
        Kind.RESELLER_COLLEAGUE, _home(people["reseller"]), grants=factories.ALL_CENTRAL_FEATURES
    )
    people["administrator"] = factories.account(Kind.ADMINISTRATOR)
    people["account manager"] = factories.account(Kind.ACCOUNT_MANAGER)
    people["removed"] = factories.account(Kind.PARTNER, ours)
    people["signed out"] = factories.account(Kind.PARTNER, ours)
    credentials = {name: factories.signed_in(person) for name, person in people.items()}
    with transaction() as session:
        session.get_one(Account, people["removed"].key).status = Status.REMOVED
        open_session = select(SignInSession).where(SignInSession.account_id == people["signed out"].key)
        session.exec(open_session).one().ended_at = now()
    return {**credentials, "anonymous": Credential(ip="192.0.2.1")}


def _home(account: Account) -> Organisation:
    with transaction(writes=False) as session:
        return session.get_one(Organisation, account.organisation_id)


def cookie(credential: Credential) -> str:
    return f"{session_cookie()}={credential.session_token}" if credential.session_token else ""


def differences(expected: dict[str, set[str]], found: dict[str, set[str]]) -> list[str]:
    return [
        f"{name}: {'too many: ' if found[name] - expected[name] else 'too few: '}{sorted(found[name] ^ expected[name])}"
        for name in expected
        if found[name] != expected[name]
    ]


def handlers() -> dict[str, set[str]]:
    """Every handler that is registered, with who it should run for."""
    expected = {}
    for name, handler in RegistrationContext.get().event_handlers.items():
        state, method = handler.states[0], name.rpartition(".")[2]
        if state.__module__.startswith("reflex."):
            expected[name] = ANYBODY if method in FRAMEWORK else NOBODY
        else:
            assert state.__name__ in HANDLERS, f"nobody has decided who may send events to {state.__name__}"
            expected[name] = NOBODY if method == "setvar" else HANDLERS[state.__name__]
    return expected


async def test_every_handler_runs_for_whom_it_should_and_for_nobody_else(subjects: dict[str, Credential]) -> None:
    expected = handlers()
    found: dict[str, set[str]] = {name: set() for name in expected}
    for subject, credential in subjects.items():
        root = State(_reflex_internal_init=True)  # type: ignore[call-arg]
        root.router_data = {"headers": {"cookie": cookie(credential), "asgi-scope-client": "192.0.2.1"}}
        for name in expected:
            if await Gate().preprocess(None, root, Event(name=name, payload={})) is None:
                found[name].add(subject)
    assert differences(expected, found) == []
    assert len(expected) > 150


@pytest.mark.parametrize("name", ["", "nothing", "reflex___state____state.nothing", "a" * 10_000, "x.setvar"])
async def test_an_event_nobody_registered_runs_for_nobody(subjects: dict[str, Credential], name: str) -> None:
    root = State(_reflex_internal_init=True)  # type: ignore[call-arg]
    root.router_data = {"headers": {"cookie": cookie(subjects["administrator"])}}
    assert await Gate().preprocess(None, root, Event(name=name, payload={})) is not None


def stand_in(entry: Action) -> Callable[..., str]:
    """An action with the same policy that only says that it was reached."""

    def reached(_session: Any, _actor: Any) -> str:
        return "reached"

    reached.action = Action(reached, entry.policy, None, False, None, False)  # type: ignore[attr-defined]
    return reached


def test_every_action_is_open_to_whom_it_should_be_and_to_nobody_else(subjects: dict[str, Credential]) -> None:
    expected, found = {}, {}
    for name, entry in ACTIONS.items():
        subject = name.partition(".")[0]
        assert subject in ACTIONS_OF, f"nobody has decided who may use {name}"
        expected[name] = ANYBODY if name in PUBLIC_ACTIONS else ACTIONS_OF.get(name, ACTIONS_OF[subject])
        found[name] = {who for who, credential in subjects.items() if _may(stand_in(entry), credential)}
    assert differences(expected, found) == []
    assert len(expected) > 70


def _may(action: Callable[..., str], credential: Credential) -> bool:
    try:
        return access.perform(action, None, credential) == "reached"
    except (SignInNeeded, NotAllowed, NotFound):
        return False


async def test_every_document_is_given_to_whom_it_should_be_and_to_nobody_else(subjects: dict[str, Credential]) -> None:
    expected, found = {}, {}
    for page in PAGES:
        address = re.sub(r"\[[^]]+\]", "1", page.route)
        known = {known for known in PAGES_OF if page.route == known or (known != "/" and known.endswith("/")
                                                                        and page.route.startswith(known))}  # fmt: skip
        assert known, f"nobody has decided who may see {page.route}"
        expected[address] = PAGES_OF[max(known, key=len)]
        found[address] = {who for who, credential in subjects.items() if await _status(address, credential) == 200}
    assert differences(expected, found) == []


async def _status(address: str, credential: Credential) -> int:
    """What the guard answers; the application behind it would give everything."""

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    statuses = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    headers = [(b"cookie", cookie(credential).encode())]
    scope = {"type": "http", "method": "GET", "path": address, "headers": headers, "client": ("192.0.2.1", 1)}
    await Guard(application, policy_for)(scope, receive, send)
    return int(statuses[0])


async def test_in_demo_mode_the_mailbox_and_the_help_page_are_open_to_anybody(
    subjects: dict[str, Credential], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_MODE", "true")
    settings.cache_clear()
    for address in ("/mailbox", "/demo"):
        assert {await _status(address, credential) for credential in subjects.values()} == {200}


DECIDED = set(RedemptionStatus) - {RedemptionStatus.REQUESTED}
STARTED = (UploadStatus.CHECKING, UploadStatus.REGISTERING)
FAMILIES: dict[str, Iterable[str]] = {"pbx.": TaskKind, "redemption.": DECIDED, "bulk.": STARTED}
"""Audit codes that are put together: how they begin, and what may follow."""


def test_whatever_is_written_into_the_audit_log_has_words_of_its_own() -> None:
    written = set(audit_codes(Path(yeastar_app.__file__).parent))
    assert written - set(operations.WORDS) == set(), "add them to services/operations.py"
    assert set(operations.WORDS) - written == set(), "nothing writes these"
    assert len(set(operations.WORDS.values())) == len(operations.WORDS), "two codes with the same words"


def audit_codes(package: Path) -> Iterator[str]:
    """Every code `audit` can be called with, read from the program's own text."""
    for file in package.rglob("*.py"):
        if "audit(" in (text := file.read_text()):
            tree = ast.parse(text)
            for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
                for call in _calls(function, "audit"):
                    yield from _codes(call.args[2], function, tree)


def _codes(code: ast.expr, function: ast.FunctionDef, tree: ast.Module) -> Iterator[str]:
    if isinstance(code, ast.JoinedStr):
        begins = _texts(code)[0]
        yield from (f"{begins}{ends}" for ends in FAMILIES[begins])
    elif isinstance(code, ast.Name):  # said before, or by who calls the function
        before = [node.value for node in ast.walk(function) if isinstance(node, ast.Assign)
                  and ast.unparse(node.targets[0]) == code.id]  # fmt: skip
        found = [text for said in before or _calls(tree, function.name) for text in _texts(said) if "." in text]
        assert found, f"{function.name} writes an audit row under no name"
        yield from found
    else:
        yield from _texts(code)


def _calls(within: ast.AST, name: str) -> list[ast.Call]:
    calls = (node for node in ast.walk(within) if isinstance(node, ast.Call))
    return [call for call in calls if ast.unparse(call.func).split(".")[-1] == name]


def _texts(node: ast.AST) -> list[str]:
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
