"""Leads: negotiations with customers and suppliers, as diaries of actions (E18, I-46, I-47)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypedDict, Unpack

import attrs
from sqlalchemy import select

from crmcore import Account, Session
from crmcore_agenda import happenings
from crmcore_agenda.lookups import flag_of, state_meaning
from crmcore_agenda.model import Action, Firing, Lead
from crmcore_agenda.seeing import visible_actions, visible_leads

TABLE: Final = "agenda.leads"
_CENT: Final = Decimal("0.01")


class LeadFields(TypedDict, total=False):
    """What a lead says beside its account and title."""

    party: str
    owner: str | None
    value: Decimal | None
    probability: int | None
    close_period: str
    origin: str
    source_key: str | None
    private: bool
    remind_on: date | None
    notes: str


@attrs.frozen(kw_only=True)
class Pipeline:
    """What open leads come to: how many, their value, and the value weighted by probability, rounded half up per lead."""

    count: int
    value: Decimal
    weighted: Decimal


class Leads:
    """The leads of a session; nothing here commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, account: Account | int, title: str, **fields: Unpack[LeadFields]) -> Lead:
        """Open a lead with an account; ``owner`` is the actor unless another one is named, ``party`` "customer" or "supplier"."""
        owner = fields.get("owner") or self._session.actor.person or self._session.actor.name
        made = Lead(title=title, account_id=account if isinstance(account, int) else account.id, owner=owner)
        for name, value in fields.items():
            if name != "owner":
                setattr(made, name, value)
        return self._session.add(made)

    def change_state(self, lead: Lead, to: str, reason: str = "") -> None:
        """Move a lead to another state; one that is won is certain, and what is open of a closed one is cancelled after the commit.

        Raises:
            TransitionRefused: when the state table does not allow it.
        """
        self._session.states.change(lead, to, reason=reason)
        closed, won = (flag_of(self._session, TABLE, to, flag) for flag in ("closed", "won"))
        lead.closed = closed
        lead.closed_on = self._session.today() if closed else None
        if won:
            lead.probability = 100
        if closed:
            lead.stalled = False
            self._session.publish(happenings.LeadClosed(lead_id=lead.id, won=won))

    def win(self, lead: Lead, reason: str = "") -> None:
        """Say that a negotiation was won."""
        self.change_state(lead, state_meaning(self._session, TABLE, won=True), reason)

    def lose(self, lead: Lead, reason: str = "") -> None:
        """Say that a negotiation was lost."""
        self.change_state(lead, state_meaning(self._session, TABLE, closed=True, won=False), reason)

    def diary(self, lead: Lead, *, state: str | None = None) -> Sequence[Action]:
        """Return the actions of a lead, what was due first first; with ``state`` only those in it (E18)."""
        wanted = select(Action).where(Action.lead_id == lead.id, *visible_actions(self._session)).order_by(Action.due, Action.id)
        return self._session.scalars(wanted if state is None else wanted.where(Action.state == state)).all()

    def records(self, lead: Lead) -> Sequence[tuple[str, int]]:
        """Return the records from whose events a lead came and was carried on, as entity and key: those that the actor sees."""
        session = self._session
        with session.unguarded("agenda"):
            fired = select(Firing.entity, Firing.record_id).where(Firing.lead_id == lead.id, Firing.record_id.is_not(None))
            keys = dict.fromkeys((row.entity, row.record_id) for row in session.execute(fired.order_by(Firing.id)))
        known = session.registry.entities
        return [(entity, key) for entity, key in keys if entity in known and session.get(known[entity], key) is not None]

    def pipeline(self, *, owner: str | None = None, close_period: str | None = None) -> Pipeline:
        """Return what the open leads come to that the actor sees; ``close_period`` also takes in its parts, 2026 all of 2026."""
        wanted = select(Lead.value, Lead.probability).where(Lead.closed.is_(False), Lead.value.is_not(None), *visible_leads(self._session))
        if owner is not None:
            wanted = wanted.where(Lead.owner == owner)
        if close_period is not None:
            wanted = wanted.where(Lead.close_period.startswith(close_period, autoescape=True))
        rows = self._session.execute(wanted).all()
        weighted = [weighted_value(row.value, row.probability) for row in rows]
        return Pipeline(count=len(rows), value=sum((row.value for row in rows), Decimal("0.00")), weighted=sum(weighted, Decimal("0.00")))


def weighted_value(value: Decimal, probability: int | None) -> Decimal:
    """Return a value weighted by its probability in percent, rounded half up to cents; without one it counts nothing."""
    return (value * (probability or 0) / 100).quantize(_CENT, ROUND_HALF_UP)
