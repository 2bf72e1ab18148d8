"""What is refused of headers, whoever writes: by the API, by a mass change, or record by record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Any, Final, TypeGuard

from sqlalchemy import Select, bindparam, or_, select

from crmcore import Account, Change, Label, Problem, Session
from crmcore.events import RecordVerb
from crmcore.model import Person, Salesperson, Site
from crmcore.query import batches
from crmcore_offers.archive.catalogue import by_codes
from crmcore_offers.archive.normal import DRAWN, is_number
from crmcore_offers.archive.reading import Fields, fields_of
from crmcore_offers.codes import problem
from crmcore_offers.model import DATES, Document, OrderType
from crmcore_offers.money import HIGHEST

ORDERED: Final = ("quote_inserted", "customer_signature", "effective_confirmation", "installation", "activation")
"""The dates that come one after the other, as far as there are any (I-35)."""

_PERIOD: Final = re.compile(r"|[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?")
_FORCE: Final = ("agent_id", "operator_id", "agency_id", "referrer_id")
_CERTAIN: Final = 100
_COUNT: Final = Label("un numero da 1 in su", "a number from 1 on")
_DAY: Final = Label("una data senza ora", "a day without an hour")


def problems_of(session: Session, documents: Sequence[Change]) -> Iterator[Problem]:
    """Yield what is wrong with new, changed and deleted headers; of what did not change, nothing is asked again."""
    types = _types(session, documents)
    mine = [change for change in documents if change.verb is not RecordVerb.DELETED]
    for change in documents:
        state = fields_of(change)
        order_type = types.get(state.get("type") or "")
        if change.verb is RecordVerb.DELETED:
            yield from _deleted(state, order_type)
            continue
        yield from _type(change, state, order_type)
        yield from _plain(change, state)
        yield from _dates(change, state, order_type)
        if order_type is not None:
            yield from _required(change, state, order_type)
    yield from _numbers(session, mine)
    yield from _blocked(session, mine, types)
    yield from _belongings(session, mine)
    yield from _force(session, mine)


def _types(session: Session, documents: Sequence[Change]) -> Mapping[str, OrderType]:
    """Return the types of which a rule asks: a change of state alone needs none."""
    asking = {"type", "activation", "cancellation", "characteristics"}
    wanted = {
        fields_of(change).get("type") or ""
        for change in documents
        if change.verb is RecordVerb.DELETED or asking & change.fields or any(new in (None, "", []) for _, new in change.changes.values())
    }
    return by_codes(session, OrderType, wanted)


def _type(change: Change, state: Fields, order_type: OrderType | None) -> Iterator[Problem]:
    if change.verb is RecordVerb.UPDATED:
        if "type" in change.changes:
            old, new = change.changes["type"]
            yield problem("OFFERS_TYPE_FIXED", change.id, id=change.id, old=old, new=new)
        yield from _number_fixed(change, state)
    elif order_type is None:
        yield problem("OFFERS_TYPE_UNKNOWN", code=state.get("type"))
    elif order_type.obsolete:
        yield problem("OFFERS_TYPE_OBSOLETE", code=order_type.code)


def _number_fixed(change: Change, state: Fields) -> Iterator[Problem]:
    if state.get("number") is None and "number" not in change.changes:
        return
    for field in ("series", "year", "number"):
        if field in change.changes:
            yield problem("OFFERS_NUMBER_FIXED", change.id, id=change.id, field=field)
    issued = state.get("issued_on")
    if "issued_on" in change.changes and _is_day(issued) and issued.year != state.get("year"):
        yield problem("OFFERS_NUMBER_FIXED", change.id, id=change.id, field="issued_on")


def _deleted(state: Fields, order_type: OrderType | None) -> Iterator[Problem]:
    if order_type is not None and order_type.gap_free and state.get("number") is not None:
        yield problem("OFFERS_DOCUMENT_KEPT", state.get("id"), reference=state.get("reference"))


def _plain(change: Change, state: Fields) -> Iterator[Problem]:
    probability = state.get("probability")
    if "probability" in change.changes and isinstance(probability, int) and not 0 <= probability <= _CERTAIN:
        yield problem("OFFERS_PROBABILITY", change.id, value=probability)
    period = state.get("close_period")
    if "close_period" in change.changes and isinstance(period, str) and not _PERIOD.fullmatch(period):
        yield problem("OFFERS_PERIOD", change.id, value=period)
    number = state.get("number")
    if "number" in change.changes and isinstance(number, int) and number <= 0:
        yield Problem(code="VALUE_INVALID", params={"entity": change.entity, "field": "number", "value": number, "expected": _COUNT})
    for field in ("issued_on", *DATES):
        # To Python an instant is a day as well, and cannot be compared with one.
        if field in change.changes and isinstance(state.get(field), datetime):
            params = {"entity": change.entity, "field": field, "value": state.get(field), "expected": _DAY}
            yield Problem(code="VALUE_INVALID", params=params)
    for field in ("taxable", "vat_amount", "total", "confirmed_taxable"):
        amount = state.get(field)
        if field in change.changes and is_number(amount) and not -HIGHEST < amount < HIGHEST:
            yield problem("OFFERS_AMOUNT", change.id, what=f"offers.document {field}")


def _dates(change: Change, state: Fields, order_type: OrderType | None) -> Iterator[Problem]:
    if not change.fields.isdisjoint(ORDERED):
        days = [(field, day) for field in ORDERED if _is_day(day := state.get(field))]
        for (earlier, first), (later, second) in pairwise(days):
            if second < first:
                params = {"entity": change.entity, "earlier": earlier, "later": later, "order": f"{later}<{earlier}"}
                yield Problem(code="INVALID_DATE_ORDER", object=str(change.id), params=params)
    cancellation, activation = state.get("cancellation"), state.get("activation")
    if change.fields.isdisjoint(("cancellation", "activation")) or not (cancellation and activation):
        return
    if order_type is None or not order_type.allow_after_cancel:
        yield problem("OFFERS_CANCELLED_ACTIVE", change.id, cancellation=cancellation, activation=activation)


def _is_day(value: object) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def _required(change: Change, state: Fields, order_type: OrderType) -> Iterator[Problem]:
    """Yield the fields that the type wants: of a new document all, of an old one those that were emptied."""
    new = change.verb is RecordVerb.CREATED
    for field in order_type.required_fields:
        if field in Document.__mapper__.columns:
            value, touched = state.get(field), field in change.changes
        else:
            value, touched = (state.get("characteristics") or {}).get(field), "characteristics" in change.changes
        if (new or touched) and value in (None, "", []):
            yield Problem(code="MISSING_FIELD", object=str(change.id), params={"entity": change.entity, "field": field})


def _numbers(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Yield what is numbered by hand, or by a plugin, with a number that is taken; what was drawn just now is not."""
    drawn = {id(record) for record in session.unit.memo.get(DRAWN, ()) if record.number is not None}
    given = [
        change.record
        for change in changes
        if change.verb is RecordVerb.CREATED and id(change.record) not in drawn and not fields_of(change).get("mirrored")
    ]
    numbered = [record for record in given if isinstance(record, Document) and (record.number is not None or record.reference)]
    if not numbered:
        return
    columns = (Document.type, Document.series, Document.year, Document.number, Document.reference)
    same = or_(
        Document.reference.in_({each.reference for each in numbered} - {""}), Document.number.in_({each.number for each in numbered})
    )
    taken: set[tuple[Any, ...]] = set()
    for row in session.execute(select(*columns).where(Document.type.in_({each.type for each in numbered}), same)):
        taken |= {(row.type, row.series, row.year, row.number), (row.type, row.year, row.reference)}
    for each in numbered:
        numeric, text = (each.type, each.series, each.year, each.number), (each.type, each.year, each.reference)
        if (each.number is not None and numeric in taken) or (each.reference and text in taken):
            yield problem("OFFERS_NUMBER_TAKEN", each.reference, reference=each.reference or each.number, type=each.type)
        taken |= {numeric, text}


