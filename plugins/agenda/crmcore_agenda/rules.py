"""Ask about rules: why an action exists, what a rule would have made of past events, which rules go round in circles (F06)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import select

from crmcore import Envelope, Session
from crmcore.model import EVENT
from crmcore_agenda.lookups import by_code
from crmcore_agenda.model import Action, Firing, Recurring, TemplateRun, TriggerRule
from crmcore_agenda.soundness import cycles_of
from crmcore_agenda.triggers import Trigger, Verdict

_MOST = 1_000


@attrs.frozen(kw_only=True)
class Trace:
    """Why an action exists: from a ``rule``, a ``template``, a ``recurring`` activity, or by hand, and what led to it."""

    action_id: int
    origin: str
    code: str
    by: str
    at: datetime
    event: str = ""
    event_id: str = ""
    event_actor: str = ""
    record: str = ""
    condition: str = ""
    rule_version: int | None = None
    rule_changed_since: bool = False
    correlation_id: str = ""


@attrs.frozen(kw_only=True)
class Tried:
    """What a rule would have made of one past event."""

    event_id: str
    at: datetime
    record: str
    why: str
    account_id: int | None
    due: tuple[date, ...]


class Rules:
    """Questions about rules, in a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def trace(self, action_id: int) -> Trace:
        """Return why an action exists.

        Raises:
            RecordNotFound: when it does not exist for the actor.
        """
        session = self._session
        action = session.require(Action, action_id)
        origin, _, rest = action.origin.partition(":")
        found = Trace(action_id=action.id, origin=origin, code=rest.partition("@")[0], by=action.created_by, at=action.created_at)
        if origin == "rule":
            return self._of_rule(action, found)
        if origin == "template" and action.run_id is not None:
            run = session.get(TemplateRun, action.run_id)
            version = int(rest.partition("@")[2] or 0)
            return attrs.evolve(found, rule_version=version, record=f"agenda.run {run.id}" if run is not None else "")
        if origin == "recurring" and action.recurring_id is not None:
            rule = session.require(Recurring, action.recurring_id)
            return attrs.evolve(found, record=action.source_key, condition=rule.feed or f"{rule.months} months", rule_version=rule.version)
        return found

    def _of_rule(self, action: Action, found: Trace) -> Trace:
        code, _, event_id = action.source_key.rpartition(":")
        rule = by_code(self._session, TriggerRule, code)
        wanted = select(Firing).where(Firing.rule_id == rule.id, Firing.event_uuid == event_id)
        with self._session.unguarded("agenda"):
            firing: Firing | None = self._session.scalar(wanted.limit(1))
        if firing is None:
            return found
        told = firing.explanation
        return attrs.evolve(
            found,
            event=str(told["event"]),
            event_id=event_id,
            event_actor=str(told["actor"]),
            record=f"{firing.entity} {firing.record_id}",
            condition=str(told["condition"]),
            rule_version=firing.rule_version,
            rule_changed_since=firing.rule_version != rule.version,
            correlation_id=str(told["correlation"]),
        )

    def dry_run(self, code: str, *, days: int = 30, limit: int = _MOST) -> list[Tried]:
        """Return what a rule would make of the events of the last days, the oldest first; nothing is written.

        Of several events of one record, the later ones count as dealt with when the rule fires once for each record. For system actors and
        where nobody is limited: the log of events is the company's.

        Raises:
            ValidationFailed: ``AGENDA_CODE_UNKNOWN``; ``AGENDA_RULE_FAILED`` when the condition fails.
        """
        session = self._session
        rule = by_code(session, TriggerRule, code)
        since = session.now() - timedelta(days=days)
        rows = session.execute(
            select(EVENT).where(EVENT.c.type == rule.event, EVENT.c.at >= since).order_by(EVENT.c.event_id).limit(limit)
        ).mappings()
        found: list[Tried] = []
        fired: set[str] = set()
        for row in rows.all():
            event = _envelope(dict(row))
            trigger = Trigger(session, rule, event)
            verdict = trigger.look()
            if verdict.why == "fires" and trigger.key in fired:
                verdict = Verdict(why="already", account_id=verdict.account_id)
            if verdict.why == "fires":
                fired.add(trigger.key)
            record = f"{trigger.entity} {trigger.record_id}"
            found.append(
                Tried(event_id=event.event_id, at=event.at, record=record, why=verdict.why, account_id=verdict.account_id, due=verdict.due)
            )
        return found

    def circles(self) -> list[tuple[str, ...]]:
        """Return the circles in which rules could set each other off: a warning, for the core stops them."""
        rows = self._session.scalars(select(TriggerRule)).all()
        names = ("event", "lead", "actions", "template", "active", "obsolete")
        return cycles_of({row.code: {name: getattr(row, name) for name in names} for row in rows})


def _envelope(row: dict[str, Any]) -> Envelope:
    """Return an event from its row in the log."""
    changes = {key: (old, new) for key, (old, new) in row.pop("changes").items()}
    return Envelope(id=row.pop("entity_id"), changes=changes, **row)
