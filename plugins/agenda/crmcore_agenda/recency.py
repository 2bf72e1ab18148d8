"""Clocks of recency rules: when each account is next due, kept up by what happens to it (F04, `domain.md` §5.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select

from crmcore import Account, Change, Entity, Envelope, JobRun, Session, Watcher
from crmcore.model import ENTITIES, STAMPS, Interaction, InteractionKind
from crmcore.query import batches
from crmcore_agenda.actions import AUTOMATIC, Actions
from crmcore_agenda.lookups import flag_of
from crmcore_agenda.model import Action, RecencyClock, Recurring
from crmcore_agenda.settings import setting
from crmcore_agenda.timing import add_months

BATCH: Final = 500


def limit_of(last: date, months: int) -> date:
    """Return the last day on which nothing is due yet: strictly more than so many months have to pass (`domain.md` §5.2)."""
    return add_months(last, months)


def due_on(base: date | None, created: date, months: int) -> date:
    """Return the first day on which an account is due: at once when it was never contacted."""
    return created if base is None else limit_of(base, months) + timedelta(days=1)


def next_step(rule: Recurring, due: date, after: int | None) -> date | None:
    """Return the day of the step after one, of the first for None; None after the last."""
    number = 0 if after is None else after + 1
    if number >= len(rule.steps):
        return None
    return due + timedelta(days=int(rule.steps[number].get("days") or 0))


def active_rules(session: Session) -> Sequence[Recurring]:
    """Return the recency rules that work."""
    rules = select(Recurring).where(Recurring.feed == "", Recurring.active.is_(True), Recurring.obsolete.is_(False))
    return session.scalars(rules.order_by(Recurring.code)).all()


class Clocks:
    """The clocks of one rule; for the system, because they are about everybody's accounts."""

    def __init__(self, session: Session, rule: Recurring) -> None:
        self._session = session
        self._rule = rule
        self._day = session.today()

    def rebuild(self) -> int:
        """Set the clock of every account anew, and return how many there are; without the rule, there are none."""
        session, rule = self._session, self._rule
        if rule.active and not rule.obsolete and not rule.feed:
            wanted = sorted(session.search.ids("account", dict(rule.accounts) or None))
        else:
            wanted = []
        known = select(RecencyClock.account_id).where(RecencyClock.recurring_id == rule.id)
        for some in batches(sorted(set(session.scalars(known)).difference(wanted)), BATCH):
            self._forget(some)
        for some in batches(wanted, BATCH):
            self._set(some)
        return len(wanted)

    def refresh(self, accounts: Iterable[int]) -> None:
        """Set the clocks of some accounts anew, after something happened to them."""
        for some in batches(sorted(set(accounts)), BATCH):
            inside = self._members(some)
            self._forget(sorted(set(some) - inside))
            self._set(sorted(inside))

    def _members(self, some: Sequence[int]) -> set[int]:
        """Return which accounts the rule is about."""
        exist = {"field": "id", "op": "in", "value": list(some)}
        node: dict[str, Any] = {"and": [exist, dict(self._rule.accounts)]} if self._rule.accounts else exist
        return set(self._session.search.ids("account", node))

    def _set(self, accounts: Sequence[int]) -> None:
        if not accounts:
            return
        session, rule = self._session, self._rule
        bases, created, opened = self._bases(accounts), self._created(accounts), self._open(accounts)
        there = {
            clock.account_id: clock
            for clock in session.scalars(
                select(RecencyClock).where(RecencyClock.recurring_id == rule.id, RecencyClock.account_id.in_(accounts))
            )
        }
        for account in accounts:
            due = due_on(bases.get(account), created[account], rule.months)
            waiting = opened.get(account, [])
            if due > self._day:
                for action in waiting:
                    Actions(session).cancel(action, "Contattato: non serve più", automatic=True)
                waiting = []
            following = next_step(rule, due, waiting[-1].step if waiting else None)
            clock = there.get(account)
            if clock is None:
                session.add(RecencyClock(recurring_id=rule.id, account_id=account, due_on=due, next_on=following))
            elif (clock.due_on, clock.next_on) != (due, following):
                clock.due_on, clock.next_on = due, following

    def _forget(self, accounts: Sequence[int]) -> None:
        """Take accounts out that the rule is not about any more, with their open actions."""
        if not accounts:
            return
        for action in (each for some in self._open(accounts).values() for each in some):
            Actions(self._session).cancel(action, "Fuori dall'insieme della regola", automatic=True)
        mine = RecencyClock.recurring_id == self._rule.id
        self._session.execute(delete(RecencyClock).where(mine, RecencyClock.account_id.in_(accounts)))

    def _bases(self, accounts: Sequence[int]) -> dict[int, date]:
        """Return the day from which each account's period runs: the last contact, or the last time that somebody dealt with this rule."""
        session, zone = self._session, self._session.crm.zone
        kinds = list(self._rule.interactions)
        counts = InteractionKind.code.in_(kinds) if kinds else InteractionKind.counts_as_contact.is_(True)
        contacts = (
            select(Interaction.account_id, func.max(Interaction.at).label("last"))
            .join(InteractionKind, InteractionKind.id == Interaction.kind_id)
            .where(Interaction.current.is_(True), counts, Interaction.account_id.in_(accounts))
            .group_by(Interaction.account_id)
        )
        found = {row.account_id: row.last.astimezone(zone).date() for row in session.execute(contacts)}
        dealt = (
            select(Action.account_id, func.max(Action.done_on).label("last"))
            .where(Action.recurring_id == self._rule.id, Action.account_id.in_(accounts))
            .where(Action.closed.is_(True), Action.done_by != AUTOMATIC)
            .group_by(Action.account_id)
        )
        for row in session.execute(dealt):
            found[row.account_id] = max(found.get(row.account_id, row.last), row.last)
        return found

    def _created(self, accounts: Sequence[int]) -> dict[int, date]:
        zone = self._session.crm.zone
        rows = self._session.execute(select(Account.id, Account.created_at).where(Account.id.in_(accounts)))
        return {row.id: row.created_at.astimezone(zone).date() for row in rows}

    def _open(self, accounts: Sequence[int]) -> dict[int, list[Action]]:
        """Return the open actions of the rule by account: by whose it is now, after a merge there may be two."""
        mine = (Action.recurring_id == self._rule.id, Action.account_id.in_(accounts), Action.closed.is_(False))
        found: dict[int, list[Action]] = defaultdict(list)
        for action in self._session.scalars(select(Action).where(*mine).order_by(Action.id)):
            if action.account_id is not None:
                found[action.account_id].append(action)
        return found


