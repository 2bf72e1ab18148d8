"""Documents that belong to another system: what an adapter of an ERP calls with what that system says (I-41, `domain.md` §8.2)."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import select

from crmcore import Account, Session
from crmcore.accounts import KeyRef
from crmcore.model import ExternalKey
from crmcore_offers.archive.catalogue import by_codes
from crmcore_offers.archive.locks import freed
from crmcore_offers.archive.revising import revise
from crmcore_offers.archive.rows import NewRow, build_rows
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document, Product, Row
from crmcore_offers.money import tidy_discounts

if TYPE_CHECKING:
    from crmcore_offers.archive.documents import Documents

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_ONCE: Final = frozenset({"probability", "competitors", "needs", "close_period", "outcome", "customer_feedback", "agent_feedback", "owner"})
"""What the other system may say when it brings a document, and never again: afterwards the CRM knows it better."""

_ROW: Final = ("code", "description", "quantity", "unit", "price", "discounts", "vat", "delivery", "notes")


@attrs.frozen(kw_only=True)
class Mirror:
    """What another system says of one of its documents: ``key`` is its key there, each row has one as well.

    ``account`` is a key in that system, or the id of an account. A higher ``revision`` than the one that is known keeps the content that
    was there; a lower one is old news. ``fields`` are further header fields, such as ``agent_id`` or ``probability``.
    """

    key: KeyRef
    type: str
    account: KeyRef | int
    reference: str
    issued_on: date
    rows: Sequence[NewRow] = ()
    revision: int = 0
    state: str | None = None
    """The state in which it begins; afterwards the state is the CRM's."""
    fields: Mapping[str, Any] = _NOTHING  # header fields


class Outcome(enum.Enum):
    """What became of a document that was published."""

    CREATED = "created"
    UPDATED = "updated"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    STALE = "stale"
    """Older than what is known: nothing was written."""


@attrs.frozen
class Published:
    """A document of another system as it is here now, and what became of it."""

    document: Document
    outcome: Outcome


def publish(documents: Documents, session: Session, mirror: Mirror) -> Published:
    """Make a mirrored document, or bring it up to date; what says the same as before writes nothing and is no event.

    Raises:
        ValidationFailed: ``OFFERS_ACCOUNT_UNKNOWN``; ``OFFERS_PRODUCT_UNKNOWN``, ``OFFERS_VAT_UNKNOWN``; everything else at the commit.
    """
    found = _find(session, mirror.key)
    if found is None:
        return Published(_create(documents, session, mirror), Outcome.CREATED)
    if mirror.revision < found.revision_number:
        return Published(found, Outcome.STALE)
    rows = documents.rows(found)
    fields = _changed_fields(session, found, mirror)
    wanted = _keyed(mirror)
    products = by_codes(session, Product, {each.product for each in wanted if each.product})
    same = _same_rows(rows, wanted, products)
    if not fields and same and mirror.revision == found.revision_number:
        return Published(found, Outcome.UNCHANGED)
    freed(session).published.add(found.id)
    newer = mirror.revision > found.revision_number
    if newer:
        revise(session, found, rows, f"{mirror.key.source} rev. {mirror.revision}")
        found.revision_number = mirror.revision
    for field, value in fields.items():
        setattr(found, field, value)
    if not same:
        _replace(documents, session, found, rows, wanted, products)
    return Published(found, Outcome.REVISED if newer else Outcome.UPDATED)


def _find(session: Session, key: KeyRef) -> Document | None:
    mine = (ExternalKey.source == key.source, ExternalKey.company == key.company, ExternalKey.stream == key.stream)
    wanted = select(ExternalKey.entity_id).where(ExternalKey.entity == Document.entity_name(), *mine, ExternalKey.key == key.key)
    # Keys are the platform's: past the guard nobody is given a document that is not theirs, and nobody makes it a second time.
    with session.unguarded("offers"):
        found = session.scalar(wanted)
    return None if found is None else session.require(Document, found)


