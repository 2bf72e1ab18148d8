"""Revisions of documents (I-39, I-40): what a document said, kept for good, read back as a value, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import select

from crmcore import Entity, Session
from crmcore.errors import AccessDenied
from crmcore.model import STAMPS, Scaled, UtcDateTime
from crmcore_offers.archive import happenings
from crmcore_offers.codes import refuse
from crmcore_offers.model import Document, Revision, Row

_LEFT_OUT: Final = frozenset({"id", "version", *STAMPS, "override_reason", "revision_number", "document_id", "export_id"})
"""What says nothing of the content: what the platform notes, and what the revision itself says."""

_TOTALS: Final = ("taxable", "vat_amount", "total")


@attrs.frozen(kw_only=True)
class Content:
    """What a document says, or said: fields of the header, and of each row in order, with decimals and dates as such."""

    document_id: int
    number: int
    header: Mapping[str, Any]  # column values
    rows: tuple[Mapping[str, Any], ...]  # as above
    author: str = ""
    at: datetime | None = None
    reason: str = ""
    revision_id: int | None = None
    """The record that keeps it; None for the present content."""

    @property
    def taxable(self) -> Decimal:
        """The taxable amount."""
        return self._amount("taxable")

    @property
    def vat_amount(self) -> Decimal:
        """The VAT."""
        return self._amount("vat_amount")

    @property
    def total(self) -> Decimal:
        """The total."""
        return self._amount("total")

    def _amount(self, field: str) -> Decimal:
        if field not in self.header:
            raise AccessDenied("FIELD_HIDDEN", entity=Document.entity_name(), field=field, profile="")
        found = self.header[field]
        return found if isinstance(found, Decimal) else Decimal(found)


@attrs.frozen
class Difference:
    """A field of the header (``row`` is empty) or of a row that differs; of a row that came or went, the field is empty."""

    row: str
    field: str
    old: object
    new: object


def revise(session: Session, document: Document, rows: Sequence[Row], reason: str) -> Revision:
    """Keep the present content of a document under its number, and give it the next one."""
    session.flush()
    revision = session.add(
        Revision(
            document_id=document.id,
            number=document.revision_number,
            author=session.actor.name,
            at=session.now(),
            reason=reason.strip(),
            taxable=document.taxable,
            vat_amount=document.vat_amount,
            total=document.total,
            content=stored_content(document, rows),
        )
    )
    document.revision_number += 1
    session.flush()
    session.publish(
        happenings.DocumentRevised(
            document_id=document.id,
            account_id=document.account_id,
            revision_id=revision.id,
            number=revision.number,
            taxable=revision.taxable,
            actor=session.actor.name,
        )
    )
    return revision


def revisions(session: Session, document: Document) -> Sequence[Revision]:
    """Return the revisions of a document that were kept, the first first."""
    return session.scalars(select(Revision).where(Revision.document_id == document.id).order_by(Revision.number)).all()


def stored_content(document: Document, rows: Sequence[Row]) -> dict[str, Any]:
    """Return header and rows as JSON: decimals as exact text, dates as ISO."""
    return {"header": _stored(document), "rows": [_stored(row) for row in rows]}


def present(session: Session, document: Document, rows: Sequence[Row]) -> Content:
    """Return what a document says now; without what is hidden from the actor."""
    header = {field: getattr(document, field) for field in _fields(Document)}
    return Content(
        document_id=document.id,
        number=document.revision_number,
        header=session.without_hidden(Document, header),
        rows=tuple(session.without_hidden(Row, {field: getattr(row, field) for field in _fields(Row)}) for row in rows),
    )


def kept(session: Session, document: Document, number: int) -> Content:
    """Return what a document said in a revision that was kept; without what is hidden from the actor.

    Raises:
        ValidationFailed: ``OFFERS_REVISION_UNKNOWN``.
    """
    found: Revision | None = session.scalar(select(Revision).where(Revision.document_id == document.id, Revision.number == number))
    if found is None:
        raise refuse("OFFERS_REVISION_UNKNOWN", document.id, id=document.id, number=number)
    content = found.content
    return Content(
        document_id=document.id,
        number=number,
        # Who was erased, or has a retention that ended, leaves a revision without content.
        header=session.without_hidden(
            Document, read_fields(Document, content.get("header") or {field: getattr(found, field) for field in _TOTALS})
        ),
        rows=tuple(session.without_hidden(Row, read_fields(Row, row)) for row in content.get("rows", ())),
        author=found.author,
        at=found.at,
        reason=found.reason,
        revision_id=found.id,
    )


def differences(old: Content, new: Content) -> tuple[Difference, ...]:
    """Return what differs between two contents: fields of the header, then rows, matched by their keys or else their positions."""
    found = [Difference("", *each) for each in _compare(old.header, new.header)]
    before, after = _by_name(old), _by_name(new)
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            found.append(Difference(name, "", _shown(before[name]), None))
        elif name not in before:
            found.append(Difference(name, "", None, _shown(after[name])))
        else:
            found += [Difference(name, *each) for each in _compare(before[name], after[name])]
    return tuple(found)


def _compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    for field in dict.fromkeys([*old, *new]):
        if old.get(field) != new.get(field):
            yield field, old.get(field), new.get(field)


def _by_name(content: Content) -> dict[str, Mapping[str, Any]]:
    return {str(row.get("key") or row.get("position")): row for row in content.rows}


def _shown(row: Mapping[str, Any]) -> str:
    said = (row.get("code") or row.get("description"), row.get("net"))
    return " ".join(str(each) for each in said if each is not None)


def _fields(cls: type[Entity]) -> tuple[str, ...]:
    return tuple(key for key in cls.__mapper__.columns.keys() if key not in _LEFT_OUT)  # noqa: SIM118 - no mapping


def _stored(record: Document | Row) -> dict[str, Any]:
    return {field: _plain(getattr(record, field)) for field in _fields(type(record))}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any column value to any JSON value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def read_fields(cls: type[Entity], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a revision kept of a record, with the types of its columns; what is no column any more is left out."""
    columns = cls.__mapper__.columns
    return {field: _typed(columns[field].type, value) for field, value in stored.items() if field in columns}


def _typed(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any JSON value to any column value
    if not isinstance(value, str):
        return value
    if isinstance(kind, Scaled):
        return Decimal(value)
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    try:
        return date.fromisoformat(value) if kind.python_type is date else value
    except NotImplementedError:
        return value