def refresh_accounts(session: Session, accounts: Iterable[int]) -> None:
    """Set the clocks of some accounts under every rule."""
    keys = list(accounts)
    for rule in active_rules(session):
        Clocks(session, rule).refresh(keys)


def watchers() -> Sequence[Watcher]:
    """Return the watcher of accounts: a filter may be about anything of an account, and of what belongs to it in the core."""
    through = {cls.entity_name(): ("account_id", _fields(cls)) for cls in ENTITIES if "account_id" in cls.__table__.c}
    return (Watcher(entity=Account.entity_name(), fields=_fields(Account), fn=note, through=through),)


def _fields(cls: type[Entity]) -> tuple[str, ...]:
    return tuple(column.key for column in cls.__table__.c if column.key not in {"id", "version", *STAMPS})


def note(session: Session, accounts: frozenset[int], changes: Sequence[Change] | None) -> None:
    """Put one job for the accounts that a commit touches, or what belongs to them, on the queue; asks the database nothing."""
    del changes
    if not setting(session, "recency"):
        return
    for some in batches(sorted(accounts), BATCH):
        session.jobs.enqueue("agenda.refresh", {"accounts": list(some)})


def refresh(session: Session, run: JobRun) -> None:
    """Set the clocks of some accounts anew."""
    refresh_accounts(session, [int(key) for key in run.args["accounts"]])


def follow_rule(session: Session, event: Envelope) -> None:
    """Set the clocks of a rule anew that was made or changed."""
    session.jobs.enqueue("agenda.rebuild", {"rule": event.id}, key=f"agenda.rebuild:{event.id}")


def follow_search(session: Session, event: Envelope) -> None:
    """Set the clocks of the rules anew that go by saved searches, when one of those changed: a search may name another."""
    del event
    for rule in active_rules(session):
        if _names_search(rule.accounts):
            session.jobs.enqueue("agenda.rebuild", {"rule": rule.id}, key=f"agenda.rebuild:{rule.id}")


def _names_search(node: object) -> bool:
    if isinstance(node, Mapping):
        return "saved" in node or any(_names_search(each) for each in node.values())
    return isinstance(node, list | tuple) and any(_names_search(each) for each in node)


def rebuild(session: Session, run: JobRun) -> None:
    """Set the clocks anew: of one rule, or of all, which mends what a filter can see and no event tells."""
    wanted = select(Recurring).order_by(Recurring.id)
    if "rule" in run.args:
        wanted = wanted.where(Recurring.id == int(run.args["rule"]))
    for rule in session.scalars(wanted).all():
        if not rule.feed:
            Clocks(session, rule).rebuild()


def was_dealt_with(session: Session, action: Action) -> bool:
    """Return whether a person closed an action: what the feeder cancelled may come again."""
    return flag_of(session, "agenda.actions", action.state, "closed") and action.done_by != AUTOMATIC
