"""The order list for other systems (S4 «distinta ordini», G21): confirmed rows, each exported once unless it is asked for again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from itertools import groupby
from typing import Any, Final

import attrs
from sqlalchemy import or_, select

from crmcore import Account, Session
from crmcore_offers.codes import refuse
from crmcore_offers.mass.happenings import OrdersExported
from crmcore_offers.model import Document, Export, OrderType, Row
from crmcore_offers.states import DOCUMENTS, ROWS

PERMISSION: Final = "offers.export"
"""To export orders."""

_BATCH: Final = 5_000
_ORDERED: Final = frozenset({"order", "contract"})
_NOTHING: Final = Decimal("0.00")


@attrs.frozen(kw_only=True)
class Exported:
    """An order list: the file as text, how many lines it has, and what they come to; ``id`` is None when there was nothing to export."""

    id: int | None
    lines: int
    total: Decimal
    text: str


@attrs.frozen
class _Line:
    row: Row
    reference: str
    issued_on: str
    account: str
    net: Decimal


class OrderList:
    """The order lists of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def export(self, *, detailed: bool = True, again: bool = False, filter: Mapping[str, Any] | None = None) -> Exported:  # noqa: A002
        """Write the confirmed rows that were not exported yet into a list, and mark them; nothing is kept before the commit.

        Rows count in a confirmed state, of documents whose type counts in the order book or is an order or a contract, and whose state is
        not negative (I-36). ``filter`` is one of the core's search over ``offers.row``. ``again`` takes what was exported before as well.
        Whoever exports at the same time waits, and finds the rows gone. A detailed list has one line for each row: document, row, product,
        quantity, price, net; the other one has one for each document: document, date, customer, rows, net.

        Raises:
            ValidationFailed: ``OFFERS_EXPORT_FORBIDDEN`` without the permission ``offers.export``.
            AccessDenied: ``FIELD_HIDDEN`` when something of the list is hidden from the actor.
            UsageError: ``QUERY_INVALID``.
        """
        session = self._session
        if not session.may(PERMISSION):
            raise refuse("OFFERS_EXPORT_FORBIDDEN", permission=PERMISSION)
        # For other systems it is whole, or there is none.
        session.require_shown(Row, "position", "code", "quantity", "price", "net")
        session.require_shown(Document, "reference", "issued_on")
        session.require_shown(Account, "name")
        chosen = set(session.search.ids(Row.entity_name(), filter)) if filter else None
        # On SQLite: who reads here and writes afterwards must not read what another one is just marking.
        session.take_write_lock()
        lines = self._lines(again=again, chosen=chosen)
        if not lines:
            return Exported(id=None, lines=0, total=_NOTHING, text="")
        rows = _detailed(lines) if detailed else _by_document(lines)
        total = sum((line.net for line in lines), _NOTHING)
        text = _csv(rows)
        made = session.add(
            Export(owner=session.actor.name, at=session.now(), detailed=detailed, lines=len(rows), total=total, content=text)
        )
        session.flush()
        for line in lines:
            line.row.export_id = made.id
        session.publish(OrdersExported(export_id=made.id, detailed=detailed, lines=len(rows), total=total, actor=session.actor.name))
        session.flush()
        return Exported(id=made.id, lines=len(rows), total=total, text=text)

    def again(self, export_id: int) -> Exported:
        """Return a list that was exported, to the byte, whatever became of its rows since.

        Raises:
            ValidationFailed: ``OFFERS_EXPORT_UNKNOWN``.
            AccessDenied: ``FIELD_HIDDEN`` when something that a list may have is hidden from the actor.
        """
        self._session.require_shown(Export, "content", "total")
        found = self._session.get(Export, export_id)
        if found is None:
            raise refuse("OFFERS_EXPORT_UNKNOWN", id=export_id)
        return Exported(id=found.id, lines=found.lines, total=found.total, text=found.content)

    def exports(self, limit: int = 50) -> Sequence[Export]:
        """Return the last exports that the actor may see, the newest first."""
        return self._session.scalars(select(Export).order_by(Export.id.desc()).limit(limit)).all()

    def _lines(self, *, again: bool, chosen: set[int] | None) -> list[_Line]:
        session = self._session
        signs = {row.code: row.sign for row in session.execute(select(OrderType)).scalars() if _counts(row)}
        confirmed = [each.code for each in session.states.table(ROWS).definition.states if each.flags.get("confirmed")]
        negative = [each.code for each in session.states.table(DOCUMENTS).definition.states if each.flags.get("negative")]
        open_rows = (
            select(Row.id)
            .join(Document, Document.id == Row.document_id)
            .where(
                Row.state.in_(confirmed), Document.type.in_(sorted(signs)), or_(Document.state.is_(None), Document.state.not_in(negative))
            )
        )
        if not again:
            open_rows = open_rows.where(Row.export_id.is_(None))
        keys = [key for key in session.scalars(open_rows) if chosen is None or key in chosen]
        found: list[_Line] = []
        for start in range(0, len(keys), _BATCH):
            found += self._locked(keys[start : start + _BATCH], signs, again=again)
        return sorted(found, key=lambda line: (line.reference, line.row.document_id, line.row.position, line.row.id))

    def _locked(self, keys: Sequence[int], signs: Mapping[str, int], *, again: bool) -> Iterable[_Line]:
        """Load rows and keep them for oneself until the commit; what somebody else took meanwhile is not among them."""
        locking = select(Row.id).where(Row.id.in_(keys)).order_by(Row.id).with_for_update()
        if not again:
            locking = locking.where(Row.export_id.is_(None))
        # The actor sees these rows, as `_lines` found out; locking is writing, which the database leaves to the platform.
        with self._session.unguarded("offers"):
            mine = self._session.scalars(locking).all()
        query = (
            select(Row, Document.reference, Document.issued_on, Document.type, Account.name)
            .join(Document, Document.id == Row.document_id)
            .join(Account, Account.id == Document.account_id)
            .where(Row.id.in_(mine))
            .execution_options(populate_existing=True)
        )
        for row, reference, issued_on, type_code, account in self._session.execute(query):
            yield _Line(row, reference, f"{issued_on:%d/%m/%Y}", account, row.net * signs[type_code])


def _counts(order_type: OrderType) -> bool:
    return "order_book" in order_type.counts_in or order_type.meaning in _ORDERED


def _detailed(lines: Sequence[_Line]) -> list[Sequence[str]]:
    return [
        (
            line.reference,
            str(line.row.position),
            line.row.code,
            _decimal(line.row.quantity, 0),
            _decimal(line.row.price, 2),
            _decimal(line.net, 2),
        )
        for line in lines
    ]


def _by_document(lines: Sequence[_Line]) -> list[Sequence[str]]:
    found: list[Sequence[str]] = []
    for _, group in groupby(lines, key=lambda line: line.row.document_id):
        mine = list(group)
        total = sum((line.net for line in mine), _NOTHING)
        found.append((mine[0].reference, mine[0].issued_on, mine[0].account, str(len(mine)), _decimal(total, 2)))
    return found


def _decimal(value: Decimal, places: int) -> str:
    """Write a number with a decimal comma: as few decimals as say it, and at least so many."""
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0")
    return f"{whole},{decimals}" if decimals else whole


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    return text.getvalue()
