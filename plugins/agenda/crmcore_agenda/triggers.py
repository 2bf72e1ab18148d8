"""Rules that turn events into leads and delayed actions, once for each record or event (F06, I-47).

The commit of an event only puts a job on the queue; the job decides and does everything in one transaction of its own. So an event is never
lost, and whatever dies on the way leaves all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, select

from crmcore import Account, Entity, Envelope, JobRun, Problem, Session, ValidationFailed
from crmcore.scripting import ScriptError
from crmcore_agenda.codes import refuse
from crmcore_agenda.leads import Leads
from crmcore_agenda.model import Firing, Lead, TriggerRule
from crmcore_agenda.settings import setting
from crmcore_agenda.steps import People, Prepared, Scene
from crmcore_agenda.templates import Templates

INPUTS: Final = frozenset({"event", "record", "account", "today"})
"""What conditions and the rules of values may read."""
FIRE: Final = "agenda.fire"


def listen(session: Session, event: Envelope) -> None:
    """Put an event that rules may listen to on the queue; called for every event, so it only looks at a setting."""
    if event.type in setting(session, "trigger_events"):
        plain = attrs.asdict(event, recurse=False) | {"at": event.at.isoformat()}
        plain["changes"] = {key: list(pair) for key, pair in event.changes.items()}
        plain["payload"] = dict(event.payload)
        session.jobs.enqueue(FIRE, {"event": plain})


def fire(session: Session, run: JobRun) -> None:
    """Let every active rule look at one event."""
    event = envelope_of(run.args["event"])
    rules = select(TriggerRule).where(TriggerRule.event == event.type, TriggerRule.active.is_(True), TriggerRule.obsolete.is_(False))
    for rule in session.scalars(rules.order_by(TriggerRule.code)).all():
        Trigger(session, rule, event).fire()


def envelope_of(plain: Mapping[str, Any]) -> Envelope:
    """Return an event from its JSON form."""
    changes = {key: (old, new) for key, (old, new) in plain["changes"].items()}
    return Envelope(**{**plain, "at": datetime.fromisoformat(plain["at"]), "changes": changes})


@attrs.frozen(kw_only=True)
class Verdict:
    """What a rule makes of an event: ``why`` is "fires", "condition", "already", "debounced", "no-account"."""

    why: str
    account_id: int | None
    due: tuple[date, ...] = ()


class Trigger:
    """One rule that looks at one event."""

    def __init__(self, session: Session, rule: TriggerRule, event: Envelope) -> None:
        self._session = session
        self._rule = rule
        self._event = event
        self._fields = {key: new for key, (_, new) in event.changes.items()} | dict(event.payload)
        self.entity, self.record_id = self._subject()
        self._record: Entity | None = None
        self.account = self._account()

    @property
    def key(self) -> str:
        """What there is one firing of."""
        about = f"{self.entity}:{self.record_id}" if self.record_id is not None else self._event.event_id
        return f"{self._rule.code}:{about}" if self._rule.once == "record" else f"{self._rule.code}:{about}:{self._event.event_id}"

    def look(self) -> Verdict:
        """Return what the rule makes of the event; nothing is written.

        Raises:
            ValidationFailed: ``AGENDA_RULE_FAILED`` when its condition fails; ``AGENDA_ROLE_EMPTY``, ``AGENDA_ANCHOR_MISSING``.
        """
        account = self.account.id if self.account is not None else None
        if self._fired(Firing.unique_key == self.key):
            return Verdict(why="already", account_id=account)
        if self.account is None:
            return Verdict(why="no-account", account_id=None)
        if self._rule.condition and not self._run(self._rule.condition):
            return Verdict(why="condition", account_id=account)
        if self._debounced():
            return Verdict(why="debounced", account_id=account)
        return Verdict(why="fires", account_id=account, due=tuple(each.due for each in self._prepared(self._scene(None))))

    def fire(self) -> bool:
        """Do what the rule says, if it applies, and return whether it did."""
        if self.look().why != "fires" or self.account is None:
            return False
        session, rule, event = self._session, self._rule, self._event
        lead = self._lead()
        scene = self._scene(lead)
        prepared = self._prepared(scene)
        for each in prepared:
            made = scene.make(each, origin=f"rule:{rule.code}")
            made.source_key = f"{rule.code}:{event.event_id}"
        if rule.template:
            Templates(session).start(rule.template, self.account, self._day(), lead=lead)
        explanation = {
            "event": event.type,
            "actor": event.actor,
            "condition": rule.condition,
            "correlation": event.correlation_id,
            "actions": len(prepared),
        }
        if lead is not None:
            session.flush()
        firing = Firing(
            rule_id=rule.id,
            rule_version=rule.version,
            unique_key=self.key,
            event_uuid=event.event_id,
            entity=self.entity,
            record_id=self.record_id,
            at=session.now(),
            lead_id=lead.id if lead is not None else None,
            explanation=explanation,
        )
        session.add(firing)
        return True

    def _subject(self) -> tuple[str, int | None]:
        """Return the record that the event is about: its own, or the one that a field of it names."""
        if not self._rule.record:
            return self._event.entity or "", self._event.id
        entity, _, field = self._rule.record.partition(":")
        found = self._fields.get(field)
        return entity, int(found) if found is not None else None

    def _account(self) -> Account | None:
        if self.entity == "account":
            return self._session.accounts.get(self.record_id) if self.record_id is not None else None
        found = self._fields.get(self._rule.account)
        if found is None:
            found = getattr(self._load(), self._rule.account, None)
        return self._session.accounts.get(int(found)) if found is not None else None

    def _load(self) -> Entity | None:
        cls = self._session.registry.entities.get(self.entity)
        if self._record is None and cls is not None and self.record_id is not None:
            self._record = self._session.get(cls, self.record_id)
        return self._record

    def _day(self) -> date:
        return self._event.at.astimezone(self._session.crm.zone).date()

    def _debounced(self) -> bool:
        if not self._rule.debounce_minutes:
            return False
        since = self._session.now() - timedelta(minutes=self._rule.debounce_minutes)
        return self._fired(
            Firing.rule_id == self._rule.id, Firing.entity == self.entity, Firing.record_id == self.record_id, Firing.at > since
        )

    def _fired(self, *where: ColumnElement[bool]) -> bool:
        # Past the guard: a rule that fired for somebody else has fired.
        with self._session.unguarded("agenda"):
            return self._session.scalar(select(Firing.id).where(*where).limit(1)) is not None

    def _run(self, source: str) -> Any:  # noqa: ANN401 - whatever the rule says
        try:
            return self._session.crm.rules.run(source, self._context(), INPUTS).value
        except ScriptError as error:
            reason = f"{error.text} ({error.line}:{error.column})"
            raise refuse("AGENDA_RULE_FAILED", self._rule.code, rule=self._rule.code, event=self._event.event_id, reason=reason) from error

    def _context(self) -> dict[str, Any]:
        event = self._event
        old = {key: before for key, (before, _) in event.changes.items()}
        return {
            "event": {"type": event.type, "actor": event.actor, "id": event.id, "old": old, **self._fields},
            "record": _plain(self._load()),
            "account": _plain(self.account),
            "today": self._day(),
        }

    def _lead(self) -> Lead | None:
        """Return the lead of this rule and record, the one that there is already if there is one (I-47)."""
        spec, account = self._rule.lead, self.account
        if not spec or account is None:
            return None
        opener = spec.get("of") or self._rule.code
        key = f"rule:{opener}:{self.entity}:{self.record_id or self._event.event_id}"
        found: Lead | None = self._session.scalar(select(Lead).where(Lead.source_key == key))
        if opener != self._rule.code:
            # Nothing to follow where that rule opened none.
            return None if found is None else self._followed(found)
        if found is not None:
            return found
        scene = self._scene(None)
        owner = scene.people.who(spec, account, None, "") or account.owner
        if owner is None:
            raise refuse("AGENDA_ROLE_EMPTY", self._rule.code, role=spec.get("role"), step="lead", template=self._rule.code)
        value, probability = self._worth()
        return Leads(self._session).open(
            account,
            scene.render(spec.get("title") or "{account.name}")[:200] or account.name,
            owner=owner,
            party=spec.get("party") or "customer",
            value=value,
            probability=probability,
            origin=f"rule:{self._rule.code}",
            source_key=key,
        )

    def _worth(self) -> tuple[Decimal | None, int | None]:
        """Return value and probability as the rule computes them."""
        value, probability = (self._run(source) if (source := self._rule.lead.get(name)) else None for name in ("value", "probability"))
        return None if value is None else Decimal(str(value)), None if probability is None else int(probability)

    def _followed(self, lead: Lead) -> Lead:
        """Bring a lead that another rule opened for this record up to what became of the record; a closed one stays as it is."""
        if lead.closed:
            return lead
        value, probability = self._worth()
        lead.value = lead.value if value is None else value
        lead.probability = lead.probability if probability is None else probability
        ended = self._run(self._rule.lead["outcome"]) if self._rule.lead.get("outcome") else None
        if ended in {"won", "lost"}:
            self._session.flush()
            leads = Leads(self._session)
            (leads.win if ended == "won" else leads.lose)(lead, self._rule.label_it)
        return lead

    def _scene(self, lead: Lead | None) -> Scene:
        return Scene(
            session=self._session,
            name=self._rule.code,
            account=self.account,
            lead=lead,
            starter=lead.owner if lead is not None else "",
            people=People(self._session),
            extra={"event": dict(self._fields)},
        )

    def _prepared(self, scene: Scene) -> list[Prepared]:
        found = [scene.prepare(step, number, self._day(), {}) for number, step in enumerate(self._rule.actions)]
        problems = [each for each in found if isinstance(each, Problem)]
        if problems and not (scene.lead is None and self._rule.lead):
            raise ValidationFailed("VALIDATION_FAILED", problems)
        return [each for each in found if isinstance(each, Prepared)]


def _plain(record: Entity | None) -> dict[str, Any]:
    """Return the columns of a record as plain values, without its characteristics under their own name ``c``."""
    if record is None:
        return {}
    found = {column.name: getattr(record, column.name, None) for column in type(record).__table__.columns}
    characteristics = found.pop("characteristics", None)
    return found | {"c": dict(characteristics or {})}
