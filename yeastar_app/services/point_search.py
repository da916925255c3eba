"""Searching a company's points. What is searched for are beginnings of words: of the Product ID, the seller, the end
user and its company and of the product's name; in the record also of the reason, where nothing was registered."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.models.points import PointEntry, Registration
from yeastar_app.models.products import Product
from yeastar_app.services.paging import Filter
from yeastar_app.services.word_search import is_rare, telling
from yeastar_app.statements import is_sqlite
from yeastar_app.word_index import has_words, keys_with_words, words_of

_GAP: Any = sa.literal_column("' '", sa.String)
_SAID: Any = (
    col(Registration.identifier) + _GAP + col(Registration.purchase_from) + _GAP
    + col(Registration.end_user_name) + _GAP + col(Registration.end_user_company)
)  # fmt: skip
"""The text of a registration, as migration 0011 keeps its words."""

Ways = list[tuple[int | None, list[str]]]
"""How a registration can match: any product with all the words, or one product with those its name does not have."""


def registrations(session: Session, organisation_id: int, search: str) -> Filter:
    """Registrations that match."""
    ways = _ways(session, search)
    return Filter(
        _judged(session, ways), _found(session, organisation_id, ways), broad=_broad(session, ways), exact=False
    )


def entries(session: Session, organisation_id: int, search: str) -> Filter:
    """Entries whose registration matches, or whose own reason does."""
    ways, words = _ways(session, search), words_of(search)
    if not words:
        return Filter(sa.false(), sa.select(col(PointEntry.id)).where(sa.false()))
    other = sa.literal_column("point_entry.kind <> 'earned'", sa.Boolean)  # as the index is written
    by_reason = keys_with_words(
        session,
        col(PointEntry.id),
        col(PointEntry.organisation_id),
        col(PointEntry.reason),
        organisation_id,
        telling(session, col(PointEntry.id), words),
        other,
    )
    registered = sa.select(col(PointEntry.id)).where(
        col(PointEntry.registration_id).in_(_found(session, organisation_id, ways))
    )
    judged = (other & has_words(session, col(PointEntry.reason), words)) | _judged(session, ways)
    return Filter(judged, sa.union_all(by_reason, registered), broad=_broad(session, ways), exact=False)


def _broad(session: Session, ways: Ways) -> bool | None:
    """Whether the index may have to gather many for one of the ways before it can say which."""
    if not is_sqlite(session):
        return None  # nobody can say
    return any(words and not any(is_rare(session, col(Registration.id), word) for word in words) for _, words in ways)


def _ways(session: Session, search: str) -> Ways:
    words = words_of(search)
    ways: Ways = [(None, words)] if words else []
    for product_id, name in session.execute(sa.select(col(Product.id), col(Product.name))):
        own = words_of(name)
        rest = [word for word in words if not any(one.startswith(word) for one in own)]
        if len(rest) < len(words):
            ways.append((product_id, rest))
    return ways


def _judged(session: Session, ways: Ways) -> Any:
    conditions = []
    for product_id, words in ways:
        product = [col(Registration.product_id) == product_id] if product_id else []
        conditions.append(sa.and_(*product, *([has_words(session, _SAID, words)] if words else [])))
    return sa.or_(sa.false(), *conditions)


def _found(session: Session, organisation_id: int, ways: Ways) -> Any:
    parts = []
    for product_id, words in ways:
        keys = keys_with_words(
            session,
            col(Registration.id),
            col(Registration.organisation_id),
            _SAID,
            organisation_id,
            telling(session, col(Registration.id), words),
        )
        if product_id is None:
            parts.append(keys)
            continue
        of_product = sa.select(col(Registration.id)).where(
            col(Registration.organisation_id) == organisation_id, col(Registration.product_id) == product_id
        )
        parts.append(of_product.where(col(Registration.id).in_(keys)) if words else of_product)
    return sa.union_all(*parts) if parts else sa.select(col(Registration.id)).where(sa.false())
