"""What is printed: a document as it is now, or as a revision kept it (I-39, I-40)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import inspect, select

from crmcore import Session
from crmcore_offers.archive.revising import read_fields
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document, OffersEntity, Revision, Row
from crmcore_offers.states import ROWS

_TOTALS: Final = ("taxable", "vat_amount", "total")
_NEEDED: Final = ("account_id", "type", "issued_on")
"""What a print cannot do without: whose it is, of what kind, and of when."""


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
        AccessDenied: ``FIELD_HIDDEN`` when some amount is hidden from the actor.
    """
    if revision is not None:
        return _kept(session, document, revision)
    header = {name: getattr(document, name) for name in _columns(Document)}
    found = session.scalars(select(Row).where(Row.document_id == document.id).order_by(Row.position, Row.id))
    rows = [{name: getattr(row, name) for name in _columns(Row)} for row in found]
    return _shown(session, Sheet(document=document, header=header, rows=_standing(session, rows)))


def _shown(session: Session, sheet: Sheet) -> Sheet:
    """Return a sheet without the texts that are hidden from the actor; of the amounts, it is all or nothing."""
    session.require_shown(Document, *_TOTALS)
    session.require_shown(Row, "quantity", "price", "vat", "vat_rate", "net")
    kept = {name: sheet.header[name] for name in _NEEDED if name in sheet.header}
    rows = [session.without_hidden(Row, row) for row in sheet.rows]
    return attrs.evolve(sheet, header={**session.without_hidden(Document, sheet.header), **kept}, rows=rows)


def _kept(session: Session, document: Document, number: int) -> Sheet:
    wanted = select(Revision).where(Revision.document_id == document.id, Revision.number == number)
    found: Revision | None = session.scalar(wanted)
    if found is None or not found.content.get("header"):
        raise refuse("OFFERS_PRINT_REVISION", str(document.id), reference=document.reference or document.id, number=number)
    content = found.content
    header = {name: getattr(document, name) for name in ("account_id", "type", "currency", "reference", "issued_on")}
    header |= read_fields(Document, content["header"]) | {name: getattr(found, name) for name in _TOTALS}
    header["revision_number"] = found.number
    rows = [read_fields(Row, each) for each in content.get("rows") or ()]
    return _shown(session, Sheet(document=document, header=header, rows=_standing(session, rows), revision=found))


def _standing(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows that count: a cancelled one is as if it were not there."""
    states = session.states.table(ROWS).states
    gone = {code for code, state in states.items() if state.flags.get("cancelled")}
    return [row for row in rows if row.get("state") not in gone]


def _columns(cls: type[OffersEntity]) -> tuple[str, ...]:
    return tuple(each.key for each in inspect(cls).column_attrs)
