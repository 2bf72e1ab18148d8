"""Sequences of actions: started on accounts as a whole or not at all, and carried on as they were when they began (F01, I-51)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypedDict, Unpack

import attrs
from sqlalchemy import func, select

from crmcore import Account, Problem, Session, ValidationFailed
from crmcore.model import Person
from crmcore_agenda.lookups import by_code, flag_of
from crmcore_agenda.model import Action, ActionTemplate, Lead, TemplateRun
from crmcore_agenda.steps import PREVIOUS, People, Prepared, Scene, contacts_of
from crmcore_agenda.timing import lateness_of

_BATCH = 500
_HUNDREDTH = Decimal("0.01")


@attrs.frozen(kw_only=True)
class Started:
    """What came of starting a template: the new sequences and actions, and the accounts whose scripts could not be written."""

    runs: tuple[TemplateRun, ...]
    actions: tuple[Action, ...]
    unrendered: tuple[int, ...]
    """Accounts with at least one action without its text."""
    already: int
    """Accounts on which it had been started under the same key."""


@attrs.frozen(kw_only=True)
class Progress:
    """How far sequences are: steps in all and done, the mandatory ones, and whether the objective is reached."""

    total: int
    done: int
    mandatory: int
    mandatory_done: int
    late: int

    @property
    def reached(self) -> bool:
        """Whether every mandatory step is done."""
        return self.mandatory_done >= self.mandatory

    @property
    def percent(self) -> Decimal:
        """The share of steps that are done, in percent with two places."""
        return (Decimal(100 * self.done) / (self.total or 1)).quantize(_HUNDREDTH, ROUND_HALF_UP)


class StartOptions(TypedDict, total=False):
    """How a template is started; see `Templates.start_many`."""

    lead: Lead | None
    contact: Person | None
    dates: Mapping[str, date]
    people: Mapping[str, str]
    extra: Mapping[str, Any]


class Templates:
    """The action templates of a session; nothing here commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, code: str, account: Account, start: date | None = None, **options: Unpack[StartOptions]) -> Started:
        """Start a template on one account, from today unless another day is named; see `start_many`.

        ``lead`` gets the actions; ``contact`` is whom scripts speak of.
        """
        return self._start(code, [account], start, None, options)

    def start_many(
        self, code: str, accounts: Iterable[Account], start: date | None = None, *, batch: str, **options: Unpack[StartOptions]
    ) -> Started:
        """Start a template on many accounts under the name of a batch: on each once, however often this is called.

        All of it or nothing: if a role is empty or a date missing anywhere, every problem is listed, and nothing is started. A script that
        lacks a value costs its action only the text. ``people`` says who has a role this time, ``dates`` what steps with an anchor
        ``field:<name>`` count from, beside characteristics that hold dates; ``extra`` is more for scripts to name.

        Raises:
            ValidationFailed: ``AGENDA_CODE_UNKNOWN``, ``AGENDA_ROLE_EMPTY``, ``AGENDA_ANCHOR_MISSING``.
        """
        return self._start(code, accounts, start, batch, options)

    def _start(self, code: str, accounts: Iterable[Account], start: date | None, batch: str | None, options: StartOptions) -> Started:
        template = by_code(self._session, ActionTemplate, code)
        wanted = list(accounts)
        fresh = self._fresh(template, wanted, batch)
        day = start or self._session.today()
        plans = self._planned(template, fresh, day, options)
        runs: list[TemplateRun] = []
        actions: list[Action] = []
        for scene, prepared in plans:
            run = self._session.add(_run_of(template, scene, day, batch, options))
            runs.append(run)
            for each in prepared:
                action = scene.make(each, origin=f"template:{code}@{template.version}")
                action.run = run
                actions.append(action)
        unrendered = tuple(dict.fromkeys(each.account_id for each in actions if each.text_missing and each.account_id is not None))
        return Started(runs=tuple(runs), actions=tuple(actions), unrendered=unrendered, already=len(wanted) - len(fresh))

    def _planned(
        self, template: ActionTemplate, accounts: Sequence[Account], day: date, options: StartOptions
    ) -> list[tuple[Scene, list[Prepared]]]:
        """Return the steps that begin at once for each account, or refuse with everything that is missing anywhere."""
        contact, lead = options.get("contact"), options.get("lead")
        known = contacts_of(self._session, (account.id for account in accounts)) if contact is None else {}
        people = People(self._session, options.get("people"))
        plans: list[tuple[Scene, list[Prepared]]] = []
        problems: list[Problem] = []
        for account in accounts:
            scene = Scene(
                session=self._session,
                name=template.code,
                account=account,
                lead=lead,
                starter=self._session.actor.person or "",
                people=people,
                extra=options.get("extra") or {},
                contact=contact or known.get(account.id),
            )
            found = [
                scene.prepare(step, number, day, options.get("dates") or {})
                for number, step in enumerate(template.steps)
                if not number or step.get("anchor") != PREVIOUS
            ]
            problems += [each for each in found if isinstance(each, Problem)]
            plans.append((scene, [each for each in found if isinstance(each, Prepared)]))
        if problems:
            raise ValidationFailed("VALIDATION_FAILED", problems)
        return plans

    def _fresh(self, template: ActionTemplate, accounts: Sequence[Account], batch: str | None) -> list[Account]:
        """Return the accounts on which a batch has not been started."""
        if batch is None:
            return list(accounts)
        keys = {_key(template, account, batch): account for account in accounts}
        names = [key for key in keys if key is not None]
        there: set[str | None] = set()
        for place in range(0, len(names), _BATCH):
            some = names[place : place + _BATCH]
            there |= set(self._session.scalars(select(TemplateRun.unique_key).where(TemplateRun.unique_key.in_(some))))
        return [account for key, account in keys.items() if key not in there]

    def proceed(self, action: Action) -> Action | None:
        """Make the step that waits for an action to be done, as it was when the sequence began; None when there is none, or it is there.

        A mandatory step that was cancelled ends the sequence; one that is not is passed over.
        """
        session = self._session
        run = session.get(TemplateRun, action.run_id) if action.run_id is not None else None
        if run is None or action.step is None or not action.closed:
            return None
        steps, number = run.definition["steps"], action.step + 1
        if number >= len(steps) or steps[number].get("anchor") != PREVIOUS:
            return None
        if action.mandatory and not flag_of(session, "agenda.actions", action.state, "done"):
            return None
        if session.scalar(select(Action.id).where(Action.run_id == run.id, Action.step == number).limit(1)) is not None:
            return None
        account = session.require(Account, run.account_id)
        template = session.require(ActionTemplate, run.template_id)
        lead = session.get(Lead, action.lead_id) if action.lead_id is not None else None
        scene = Scene(
            session=session,
            name=template.code,
            account=account,
            lead=lead,
            starter=run.starter,
            people=People(session, run.definition["people"]),
            extra=run.definition["extra"],
            contact=contacts_of(session, [account.id]).get(account.id),
        )
        dates = {name: date.fromisoformat(day) for name, day in run.definition["dates"].items()}
        prepared = scene.prepare(steps[number], number, action.done_on or session.today(), dates)
        if isinstance(prepared, Problem):
            raise ValidationFailed("VALIDATION_FAILED", [prepared])
        made = scene.make(prepared, origin=f"template:{template.code}@{run.template_version}")
        made.run = run
        return made

    def progress(self, run: TemplateRun | None = None, *, batch: str | None = None) -> Progress:
        """Return how far one sequence is, or all of a batch together."""
        session = self._session
        mine = TemplateRun.id == run.id if run is not None else TemplateRun.batch == batch
        steps = [step for row in session.execute(select(TemplateRun.definition).where(mine)) for step in row.definition["steps"]]
        rows = session.execute(
            select(Action.state, Action.mandatory, func.count().label("n"))
            .join(TemplateRun, TemplateRun.id == Action.run_id)
            .where(mine, Action.closed.is_(True))
            .group_by(Action.state, Action.mandatory)
        ).all()
        done = [row for row in rows if flag_of(session, "agenda.actions", row.state, "done")]
        late = select(func.count()).select_from(Action).join(TemplateRun, TemplateRun.id == Action.run_id)
        overdue = session.scalar(late.where(mine, Action.closed.is_(False), Action.due <= self._latest_late()))
        return Progress(
            total=len(steps),
            done=sum(row.n for row in done),
            mandatory=sum(bool(step.get("mandatory", True)) for step in steps),
            mandatory_done=sum(row.n for row in done if row.mandatory),
            late=overdue or 0,
        )

    def _latest_late(self) -> date:
        return lateness_of(self._session).latest_late(self._session.today())


def _run_of(template: ActionTemplate, scene: Scene, day: date, batch: str | None, options: StartOptions) -> TemplateRun:
    account = scene.account
    if account is None:
        message = "a template is started on an account"
        raise TypeError(message)
    definition = {
        "steps": list(template.steps),
        "extra": dict(options.get("extra") or {}),
        "people": dict(options.get("people") or {}),
        # The dates that steps may still count from, as text: this is kept as JSON.
        "dates": {name: day.isoformat() for name, day in (options.get("dates") or {}).items()},
    }
    return TemplateRun(
        account_id=account.id,
        template_id=template.id,
        template_version=template.version,
        definition=definition,
        starter=scene.starter,
        start=day,
        batch=batch,
        unique_key=_key(template, account, batch),
    )


def _key(template: ActionTemplate, account: Account, batch: str | None) -> str | None:
    return None if batch is None else f"{batch}:{template.code}:{account.id}"
