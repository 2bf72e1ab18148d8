"""What is printed: a document as it is now, or as a revision kept it (I-39, I-40)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import Date, inspect, select
from sqlalchemy.types import TypeEngine

from crmcore import Session
from crmcore.model import Scaled
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document, OffersEntity, Revision, Row
from crmcore_offers.states import ROWS

_TOTALS: Final = ("taxable", "vat_amount", "total")


@attrs.frozen(kw_only=True)
class Sheet:
    """A document to be printed: the fields of header and rows by name, whatever they come from; cancelled rows are left out."""

    document: Document
    header: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    revision: Revision | None = None


def sheet_of(session: Session, document: Document, revision: int | None = None) -> Sheet:
    """Return a document as it is, or as a revision of it was.

    Raises:
        ValidationFailed: ``OFFERS_PRINT_REVISION``.
    """
    if revision is not None:
        return _kept(session, document, revision)
    header = {name: getattr(document, name) for name in _columns(Document)}
    found = session.scalars(select(Row).where(Row.document_id == document.id).order_by(Row.position, Row.id))
    rows = [{name: getattr(row, name) for name in _columns(Row)} for row in found]
    return Sheet(document=document, header=header, rows=_standing(session, rows))


def _kept(session: Session, document: Document, number: int) -> Sheet:
    wanted = select(Revision).where(Revision.document_id == document.id, Revision.number == number)
    found: Revision | None = session.scalar(wanted)
    if found is None or not found.content.get("header"):
        raise refuse("OFFERS_PRINT_REVISION", str(document.id), reference=document.reference or document.id, number=number)
    content = found.content
    header = {name: getattr(document, name) for name in ("account_id", "type", "currency", "reference", "issued_on")}
    header |= _read(Document, content["header"]) | {name: getattr(found, name) for name in _TOTALS}
    header["revision_number"] = found.number
    rows = [_read(Row, each) for each in content.get("rows") or ()]
    return Sheet(document=document, header=header, rows=_standing(session, rows), revision=found)


def _standing(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows that count: a cancelled one is as if it were not there."""
    states = session.states.table(ROWS).states
    gone = {code for code, state in states.items() if state.flags.get("cancelled")}
    return [row for row in rows if row.get("state") not in gone]


def _columns(cls: type[OffersEntity]) -> tuple[str, ...]:
    return tuple(each.key for each in inspect(cls).column_attrs)


def _read(cls: type[OffersEntity], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON kept of a record with the types of its columns; what is no column any more is left out."""
    kinds = {each.key: each.columns[0].type for each in inspect(cls).column_attrs if each.key in kept}
    return {name: _typed(kept[name], kind) for name, kind in kinds.items()}


def _typed(value: Any, kind: TypeEngine[Any]) -> Any:  # noqa: ANN401 - what JSON has, and the same as the column has it
    if value is None:
        return None
    if isinstance(kind, Scaled):
        return Decimal(str(value))
    return date.fromisoformat(value) if isinstance(kind, Date) and isinstance(value, str) else value
