"""Recurring activities: what falls due becomes actions, goes up a step, and goes away with its cause (F04, F05, I-53)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import attrs
from sqlalchemy import func, select

from crmcore import Account, JobRun, Problem, Rule, Session
from crmcore_agenda.actions import Actions
from crmcore_agenda.duties import due_accounts
from crmcore_agenda.model import Action, RecencyClock, Recurring
from crmcore_agenda.points import FeedItem
from crmcore_agenda.recency import BATCH, next_step, was_dealt_with
from crmcore_agenda.steps import People, Prepared, Scene, contacts_of

EARLY: Final = Rule("FREQ=DAILY;BYHOUR=4;BYMINUTE=30;BYSECOND=0")
WEEKLY: Final = Rule("FREQ=WEEKLY;BYDAY=SU;BYHOUR=3;BYMINUTE=0;BYSECOND=0")
_AT_ONCE: Final = 1_000


@attrs.frozen(kw_only=True)
class Fed:
    """What one run of a rule did; ``problems`` are those for whom nobody could be found."""

    created: int = 0
    cancelled: int = 0
    more: bool = False
    problems: tuple[Problem, ...] = ()


@attrs.frozen(kw_only=True)
class _Wanted:
    """Something that is due: ``step`` is the number of the last step whose days have passed."""

    key: str
    account_id: int
    step: int
    label: str
    amount: Decimal | None = None


class Feeder:
    """Runs recurring activities; for the system. Running again changes nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, rule: Recurring, day: date | None = None) -> Fed:
        """Bring the actions of a rule into accord with what is due on a day, today unless named; at most 1,000 accounts at once."""
        on = day or self._session.today()
        return self._run_feed(rule, on) if rule.feed else self._run_recency(rule, on)

    def due(self, rule: Recurring, day: date | None = None, *, limit: int = _AT_ONCE) -> Sequence[int]:
        """Return the accounts for which something falls due under a recency rule, the first first: from the index of its clocks."""
        return due_accounts(self._session, rule.id, day or self._session.today(), limit)

    def _run_recency(self, rule: Recurring, day: date) -> Fed:
        session = self._session
        wanted = select(RecencyClock).where(RecencyClock.recurring_id == rule.id, RecencyClock.next_on <= day)
        clocks = session.scalars(wanted.order_by(RecencyClock.next_on, RecencyClock.account_id).limit(_AT_ONCE)).all()
        open_ = self._open_of(rule, [clock.account_id for clock in clocks])
        items = []
        for clock in clocks:
            step = step_of(rule, (day - clock.due_on).days)
            if step is not None:
                items.append(_Wanted(key=str(clock.account_id), account_id=clock.account_id, step=step, label=""))
        done, problems = self._bring_about(rule, items, open_)
        made = {action.account_id: action.step for action in done.values()}
        for clock in clocks:
            if clock.account_id in made:
                clock.next_on = next_step(rule, clock.due_on, made[clock.account_id])
        cancelled = sum(1 for key in done if key in open_)
        # Those for whom nobody was found stay first in line: going on at once would only find them again.
        more = len(clocks) == _AT_ONCE and not problems
        return Fed(created=len(done), cancelled=cancelled, more=more, problems=tuple(problems))

    def _run_feed(self, rule: Recurring, day: date) -> Fed:
        session = self._session
        open_ = self._open(rule)
        least = min(int(step.get("days") or 0) for step in rule.steps)
        answers = session.hooks.results(
            "agenda_feed", session=session, feed=rule.feed, keys=frozenset(open_), until=day - timedelta(days=least)
        )
        items = {item.key: item for _, found in answers for item in found}
        wanted = self._wanted_of(rule, items, day)
        actions, gone = Actions(session), 0
        for key, action in open_.items():
            if key not in wanted:
                item = items.get(key)
                actions.cancel(action, (item.settled if item is not None else "") or "Condizione venuta meno", automatic=True)
                gone += 1
        past = self._dealt_with(rule, wanted)
        due = [each for each in wanted.values() if (each.key, each.step) not in past]
        stays = {key for key, action in open_.items() if key in wanted and action.step == wanted[key].step}
        done, problems = self._bring_about(rule, [each for each in due if each.key not in stays], open_)
        return Fed(created=len(done), cancelled=gone + sum(1 for key in done if key in open_), problems=tuple(problems))

    @staticmethod
    def _wanted_of(rule: Recurring, items: Mapping[str, FeedItem], day: date) -> dict[str, _Wanted]:
        least = Decimal(rule.minimum)
        found = {}
        for item in items.values():
            step = step_of(rule, (day - item.due_on).days)
            if step is not None and not item.settled and item.amount > 0 and item.amount >= least:
                found[item.key] = _Wanted(key=item.key, account_id=item.account_id, step=step, label=item.label, amount=item.amount)
        return found

    def _bring_about(
        self, rule: Recurring, items: Sequence[_Wanted], open_: Mapping[str, Action]
    ) -> tuple[dict[str, Action], list[Problem]]:
        """Make the actions of what is due; one of an earlier step gives way. Returns them by key."""
        session, actions = self._session, Actions(self._session)
        made: dict[str, Action] = {}
        problems: list[Problem] = []
        people = People(session)
        for some in _batches(items):
            keys = {each.account_id for each in some}
            accounts = {account.id: account for account in session.scalars(select(Account).where(Account.id.in_(keys)))}
            contacts = contacts_of(session, keys)
            for each in some:
                account = accounts.get(each.account_id)
                if account is None:
                    continue
                prepared = self._prepare(
                    rule,
                    each,
                    Scene(
                        session=session,
                        name=rule.code,
                        account=account,
                        lead=None,
                        starter=account.owner or "",
                        people=people,
                        extra={"item": {"key": each.key, "label": each.label, "amount": each.amount}},
                        contact=contacts.get(account.id),
                    ),
                )
                if isinstance(prepared, Problem):
                    problems.append(prepared)
                    continue
                scene, ready = prepared
                if each.key in open_:
                    actions.cancel(open_[each.key], f"Passo successivo: {ready.step.get('name') or ready.step['kind']}", automatic=True)
                    # The key is free when the old action is written.
                    session.flush()
                action = scene.make(ready, origin=f"recurring:{rule.code}", open_key=f"{rule.code}:{each.key}")
                action.recurring_id, action.source_key, action.step = rule.id, each.key, each.step
                made[each.key] = action
        return made, problems

    def _prepare(self, rule: Recurring, item: _Wanted, scene: Scene) -> tuple[Scene, Prepared] | Problem:
        step = {"role": "seller", **{name: value for name, value in rule.steps[item.step].items() if value not in ("", None)}}
        step["name"] = step.get("name") or rule.label_it
        found = scene.prepare(step, item.step, self._session.today(), {})
        return found if isinstance(found, Problem) else (scene, found)

    def _open(self, rule: Recurring) -> dict[str, Action]:
        """Return the open actions of a rule with a feed, by key."""
        mine = select(Action).where(Action.recurring_id == rule.id, Action.closed.is_(False))
        return {action.source_key: action for action in self._session.scalars(mine)}

    def _open_of(self, rule: Recurring, accounts: Sequence[int]) -> dict[str, Action]:
        """Return the open actions of a recency rule about some accounts, by whose they are now."""
        mine = select(Action).where(Action.recurring_id == rule.id, Action.closed.is_(False))
        found: dict[str, Action] = {}
        for place in range(0, len(accounts), BATCH):
            for action in self._session.scalars(mine.where(Action.account_id.in_(accounts[place : place + BATCH])).order_by(Action.id)):
                found[str(action.account_id)] = action
        return found

    def _dealt_with(self, rule: Recurring, wanted: Iterable[str]) -> set[tuple[str, int | None]]:
        """Return the keys and steps that a person has closed: they do not come again."""
        keys = list(wanted)
        found: set[tuple[str, int | None]] = set()
        for place in range(0, len(keys), BATCH):
            past = select(Action).where(Action.recurring_id == rule.id, Action.source_key.in_(keys[place : place + BATCH]))
            for action in self._session.scalars(past.where(Action.closed.is_(True))):
                if was_dealt_with(self._session, action):
                    found.add((action.source_key, action.step))
        return found


