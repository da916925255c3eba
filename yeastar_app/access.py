"""The one door: who is asking, may they, one transaction, what came of it.

Every action is a plain function `(session, actor, form) -> result` that carries its policy. Pages, HTTP routes,
jobs and the command line all come through `perform`; nothing else opens a transaction for a person.
"""

import asyncio
import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.database import first_row, reads_at_once, row_of, transaction
from yeastar_app.features import CUSTOMER_FEATURES, OWNER_FEATURES, PARTNER_FEATURES, Feature, Surface
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, Organisation, Status
from yeastar_app.models.capacity import Pool
from yeastar_app.models.credentials import SignInSession
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import NotAllowed, NotFound, Refusal, SignInNeeded
from yeastar_app.settings import settings
from yeastar_app.words import t

Result = TypeVar("Result")


def digest(secret: str) -> str:
    """What is stored of a token: its SHA-256. Tokens have 256 random bits, so no salt or slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class Credential:
    """What a request brings with it; nothing of it is believed before `resolve`."""

    session_token: str = ""
    device_token: str = ""
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True)
class Actor:
    """Who is asking, as the database says at this moment."""

    account_id: int | None = None
    kind: Kind | None = None
    organisation_id: int | None = None
    organisation_name: str = ""
    pool_id: int | None = None
    """The pool of capacity its organisation holds, if any."""
    path: str = ""
    email: str = ""
    name: str = ""
    features: frozenset[Feature] = frozenset()
    surfaces: frozenset[Surface] = frozenset()
    home: Surface | None = None
    must_change_password: bool = False
    must_set_up_two_factor: bool = False
    session_id: int | None = None
    last_seen_at: datetime | None = None
    credential: Credential = field(default_factory=Credential)

    @property
    def is_signed_in(self) -> bool:
        return self.account_id is not None

    @property
    def id(self) -> int:
        """The account's id; SignInNeeded where nobody is signed in."""
        if self.account_id is None:
            raise SignInNeeded
        return self.account_id

    @property
    def organisation(self) -> int:
        if self.organisation_id is None:
            raise SignInNeeded
        return self.organisation_id

    def may(self, feature: Feature | None) -> bool:
        return feature is None or feature in self.features


@dataclass(frozen=True)
class Policy:
    """Who may use an action or a page. `public`: anybody, signed in or not. No surface: any signed-in account.
    `unready`: also an account that must first change its password or set up its second factor.
    `demo_only`: does not exist outside demo mode. `open_in_demo`: anybody in demo mode, the rest says who otherwise.
    `otherwise`: who this one does not allow may be allowed by that one."""

    surface: Surface | None = None
    permission: Feature | None = None
    kinds: frozenset[Kind] = frozenset()
    public: bool = False
    unready: bool = False
    demo_only: bool = False
    open_in_demo: bool = False
    otherwise: "Policy | None" = None

    def check(self, actor: Actor) -> None:
        """Raise SignInNeeded or NotAllowed where the actor does not satisfy this policy, NotFound where there is
        nothing to ask for."""
        try:
            self._check(actor)
        except NotAllowed:
            if self.otherwise is None:
                raise
            self.otherwise.check(actor)

    def _check(self, actor: Actor) -> None:
        if self.demo_only and not settings().demo_mode:
            raise NotFound(t("This page"))
        if self.public or (self.open_in_demo and settings().demo_mode):
            return
        if not actor.is_signed_in:
            raise SignInNeeded
        if not self.unready and (actor.must_change_password or actor.must_set_up_two_factor):
            raise NotAllowed
        if self.surface and self.surface not in actor.surfaces:
            raise NotAllowed
        if self.kinds and actor.kind not in self.kinds:
            raise NotAllowed
        if not actor.may(self.permission):
            raise NotAllowed


PUBLIC = Policy(public=True, unready=True)
SIGNED_IN = Policy()
OWN_ACCOUNT = Policy(unready=True)