def _account(session: Session, mirror: Mirror) -> Account:
    found = session.accounts.get(mirror.account)
    if found is None:
        shown = mirror.account.key if isinstance(mirror.account, KeyRef) else mirror.account
        raise refuse("OFFERS_ACCOUNT_UNKNOWN", mirror.reference, key=shown, reference=mirror.reference)
    return found


def _create(documents: Documents, session: Session, mirror: Mirror) -> Document:
    account, key = _account(session, mirror), mirror.key
    given = dict(mirror.fields) | ({"state": mirror.state} if mirror.state else {})
    made = documents.create(
        mirror.type,
        account,
        rows=_keyed(mirror),
        **{"reference": mirror.reference, "issued_on": mirror.issued_on, "source": key.source, "mirrored": True, **given},
    )
    made.revision_number = mirror.revision
    session.flush()
    freed(session).published.add(made.id)
    session.add(
        ExternalKey(
            entity=Document.entity_name(), entity_id=made.id, source=key.source, key=key.key, company=key.company, stream=key.stream
        )
    )
    return made


def _changed_fields(session: Session, document: Document, mirror: Mirror) -> dict[str, Any]:
    """Return what the other system says otherwise of its own fields, the account among them."""
    account = _account(session, mirror)
    said = {"reference": mirror.reference, "issued_on": mirror.issued_on, "account_id": account.id, **mirror.fields}
    return {field: value for field, value in said.items() if field not in _ONCE and getattr(document, field) != value}


def _keyed(mirror: Mirror) -> list[NewRow]:
    """Return the rows, each with a key: by its position it would be another one as soon as a row before it goes.

    Raises:
        ValidationFailed: ``OFFERS_KEY_TWICE`` when two have the same one.
    """
    found: dict[str, NewRow] = {}
    for given in mirror.rows:
        key = given.key or _free((given.product or given.code or given.description)[:70], found)
        if key in found:
            raise refuse("OFFERS_KEY_TWICE", mirror.reference, reference=mirror.reference, key=key)
        found[key] = attrs.evolve(given, key=key)
    return list(found.values())


def _free(name: str, taken: Mapping[str, NewRow]) -> str:
    """Return a name for a row without a key, numbered when there are several of it."""
    count = 1
    while (key := name if count == 1 else f"{name}#{count}") in taken:
        count += 1
    return key


def _same_rows(rows: Sequence[Row], wanted: Sequence[NewRow], products: Mapping[str, Product]) -> bool:
    """Return whether rows say what the other system says, in the same order."""
    return [row.key for row in rows] == [each.key for each in wanted] and all(
        not _differs(row, each, products) for row, each in zip(rows, wanted, strict=True)
    )


def _differs(row: Row, given: NewRow, products: Mapping[str, Product]) -> dict[str, Any]:
    """Return the fields of a row that the other system says otherwise; what it leaves out is not asked."""
    said = {field: value for field in _ROW if (value := getattr(given, field)) not in ("", None) or field == "discounts"}
    product = products.get(given.product or "")
    if product is not None:
        said["product_id"] = product.id
    said["discounts"] = _tidy(given.discounts or "")
    return {field: value for field, value in said.items() if getattr(row, field) != value}


def _tidy(text: str) -> str:
    try:
        return tidy_discounts(text)
    except ValueError:
        return text


def _replace(
    documents: Documents,
    session: Session,
    document: Document,
    rows: Sequence[Row],
    wanted: Sequence[NewRow],
    products: Mapping[str, Product],
) -> None:
    """Bring rows up to date by their keys: those that stay keep their state, the others come and go."""
    known = {row.key: row for row in rows}
    keys = {each.key for each in wanted}
    for row in rows:
        if row.key not in keys:
            session.delete(row)
    new: list[tuple[int, NewRow]] = []
    for position, each in enumerate(wanted, 1):
        present = known.get(each.key)
        if present is None:
            new.append((position, each))
            continue
        for field, value in {**_differs(present, each, products), "position": position}.items():
            if getattr(present, field) != value:
                setattr(present, field, value)
    order_type = documents.type_of(document)
    for position, each in new:
        build_rows(session, document, order_type, [each], position)
