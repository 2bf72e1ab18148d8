"""Order types, VAT codes, units and products by code: each is asked for once in a unit of work, however many rows name it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Select, bindparam, select

from crmcore import Entity, Session, State
from crmcore.model import Salesperson
from crmcore.query import batches
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document, OrderType, Product, Row, Unit, VatCode

Coded = TypeVar("Coded", OrderType, VatCode, Unit, Product)
Known = TypeVar("Known", bound=Entity)
_MEMO: Final = "offers.catalogue"


def by_codes(session: Session, cls: type[Coded], codes: Collection[str]) -> Mapping[str, Coded]:
    """Return those of these codes that there are: one statement for what this unit of work has not asked for yet."""
    return _known(session, cls, "code", codes)


def products_by_id(session: Session, keys: Collection[int]) -> Mapping[int, Product]:
    """Return those of these products that there are, as `by_codes`."""
    return _known(session, Product, "id", keys)


def sellers_by_id(session: Session, keys: Collection[int]) -> Mapping[int, Salesperson]:
    """Return those of these people of the sales force that there are, as `by_codes`."""
    return _known(session, Salesperson, "id", keys)


def _known(session: Session, cls: type[Known], column: str, wanted: Collection[Any]) -> Mapping[Any, Known]:
    # By strong reference: what nobody else holds, the session would read again.
    memo: dict[Any, Known] = session.unit.memo.setdefault(f"{_MEMO}.{cls.__tablename__}.{column}", {})
    missing = [each for each in dict.fromkeys(wanted) if each is not None and each not in memo and "\0" not in str(each)]
    for some in batches(missing):
        for found in session.execute(_asking(cls, column), {"some": some}).scalars():
            memo[getattr(found, column)] = found
            session.unit.memo.setdefault(f"{_MEMO}.{cls.__tablename__}.id", {})[found.id] = found
    return {each: memo[each] for each in wanted if each in memo}


@cache
def _asking(cls: type[Known], column: str) -> Select[Known]:
    """Return the query for the records with some values of a column: making it anew each time costs more than its answer."""
    return select(cls).where(getattr(cls, column).in_(bindparam("some", expanding=True)))


def find_type(session: Session, name: str) -> OrderType:
    """Return an order type by its code, or else the first one in use with this meaning.

    Raises:
        ValidationFailed: ``OFFERS_TYPE_UNKNOWN``.
    """
    found = by_codes(session, OrderType, [name]).get(name)
    if found is None and "\0" not in name:  # which no database takes
        meant = select(OrderType.code).where(OrderType.meaning == name, OrderType.obsolete.is_(False))
        code = session.scalar(meant.order_by(OrderType.priority, OrderType.id).limit(1))
        found = by_codes(session, OrderType, [code]).get(code) if code is not None else None
    if found is None:
        raise refuse("OFFERS_TYPE_UNKNOWN", name, code=name)
    return found


def state_of(session: Session, record: Document | Row, code: str | None) -> State | None:
    """Return a state of documents or of rows with its flags; no statement, the tables are kept in memory."""
    return session.states.table(type(record).__state_table__ or "").states.get(code or "")


def has_flag(session: Session, record: Document | Row, code: str | None, flag: str) -> bool:
    """Return whether a state of documents or of rows has a flag (I-76)."""
    found = state_of(session, record, code)
    return bool(found is not None and found.flags.get(flag))


def probability_of(session: Session, document: Document) -> int:
    """Return the probability of a document in percent: its own, or else that of its state."""
    if document.probability is not None:
        return document.probability
    found = state_of(session, document, document.state)
    default = found.flags.get("probability", 0) if found is not None else 0
    return default if isinstance(default, int) and not isinstance(default, bool) else 0