def _blocked(session: Session, changes: Sequence[Change], types: Mapping[str, OrderType]) -> Iterator[Problem]:
    """Yield the accounts that take no new documents (I-6)."""
    keys = {
        fields_of(change).get("account_id")
        for change in changes
        if change.verb is RecordVerb.CREATED
        and (found := types.get(fields_of(change).get("type") or "")) is not None
        and found.requires_unblocked
    }
    states = session.states.table(Account.__state_table__ or "").states if keys else {}
    for some in batches(sorted(key for key in keys if key is not None)):
        for row in session.execute(_accounts(), {"some": some}):
            state = states.get(row.state or "")
            if state is not None and state.flags.get("blocked"):
                yield Problem(code="ACCOUNT_BLOCKED", object=f"account {row.id}", params={"name": row.name})


@cache
def _accounts() -> Select[int, str, str | None]:
    """Return the query for the states of some accounts; every new document asks it."""
    return select(Account.id, Account.name, Account.state).where(Account.id.in_(bindparam("some", expanding=True)))


def _belongings(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Yield sites and people of other accounts."""
    for field, cls in (("site_id", Site), ("person_id", Person)):
        mine = [
            fields_of(change) for change in changes if {field, "account_id"} & change.fields and fields_of(change).get(field) is not None
        ]
        owners: dict[int, int] = {}
        for some in batches(sorted({state[field] for state in mine})):
            owners |= {row.id: row.account_id for row in session.execute(select(cls.id, cls.account_id).where(cls.id.in_(some)))}
        for state in mine:
            if owners.get(state[field]) != state.get("account_id"):
                params = {"field": field, "key": state[field], "account": state.get("account_id")}
                yield problem("OFFERS_NOT_OF_ACCOUNT", state.get("id"), **params)


def _force(session: Session, changes: Sequence[Change]) -> Iterator[Problem]:
    """Yield the people of the sales force who get nothing new any more (I-22); what was made before they left may be theirs."""
    given: dict[int, date] = {}
    for change in changes:
        state = fields_of(change)
        issued = state.get("issued_on")
        day = issued if change.verb is RecordVerb.CREATED and _is_day(issued) else session.today()
        for field in _FORCE:
            key = state.get(field)
            if field in change.changes and key is not None:
                given[key] = max(day, given.get(key, day))
    columns = (Salesperson.id, Salesperson.code, Salesperson.disabled_from)
    known = {row.id: row for some in batches(sorted(given)) for row in session.execute(select(*columns).where(Salesperson.id.in_(some)))}
    for key, day in given.items():
        person = known.get(key)
        if person is None:
            yield Problem(code="NOT_FOUND", params={"entity": Salesperson.entity_name(), "id": key})
        elif person.disabled_from is not None and person.disabled_from <= day:
            yield Problem(code="SELLER_DISABLED", object=person.code, params={"code": person.code, "day": person.disabled_from})
