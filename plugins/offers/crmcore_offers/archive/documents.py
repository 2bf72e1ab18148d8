"""The archive: documents and their rows, as people and programs work with them. Nothing here commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypedDict, Unpack

from sqlalchemy import func, select

from crmcore import Account, Problem, Session, State, ValidationFailed
from crmcore.model import StateChange
from crmcore_offers.archive import happenings, revising
from crmcore_offers.archive.catalogue import by_codes, find_type, has_flag, probability_of, sellers_by_id
from crmcore_offers.archive.following import Part, derived
from crmcore_offers.archive.generating import Origin, generate
from crmcore_offers.archive.locks import OVERRIDE_LOCK, freed
from crmcore_offers.archive.publishing import Mirror, Published, publish
from crmcore_offers.archive.revising import Content, Difference
from crmcore_offers.archive.rows import NewRow, build_rows
from crmcore_offers.codes import refuse
from crmcore_offers.model import DATES, Document, OrderType, Revision, Row
from crmcore_offers.money import share_of
from crmcore_offers.settings import setting


class HeaderFields(TypedDict, total=False):
    """What a document says beside its type, its account and its rows; dates have `Documents.set_dates` as well."""

    issued_on: date
    number: int
    reference: str
    title: str
    state: str
    owner: str
    site_id: int | None
    person_id: int | None
    agent_id: int | None
    operator_id: int | None
    agency_id: int | None
    referrer_id: int | None
    portfolio_id: int | None
    campaign: str
    origin: str | None
    origin_id: int | None
    predecessor_id: int | None
    price_list_id: int | None
    source: str
    mirrored: bool
    priority: int
    needs: str
    competitors: list[str]
    probability: int | None
    close_period: str
    outcome: str
    customer_feedback: str
    agent_feedback: str
    payment: str
    notes: str
    text: str
    currency: str
    taxable: Decimal
    """An estimate, as long as there are no rows."""
    appointment: datetime | None
    quote_inserted: date | None
    visit: date | None
    customer_signature: date | None
    contract_inserted: date | None
    effective_confirmation: date | None
    cancellation: date | None
    installation: date | None
    activation: date | None
    delivery: date | None
    invoice: date | None
    expiry: date | None
    characteristics: Mapping[str, Any]


_ROW_FIELDS: Final = frozenset(
    {
        "quantity",
        "unit",
        "price",
        "discounts",
        "vat",
        "cost",
        "description",
        "commission",
        "options",
        "notes",
        "delivery",
        "position",
        "code",
    }
)
_INHERITED: Final = (
    *("site_id", "person_id", "agent_id", "operator_id", "agency_id", "referrer_id", "portfolio_id", "campaign", "price_list_id", "title"),
    *("priority", "needs", "competitors", "close_period", "payment", "notes", "text", "currency", "owner"),
)
"""What a successor has of the document from which it is converted."""


class Documents:
    """The documents of a session: what the actor does not see does not exist."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Reading

    def get(self, key: int) -> Document | None:
        """Return a document by its key, or None."""
        return self._session.get(Document, key)

    def find(self, reference: str, type: str | None = None) -> Sequence[Document]:  # noqa: A002 - its name everywhere
        """Return the documents with a number, as people write it; the last one first."""
        wanted = select(Document).where(Document.reference == reference).order_by(Document.id.desc())
        return self._session.scalars(wanted if type is None else wanted.where(Document.type == type)).all()

    def rows(self, document: Document) -> Sequence[Row]:
        """Return the rows of a document in their order, with those that were added and are not written yet."""
        orm = self._session.orm
        stored = select(Row).where(Row.document_id == document.id).order_by(Row.position, Row.id)
        found: list[Row] = [] if vars(document).get("id") is None else list(self._session.scalars(stored))
        waiting = [row for row in orm.new if isinstance(row, Row) and row.document is document]
        left = [row for row in (*found, *waiting) if row not in orm.deleted]
        return sorted(left, key=lambda row: row.position)

    def type_of(self, document: Document) -> OrderType:
        """Return the order type of a document."""
        return by_codes(self._session, OrderType, [document.type])[document.type]

    def weighted(self, document: Document) -> Decimal:
        """Return what a document weighs in the pipeline: its taxable amount by its probability, rounded half up to cents."""
        return share_of(document.taxable, probability_of(self._session, document))

    def successors(self, document: Document) -> Sequence[Document]:
        """Return what was made of a document, the first first; `predecessor_id` is the way back (I-31)."""
        return self._session.scalars(select(Document).where(Document.predecessor_id == document.id).order_by(Document.id)).all()

    # Making

    def create(
        self,
        type: str,  # noqa: A002 - as above
        account: Account | int,
        *,
        rows: Iterable[NewRow] = (),
        **fields: Unpack[HeaderFields],
    ) -> Document:
        """Make a document of a type, named by its code or its meaning, for an account.

        The seller of the account is its agent, unless that one has left; the actor is its owner and today its date, unless others are
        given. It gets its number when it is written. A type that ``generates`` has the other document made beside it.

        Raises:
            ValidationFailed: ``OFFERS_TYPE_UNKNOWN``, ``FIELD_UNKNOWN``, ``OFFERS_PRODUCT_UNKNOWN``, ``OFFERS_VAT_UNKNOWN``; everything
                else at the commit, together.
            RecordNotFound: when there is no such account for this actor.
        """
        session = self._session
        order_type = find_type(session, type)
        found = account if isinstance(account, Account) else session.accounts.require(account)
        self._refuse_unknown(fields, HeaderFields.__annotations__.keys(), Document)
        given: dict[str, Any] = {"issued_on": session.today(), "owner": session.actor.person or session.actor.name, **fields}
        if "agent_id" not in given:
            given["agent_id"] = self._seller(found, given["issued_on"])
        given.setdefault("currency", setting(session, "currency"))
        document = session.add(Document(type=order_type.code, account_id=found.id, **given))
        wanted = list(rows)
        if wanted:
            made = build_rows(session, document, order_type, wanted, 1)
            self._sum_up(document, made)
        if order_type.generates:
            self._report(document, order_type, found)
        return document

    def _seller(self, account: Account, day: date) -> int | None:
        """Return the seller of an account, or None when there is none any more on a day (I-22)."""
        if account.seller_id is None:
            return None
        seller = sellers_by_id(self._session, [account.seller_id]).get(account.seller_id)
        # An instant for a day is refused by the commit.
        left = seller is not None and seller.disabled_from is not None and not isinstance(day, datetime) and seller.disabled_from <= day
        return None if seller is None or left else seller.id

    def _report(self, document: Document, order_type: OrderType, account: Account) -> None:
        """Make what a type generates beside each of its documents, such as the report to the agent (G16)."""
        self._session.flush()
        copied: dict[str, Any] = {field: getattr(document, field) for field in (*_INHERITED, "appointment")}
        self.create(order_type.generates, account, predecessor_id=document.id, issued_on=document.issued_on, **copied)

    def _sum_up(self, document: Document, rows: Sequence[Row]) -> None:
        """Write the totals of new rows at once, so that the header is written once; the commit looks whether they are right."""
        table = self._session.states.table(Row.__state_table__ or "")
        default = table.default.code if table.default is not None else None
        parts = [Part(row.vat_rate, row.state or default, row.net) for row in rows]
        for field, value in derived(self._session, parts).items():
            setattr(document, field, value)

    def generate(self, type: str, account: Account | int, *, of: Origin, **fields: Unpack[HeaderFields]) -> Document:  # noqa: A002
        """Make the document that follows from a record, such as a booked appointment, with all that is known (G16, I-38).

        Raises:
            ValidationFailed: ``OFFERS_GENERATED`` when its origin has a document of this type already; and as `create`.
        """
        return generate(self, self._session, type, account, origin=of, fields=dict(fields))

    def convert(self, document: Document, to: str, *, rows: Sequence[Row] | None = None, **fields: Unpack[HeaderFields]) -> Document:
        """Make the successor of a document, of another type, with all its rows or some; the document itself stays as it is (I-31).

        Rows that were cancelled are left out, and each begins anew in the first state of the type.

        Raises:
            ValidationFailed: ``OFFERS_NO_SUCCESSOR`` when the type of the document does not name the other one.
        """
        session = self._session
        order_type, present = find_type(session, to), self.type_of(document)
        if order_type.code not in present.successors:
            raise refuse("OFFERS_NO_SUCCESSOR", document.id, type=present.code, to=order_type.code)
        session.flush()
        chosen = [row for row in self.rows(document) if not has_flag(session, row, row.state, "cancelled")] if rows is None else rows
        inherited: dict[str, Any] = {field: getattr(document, field) for field in _INHERITED}
        made = self.create(
            order_type.code,
            document.account_id,
            rows=[_again(row) for row in chosen],
            **{**inherited, "predecessor_id": document.id, **fields},
        )
        session.flush()
        session.publish(
            happenings.DocumentConverted(
                document_id=made.id,
                account_id=made.account_id,
                type=made.type,
                predecessor_id=document.id,
                predecessor_type=document.type,
            )
        )
        return made

    # Changing

    def add_rows(self, document: Document, rows: Iterable[NewRow]) -> list[Row]:
        """Add rows at the end of a document; its totals follow at the commit."""
        last = self._session.scalar(select(func.max(Row.position)).where(Row.document_id == document.id)) if document.id else 0
        waiting = [row.position for row in self._session.orm.new if isinstance(row, Row) and row.document is document]
        return build_rows(self._session, document, self.type_of(document), list(rows), max([last or 0, *waiting]) + 1)

    def change_row(self, row: Row, **fields: Any) -> Row:  # noqa: ANN401 - columns of a row
        """Change fields of a row; its net and the totals of the document follow. Its state has `change_row_state`."""
        self._refuse_unknown(fields, _ROW_FIELDS, Row)
        for field, value in fields.items():
            setattr(row, field, value)
        return row

    def remove_row(self, row: Row) -> None:
        """Take a row out of its document: what was agreed and is not wanted any more is cancelled by its state instead."""
        if row in self._session.orm.new:
            self._session.orm.expunge(row)
        else:
            self._session.delete(row)

    def set_dates(self, document: Document, **dates: date | datetime | None) -> Document:
        """Set dates of a document by their names (`DATES`, ``appointment``); the commit refuses what is in the wrong order (I-35)."""
        self._refuse_unknown(dates, (*DATES, "appointment"), Document)
        for field, value in dates.items():
            setattr(document, field, value)
        return document

    def change_state(
        self, document: Document, to: str, reason: str = "", *, override: bool = False, version: int | None = None
    ) -> StateChange:
        """Move a document to another state, as `session.states.change`.

        A state with the flag ``confirmed`` makes it certain, one with ``negative`` takes it out; the date is noted. The commit publishes
        `offers.document_state_changed` once.
        """
        return self._session.states.change(document, to, reason=reason, override=override, version=version)

    def change_row_state(self, row: Row, to: str, reason: str = "") -> StateChange:
        """Move a row to another state; how far the document is confirmed follows at the commit (I-37)."""
        return self._session.states.change(row, to, reason=reason)

    def offered_states(self, document: Document) -> tuple[State, ...]:
        """Return the states that the actor may choose for a document now, by priority (I-80)."""
        return self._session.states.reachable(document)

    def override_lock(self, document: Document, reason: str) -> None:
        """Let this unit of work change a locked document and its rows (I-34); the document keeps the reason, and an event tells of it.

        Raises:
            ValidationFailed: ``OVERRIDE_FORBIDDEN`` without the permission ``offers.override_lock``, ``OVERRIDE_WITHOUT_REASON``, and
                ``OFFERS_NOT_LOCKED`` when there is nothing to override.
        """
        session = self._session
        problems = [] if session.may(OVERRIDE_LOCK) else [Problem(code="OVERRIDE_FORBIDDEN", params={"permission": OVERRIDE_LOCK})]
        if not reason.strip():
            problems.append(Problem(code="OVERRIDE_WITHOUT_REASON"))
        if problems:
            raise ValidationFailed("VALIDATION_FAILED", problems)
        if not has_flag(session, document, document.state, "blocking"):
            raise refuse("OFFERS_NOT_LOCKED", document.id, id=document.id)
        freed(session).unlocked[document.id] = reason.strip()
        document.override_reason = reason.strip()
        session.publish(happenings.LockOverridden(document_id=document.id, state=document.state or "", actor=session.actor.name))

    # Revisions

    def revise(self, document: Document, reason: str) -> Revision:
        """Keep what a document says now as a revision, and go on with the next number; only what it says then counts (I-39, I-40)."""
        return revising.revise(self._session, document, self.rows(document), reason)

    def revisions(self, document: Document) -> Sequence[Revision]:
        """Return the revisions that were kept, the first first; the present content is the document itself."""
        return revising.revisions(self._session, document)

    def content(self, document: Document, number: int | None = None) -> Content:
        """Return what a document said in a revision, or says now.

        Raises:
            ValidationFailed: ``OFFERS_REVISION_UNKNOWN``.
        """
        if number is None or number == document.revision_number:
            return revising.present(self._session, document, self.rows(document))
        return revising.kept(self._session, document, number)

    def differences(self, document: Document, old: int, new: int | None = None) -> tuple[Difference, ...]:
        """Return what changed between two revisions, or since one."""
        return revising.differences(self.content(document, old), self.content(document, new))

    # From other systems

    def publish(self, mirror: Mirror) -> Published:
        """Bring a document of another system up to date with what that system says (I-41); see `publishing.publish`."""
        return publish(self, self._session, mirror)

    @staticmethod
    def _refuse_unknown(fields: Mapping[str, object], known: Iterable[str], cls: type[Document | Row]) -> None:
        unknown = [name for name in fields if name not in set(known)]
        if unknown:
            found = [Problem(code="FIELD_UNKNOWN", params={"entity": cls.entity_name(), "field": name, "hint": ""}) for name in unknown]
            raise ValidationFailed("VALIDATION_FAILED", found)


def _again(row: Row) -> NewRow:
    """Return a row as one to add to another document: priced and described as it is, whatever its product says now."""
    return NewRow(
        product_id=row.product_id,
        code=row.code,
        description=row.description,
        quantity=row.quantity,
        unit=row.unit,
        price=row.price,
        discounts=row.discounts,
        vat=row.vat,
        cost=row.cost,
        commission=row.commission,
        options=row.options,
        notes=row.notes,
        delivery=row.delivery,
    )