def step_of(rule: Recurring, days: int) -> int | None:
    """Return the number of the last step whose days have passed, or None before the first."""
    reached = [number for number, step in enumerate(rule.steps) if int(step.get("days") or 0) <= days]
    return reached[-1] if reached else None


def _batches(items: Sequence[_Wanted]) -> Iterable[Sequence[_Wanted]]:
    return (items[place : place + BATCH] for place in range(0, len(items), BATCH))


def feed_all(session: Session, run: JobRun) -> None:
    """Put a job for each recurring activity on the queue, so that each is a transaction of its own."""
    del run
    active = select(Recurring.code).where(Recurring.active.is_(True), Recurring.obsolete.is_(False))
    for code in session.scalars(active.order_by(Recurring.code)).all():
        session.jobs.enqueue("agenda.feed_rule", {"rule": code}, key=f"agenda.feed_rule:{code}")


def feed_rule(session: Session, run: JobRun) -> None:
    """Run one recurring activity, and go on in another job when there is more than fits into one."""
    rule: Recurring | None = session.scalar(select(Recurring).where(Recurring.code == str(run.args["rule"])))
    if rule is not None and rule.active and not rule.obsolete and Feeder(session).run(rule).more:
        session.jobs.enqueue("agenda.feed_rule", {"rule": rule.code}, key=f"agenda.feed_rule:{rule.code}")


def satisfaction(
    session: Session, first: date, last: date, *, rule: Recurring | None = None, account: Account | None = None
) -> Decimal | None:
    """Return the mean of the marks in reports of actions that were done from one day to another, both included, with two places (F04)."""
    wanted = select(func.sum(Action.mark), func.count(Action.mark)).where(Action.done_on.between(first, last), Action.mark.is_not(None))
    if rule is not None:
        wanted = wanted.where(Action.recurring_id == rule.id)
    if account is not None:
        wanted = wanted.where(Action.account_id == account.id)
    total, count = session.execute(wanted).one()
    return (Decimal(int(total)) / count).quantize(Decimal("0.01"), ROUND_HALF_UP) if count else None
