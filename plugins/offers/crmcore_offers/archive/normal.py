"""The normal form of documents and rows, whoever writes them: nets, rates, numbers, first states, and what a state means."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeGuard

from crmcore import Change, Normaliser, Session, State
from crmcore.events import RecordVerb
from crmcore_offers.archive.catalogue import by_codes, state_of
from crmcore_offers.archive.numbering import number_documents
from crmcore_offers.archive.reading import fields_of
from crmcore_offers.model import Document, OrderType, Row, VatCode
from crmcore_offers.money import HIGHEST, row_net, tidy_discounts

DRAWN: Final = "offers.drawn"
"""Where a unit of work remembers the documents to which it gave a number."""


def settle_rows(session: Session, changes: Sequence[Change]) -> None:
    """Write discounts as they are kept, the rate of the VAT code, and the net; what cannot be read is left for the checks."""
    rates = by_codes(session, VatCode, {fields_of(change).get("vat") or "" for change in changes if "vat" in change.changes})
    for change in changes:
        state = fields_of(change)
        _tidy(change, state.get("discounts"))
        if "vat" in change.changes:
            code = rates.get(state.get("vat") or "")
            if code is not None:
                change.set("vat_rate", code.rate)
        elif "vat_rate" in change.changes:
            # The rate is that of the code when the row was written, and nobody's choice.
            change.set("vat_rate", Decimal(change.changes["vat_rate"][0]))
        net = net_of(state.get("quantity"), state.get("price"), state.get("discounts"))
        if net is not None and net != state.get("net"):
            change.set("net", net)


def net_of(quantity: object, price: object, discounts: object) -> Decimal | None:
    """Return the net of a row, or None when something is no number, no discount, or too large."""
    if not (is_number(quantity) and is_number(price) and isinstance(discounts, str)):
        return None
    try:
        net = row_net(quantity, price, discounts)
    except ValueError:
        return None
    return net if abs(net) < HIGHEST else None


def is_number(value: object) -> TypeGuard[Decimal | int]:
    """Return whether a value is a whole number or a finite decimal."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, Decimal) and value.is_finite())


def _tidy(change: Change, text: object) -> None:
    if "discounts" not in change.changes or not isinstance(text, str):
        return
    try:
        change.set("discounts", tidy_discounts(text))
    except ValueError:
        return


def settle_documents(session: Session, changes: Sequence[Change]) -> None:
    """Give new documents what their type says, keep the total the sum of its parts, and let the state say what it means."""
    created = [change for change in changes if change.verb is RecordVerb.CREATED]
    types = by_codes(session, OrderType, {fields_of(change).get("type") or "" for change in created})
    wanting: list[tuple[Change, OrderType]] = []
    for change in created:
        order_type = types.get(fields_of(change).get("type") or "")
        if order_type is not None and _begin(session, change, order_type):
            wanting.append((change, order_type))
    if wanting:
        given = {id(change) for change, _ in wanting if fields_of(change).get("number") is not None}
        number_documents(session, wanting)
        session.unit.memo.setdefault(DRAWN, []).extend(change.record for change, _ in wanting if id(change) not in given)
    for change in changes:
        _sum_up(change)
        if "state" in change.changes:
            _follow_state(session, change)


def _begin(session: Session, change: Change, order_type: OrderType) -> bool:
    """Set the first state and the date of a new document; return whether it gets a number."""
    state = fields_of(change)
    if state.get("state") is None:
        default = order_type.initial_state or _default_state(session)
        if default:
            change.set("state", default)
    if order_type.stamp and state.get(order_type.stamp) is None:
        # What comes from elsewhere was made when it says.
        day = state.get("issued_on") if state.get("mirrored") else session.today()
        change.set(order_type.stamp, session.now() if order_type.stamp == "appointment" else day)
    number = state.get("number")
    numbered = not state.get("reference") if number is None else isinstance(number, int) and number > 0
    return bool(order_type.series) and numbered and state.get("issued_on") is not None and not state.get("mirrored")


def _default_state(session: Session) -> str:
    default = session.states.table(Document.__state_table__ or "").default
    return default.code if default is not None else ""


def _sum_up(change: Change) -> None:
    if change.changes.keys().isdisjoint(("taxable", "vat_amount", "total")):
        return
    state = fields_of(change)
    parts = [state.get("taxable"), state.get("vat_amount")]
    if all(is_number(part) for part in parts):
        total = sum((Decimal(str(part)) for part in parts), Decimal("0.00"))
        if total != state.get("total"):
            change.set("total", total)


def _follow_state(session: Session, change: Change) -> None:
    """Let a state mean what its flags say: sold is certain and confirmed, negative is cancelled; leaving it takes that back."""
    record = change.record
    assert isinstance(record, Document)  # noqa: S101 - what the normaliser is declared for
    old, new = (state_of(session, record, code) for code in change.changes["state"])
    for flag, field, sure in (("confirmed", "effective_confirmation", 100), ("negative", "cancellation", 0)):
        was, now = (bool(state is not None and state.flags.get(flag)) for state in (old, new))
        if now:
            change.set("probability", sure)
            if getattr(record, field) is None:
                change.set(field, session.today())
        elif was and field not in change.changes:
            change.set(field, None)
    if _decides(old) and not _decides(new) and "probability" not in change.changes:
        change.set("probability", None)


def _decides(state: State | None) -> bool:
    return state is not None and bool(state.flags.get("confirmed") or state.flags.get("negative"))


NORMALISERS: Final = (
    Normaliser(
        entity=Row.entity_name(),
        fields=("quantity", "price", "discounts", "vat", "vat_rate", "net"),
        fn=settle_rows,
    ),
    Normaliser(
        entity=Document.entity_name(),
        fields=("type", "state", "taxable", "vat_amount", "total"),
        fn=settle_documents,
    ),
)
