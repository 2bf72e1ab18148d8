"""Which documents a report counts: by what types count in, by what the flags of states mean, and for whom they exist.

Every query goes through the session, so the guard of the database is asked: an agent's report counts what the agent sees. Documents of a
customer who was erased are still counted: what was sold was sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final

import attrs
from sqlalchemy import BigInteger, ColumnElement, Select, case, exists, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from crmcore import Account, Label, Session, State
from crmcore.model import Salesperson, StateChange
from crmcore.query import batches
from crmcore_offers.codes import unknown
from crmcore_offers.model import Document, OrderType
from crmcore_offers.reports.exact import percent_of, units
from crmcore_offers.settings import setting
from crmcore_offers.states import DOCUMENTS

PIPELINE: Final = "pipeline"
COMMISSION: Final = "commission"


@attrs.frozen(kw_only=True)
class Narrow:
    """What a report is narrowed to: the code of an agent, codes of types, a campaign; one ``currency``, that of the settings otherwise."""

    agent: str | None = None
    types: tuple[str, ...] = ()
    campaign: str | None = None
    currency: str | None = None


@attrs.frozen
class Types:
    """The order types that count in something: their labels by code, and those of which amounts are taken away."""

    labels: Mapping[str, Label]
    minus: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Their codes."""
        return tuple(self.labels)

    def signed(self, amount: ColumnElement[int]) -> ColumnElement[int]:
        """Return an amount of a document with the sign of its type."""
        return signed(amount, self.minus)


@attrs.frozen(kw_only=True)
class Scope:
    """What a report is narrowed to, with keys for codes. Equal ones are the same SQL, which is made once."""

    currency: str
    agent_id: int | None = None
    campaign: str | None = None
    looker: str | None = None
    """For whom private cards are left out, but the own; None where the guard of the database decides about them (I-7)."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions for documents."""
        found: list[ColumnElement[bool]] = [Document.currency == self.currency]
        if self.agent_id is not None:
            found.append(Document.agent_id == self.agent_id)
        if self.campaign is not None:
            found.append(Document.campaign == self.campaign)
        if self.looker is not None:
            mine = or_(Account.private.is_(False), Account.owner == self.looker)
            found.append(exists(select(1).where(Account.id == Document.account_id, mine)))
        return found


def signed(amount: ColumnElement[int], minus: tuple[str, ...]) -> ColumnElement[int]:
    """Return an amount of a document, less than nothing for some types."""
    return case((Document.type.in_(minus), -amount), else_=amount) if minus else amount


def types_in(session: Session, counts_in: str, wanted: Iterable[str] = ()) -> Types:
    """Return the types that count in something, or those of them that are wanted, in the order in which people are offered them.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN`` for a wanted one that is not there, or does not count.
    """
    found = {row.code: row for row in session.execute(_all_types()) if counts_in in row.counts_in}
    chosen = list(wanted) or list(found)
    for code in chosen:
        if code not in found:
            raise unknown("il tipo di documento (che conti qui)", "type of documents (that counts here)", code)
    labels = {code: Label(found[code].label_it, found[code].label_en or found[code].label_it) for code in found if code in chosen}
    return Types(labels, tuple(code for code in labels if found[code].sign < 0))


@cache
def _all_types() -> Select[str, str, str, int, list[Any]]:
    columns = (OrderType.code, OrderType.label_it, OrderType.label_en, OrderType.sign, OrderType.counts_in)
    return select(*columns).order_by(OrderType.priority, OrderType.code)


def states_of(session: Session) -> tuple[State, ...]:
    """Return the states of documents, in their order."""
    return tuple(sorted(session.states.table(DOCUMENTS).definition.states, key=lambda state: (state.order, state.code)))


def codes_where(states: Iterable[State], **flags: bool) -> tuple[str, ...]:
    """Return the codes of the states whose flags are these; a flag that is not set is False."""
    return tuple(state.code for state in states if all(bool(state.flags.get(name)) is value for name, value in flags.items()))


def is_open(state: State) -> bool:
    """Return whether documents in a state are still to be decided: neither sold nor lost."""
    return not state.flags.get("confirmed") and not state.flags.get("negative")