@dataclass(frozen=True)
class Action:
    """A registered action: the function, its policy, the form its input is parsed by, whether it writes, and what
    has to be computed outside the transaction first (`prepare(form, credential)`, handed on as `prepared`). `alike`:
    everybody of a company with the same rights gets the same answer."""

    run: Callable[..., Any]
    policy: Policy
    form: type[BaseModel] | None
    writes: bool
    prepare: Callable[..., Any] | None
    audited: bool
    alike: bool = False

    @property
    def name(self) -> str:
        return f"{self.run.__module__.rsplit('.', 1)[-1]}.{self.run.__name__}"


ACTIONS: dict[str, Action] = {}


def action(
    policy: Policy,
    *,
    form: type[BaseModel] | None = None,
    writes: bool = True,
    prepare: Callable[..., Any] | None = None,
    audited: bool | None = None,
    alike: bool = False,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Make a service function an action. An action that writes must leave an audit row; `audited=False` says why
    not in a comment beside it."""

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        entry = Action(function, policy, form, writes, prepare, writes if audited is None else audited, alike)
        if entry.name in ACTIONS:
            raise RuntimeError(f"two actions are called {entry.name}")
        ACTIONS[entry.name] = entry
        function.action = entry  # type: ignore[attr-defined]
        return function

    return register


def perform(function: Callable[..., Result], payload: Any = None, credential: Credential | None = None) -> Result:
    """Carry out an action for whoever holds `credential`: parse, resolve, authorise, run, audit, commit.

    Blocks (database, hashing): call it from a worker thread. Raises Refusal; then nothing is saved.
    """
    entry: Action = function.action  # type: ignore[attr-defined]
    credential = credential or Credential()
    form = parse(entry.form, payload) if entry.form else payload
    extra: dict[str, Any] = {}
    if entry.prepare:
        if not entry.policy.public:
            with transaction(writes=False) as session:
                entry.policy.check(resolve(session, credential))
        extra["prepared"] = entry.prepare(form, credential)
    with transaction(writes=entry.writes) as session:
        actor = resolve(session, credential)
        entry.policy.check(actor)
        arguments = (session, actor, form) if entry.form or payload is not None else (session, actor)
        result: Result = entry.run(*arguments, **extra)
        if entry.audited and not session.info.get("audited"):
            raise RuntimeError(f"{entry.name} wrote without an audit row")
        return result


def question(function: Callable[..., Any], payload: Any, actor: Actor) -> Hashable:
    """What two people ask alike where they get the same answer; None where each one's answer is their own. The action's
    policy is checked: NotAllowed, SignInNeeded."""
    entry: Action = function.action  # type: ignore[attr-defined]
    if not entry.alike:
        return None
    entry.policy.check(actor)
    return entry.name, repr(payload), actor.kind, actor.organisation, actor.features, actor.surfaces


def parse(form: type[BaseModel], payload: Any) -> BaseModel:
    """The payload as a checked form; a Refusal with one message per field where it is not one."""
    if isinstance(payload, form):
        return payload
    if not isinstance(payload, Mapping):
        raise Refusal("invalid_form", t("The form could not be read. Reload the page and try again."))
    try:
        return form.model_validate(dict(payload))
    except ValidationError as error:
        fields: dict[str, str] = {}
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else ""
            fields.setdefault(name, _words_for(problem))
        message = fields.get("") or t("Check the marked fields.")
        raise Refusal("invalid_fields", message, fields=fields) from None


_WORDS = {
    "missing": "This field is required.",
    "none_required": "This field is required.",
    "string_type": "This field is required.",
    "too_short": "At least {min_length} characters.",
    "too_long": "At most {max_length} characters.",
    "string_too_short": "At least {min_length} characters.",
    "string_too_long": "At most {max_length} characters.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "int_from_float": "Enter a whole number.",
    "int_parsing_size": "Enter a whole number.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "date_from_datetime_parsing": "Enter a date.",
    "date_from_datetime_inexact": "Enter a date.",
    "date_parsing": "Enter a date.",
    "date_type": "Enter a date.",
    "enum": "Choose one of the options.",
    "literal_error": "Choose one of the options.",
    "value_error": "{error}",
    "extra_forbidden": "This field is not expected here.",
}


def _words_for(problem: Any) -> str:
    """Pydantic's problem in words that say what to do."""
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind in ("string_too_short", "too_short") and context["min_length"] == 1:
        kind = "missing"
    return t(_WORDS.get(kind, "This value is not accepted."), **context)


_HOME = {
    Kind.ADMINISTRATOR: Surface.STAFF,
    Kind.ACCOUNT_MANAGER: Surface.STAFF,
    Kind.PARTNER: Surface.PARTNER,
    Kind.COLLEAGUE: Surface.PARTNER,
    Kind.CUSTOMER: Surface.CUSTOMER,
    Kind.RESELLER: Surface.CENTRAL,
    Kind.RESELLER_COLLEAGUE: Surface.CENTRAL,
}

_PERSON: Any = (
    col(Account.id).label("account_id"),
    col(Account.kind),
    col(Account.email),
    col(Account.first_name),
    col(Account.last_name),
    col(Account.grants),
    col(Account.must_change_password),
    col(Account.two_factor),
    col(Organisation.id).label("organisation_id"),
    col(Organisation.name).label("organisation_name"),
    col(Organisation.path),
    col(Pool.id).label("pool_id"),
)
_WHO: Any = (
    sa.select(
        col(SignInSession.id).label("session_id"),
        col(SignInSession.created_at),
        col(SignInSession.last_seen_at),
        *_PERSON,
    )
    .join(Account, col(Account.id) == col(SignInSession.account_id))
    .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
    .outerjoin(Pool, col(Pool.organisation_id) == col(Organisation.id))
    .where(
        col(SignInSession.token_hash) == sa.bindparam("token_hash"),
        col(SignInSession.ended_at).is_(None),
        col(Account.status) == Status.ACTIVE,
    )
)


def resolve(session: Session, credential: Credential) -> Actor:
    """The actor behind a credential, read within this transaction."""
    if not credential.session_token:
        return Actor(credential=credential)
    return _actor(row_of(session, _WHO, _key(credential)), credential)


def who(credential: Credential) -> Actor:
    """The actor behind a credential at this moment, by one small read. Blocks."""
    if not credential.session_token:
        return Actor(credential=credential)
    return _actor(first_row(_WHO, _key(credential)), credential)


def in_the_name_of(session: Session, account_id: int | None) -> Actor:
    """The actor a job acts for: what that account may do at this moment. Nobody where it is not active any more."""
    query = (
        sa.select(*_PERSON)
        .select_from(Account)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .outerjoin(Pool, col(Pool.organisation_id) == col(Organisation.id))
        .where(col(Account.id) == account_id, col(Account.status) == Status.ACTIVE)
    )
    row = session.execute(query).first()
    return _person(row) if row else Actor()


async def who_is(credential: Credential) -> Actor:
    """`who` for the event loop: in a thread where the database is far away, at once where it is a local file."""
    if not credential.session_token or reads_at_once():
        return who(credential)
    return await asyncio.to_thread(who, credential)


def _key(credential: Credential) -> dict[str, str]:
    return {"token_hash": digest(credential.session_token)}


def _actor(row: Any, credential: Credential) -> Actor:
    """Nobody where the session is unknown, ended, idle for too long or too old (12 h, 30 d [O]), or the account is
    not active."""
    nobody = Actor(credential=credential)
    if row is None:
        return nobody
    idle_limit = timedelta(hours=settings().session_idle_hours)
    age_limit = timedelta(days=settings().session_absolute_days)
    if clock.now() - row.last_seen_at >= idle_limit or clock.now() - row.created_at >= age_limit:
        return nobody
    return replace(_person(row), session_id=row.session_id, last_seen_at=row.last_seen_at, credential=credential)


def _person(row: Any) -> Actor:
    features = _features(row)
    return Actor(
        account_id=row.account_id,
        kind=row.kind,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        pool_id=row.pool_id,
        path=row.path,
        email=row.email,
        name=f"{row.first_name} {row.last_name}".strip() or row.email,
        features=features,
        surfaces=_surfaces(row.kind, features),
        home=_HOME[row.kind],
        must_change_password=row.must_change_password,
        must_set_up_two_factor=row.two_factor == "off" and two_factor_demanded(row.kind),
    )


def live_sessions(now: datetime) -> tuple[Any, ...]:
    """Conditions on SignInSession: neither ended nor past its limits. `resolve` says the same of one row."""
    return (
        col(SignInSession.ended_at).is_(None),
        col(SignInSession.last_seen_at) > now - timedelta(hours=settings().session_idle_hours),
        col(SignInSession.created_at) > now - timedelta(days=settings().session_absolute_days),
    )


def two_factor_demanded(kind: Kind) -> bool:
    """Whether accounts of this kind must use a second factor (setting; never in demo mode)."""
    return not settings().demo_mode and kind in settings().two_factor_required_of.split(",")


def _features(row: Any) -> frozenset[Feature]:
    """What an account may do: owners everything of their surface, colleagues and resellers what was granted."""
    owner = OWNER_FEATURES if row.pool_id else frozenset()
    match row.kind:
        case Kind.PARTNER:
            return PARTNER_FEATURES | owner
        case Kind.COLLEAGUE:
            granted = frozenset(Feature(code) for code in row.grants)
            return granted | (owner if Feature.CENTRAL in granted else frozenset())
        case Kind.RESELLER | Kind.RESELLER_COLLEAGUE:
            return frozenset(Feature(code) for code in row.grants)
        case Kind.CUSTOMER:
            return CUSTOMER_FEATURES
        case _:
            return frozenset()


def _surfaces(kind: Kind, features: frozenset[Feature]) -> frozenset[Surface]:
    home = {_HOME[kind]}
    owner = kind in (Kind.PARTNER, Kind.COLLEAGUE) and Feature.CENTRAL in features and features & OWNER_FEATURES
    if owner or Feature.OWN_PBX in features:
        home.add(Surface.CENTRAL)
    return frozenset(home)


def audit(
    session: Session,
    actor: Actor,
    action_name: str,
    subject: Any,
    *,
    label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write the audit row of what is being done; `subject` is the row acted on. Secrets never go in here."""
    session.flush()
    session.add(
        AuditRow(
            at=clock.now(),
            account_id=actor.account_id,
            who=actor.email or "system",
            organisation_id=getattr(subject, "organisation_id", None) or actor.organisation_id,
            action=action_name,
            subject=f"{subject.__tablename__}:{subject.id}",
            label=label[:255],
            before=dict(before) if before is not None else None,
            after=dict(after) if after is not None else None,
            ip=actor.credential.ip,
        )
    )
    session.info["audited"] = True


def acting_as(actor: Actor, **changes: Any) -> Actor:
    """A copy of an actor with other attributes; for jobs that act in somebody's name."""
    return replace(actor, **changes)


def visible_organisations(actor: Actor) -> Any:
    """The subtree an actor may see, as a condition on Organisation: its own company and everything below it.
    Administrators see all; account managers the vendor's own company, their partners and what is below those."""
    if actor.kind is Kind.ADMINISTRATOR:
        return sa.true()
    if actor.kind is Kind.ACCOUNT_MANAGER:
        partner = aliased(Organisation)
        own = (
            sa.select(sa.literal(1))
            .join_from(ManagedPartner, partner, col(partner.id) == col(ManagedPartner.organisation_id))
            .where(
                col(ManagedPartner.account_id) == actor.id,
                sa.func.substr(col(Organisation.path), 1, sa.func.length(col(partner.path))) == col(partner.path),
            )
        )
        return sa.exists(own)
    if not actor.path:
        return sa.false()
    return col(Organisation.path).startswith(actor.path, autoescape=True)