def conditions(session: Session, narrow: Narrow) -> list[ColumnElement[bool]]:
    """Return the conditions of what a report is narrowed to, and of whom documents exist for where there are no users yet.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN`` for an agent who is not there.
    """
    return scope_of(session, narrow).conditions()


def scope_of(session: Session, narrow: Narrow) -> Scope:
    """Return what a report is narrowed to.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN`` for an agent who is not there.
    """
    return Scope(
        currency=narrow.currency or setting(session, "currency"),
        agent_id=None if narrow.agent is None else agent_id(session, narrow.agent),
        campaign=narrow.campaign,
        looker=session.actor.name if not session.actor.is_system and session.access.reach().open else None,
    )


def agent_id(session: Session, code: str) -> int:
    """Return the key of a subject of the sales force.

    Raises:
        ValidationFailed: ``OFFERS_REPORT_UNKNOWN``.
    """
    found: int | None = session.scalar(select(Salesperson.id).where(Salesperson.code == code))
    if found is None:
        raise unknown("l'agente", "agent", code)
    return found


def people_of(session: Session) -> dict[int, tuple[str, str]]:
    """Return code and name of everybody of the sales force, by key: there are hundreds."""
    return {key: (code, name) for key, code, name in session.execute(_all_people())}


@cache
def _all_people() -> Select[int, str, str]:
    return select(Salesperson.id, Salesperson.code, Salesperson.name)


def newest_links(session: Session, types: Types) -> ColumnElement[bool]:
    """Return the condition for documents of which nothing that counts as well was made.

    A document that was converted is left out as long as a successor of it, of a type that counts in the same figure, is in a state that is
    not negative: then the successor is what counts. Once every such successor is lost, the document counts again by its own state. Two
    successors of one document are two deals, and both count.
    """
    return newest_of(types.codes, codes_where(states_of(session), negative=True))


@lru_cache(maxsize=64)
def newest_of(types: tuple[str, ...], negative: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition of `newest_links` for codes of types, and of states that are negative."""
    after = aliased(Document)
    # Few documents were made of others: saying so lets PostgreSQL ask for whom they exist about these alone.
    made = (after.predecessor_id.is_not(None), after.predecessor_id == Document.id)
    return ~exists(select(1).where(*made, after.type.in_(types), after.state.not_in(negative)))


def sold() -> ColumnElement[int]:
    """Return what a confirmed document sold, in cents: of a partial confirmation, the rows that are confirmed (I-37)."""
    return case((Document.confirmation == "partial", units(Document.confirmed_taxable)), else_=units(Document.taxable))


def probabilities(states: Iterable[State]) -> tuple[tuple[str, int], ...]:
    """Return the probability of each state, in percent, by code."""
    found = ((state.code, state.flags.get("probability")) for state in states)
    return tuple((code, value if isinstance(value, int) and not isinstance(value, bool) else 0) for code, value in found)


def weighted(by_state: tuple[tuple[str, int], ...]) -> ColumnElement[int]:
    """Return the amount of a document by its probability, or by that of its state, in cents, each document rounded half up."""
    zero = literal_column("0", BigInteger())
    otherwise = case(dict(by_state), value=Document.state, else_=zero) if by_state else zero
    return percent_of(units(Document.taxable), func.coalesce(units(Document.probability), otherwise))


def came_into(session: Session, keys: Sequence[int], states: tuple[str, ...]) -> dict[int, datetime]:
    """Return when documents came into some states, the last time from outside of them; those that never did are left out.

    The keys are those that the actor sees: the history of documents is the system's, and is read past the guard for these alone.
    """
    found: dict[int, datetime] = {}
    change = StateChange
    for some in batches(keys):
        wanted = select(change.record_id, change.at).where(
            change.entity == Document.entity_name(),
            change.record_id.in_(some),
            change.new.in_(states),
            or_(change.old.is_(None), change.old.not_in(states)),
        )
        with session.unguarded("offers"):
            found.update({row.record_id: row.at for row in session.execute(wanted.order_by(change.at, change.id))})
    return found
