"""Erase a person: what is emptied, what the law wants kept, and what was written about it elsewhere; all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import attrs
from sqlalchemy import Connection, Table, insert, select, update

from crmcore.labels import Label
from crmcore.merge.forgetting import forget_merges, merges_of, merges_that_keep
from crmcore.model import AUDIT, EVENT, PRIVACY_LOG, Account, Entity, Person
from crmcore.privacy import redaction, suppression
from crmcore.privacy.emptying import empty_values, personal_columns
from crmcore.privacy.known import Known, known_by
from crmcore.privacy.references import Belongings, belongings, with_dropped
from crmcore.privacy.values import Erasure, Preview, TableReport
from crmcore.query.documents import read_documents
from crmcore.query.fulltext import remove as remove_documents
from crmcore.query.fulltext import write as write_documents
from crmcore.storage import batches

if TYPE_CHECKING:
    from crmcore.session import Session

Subject = Account | Person
_CHARACTERISTICS: Final = "characteristics"
_ERASED: Final = "erased_at"
_NOTHING: Final = Label("", "")
_ASKED: Final = Label("trattenuto su richiesta", "kept on request")


@attrs.frozen(kw_only=True)
class _Rows:
    """Rows of one entity that are treated alike: they lose ``columns``."""

    cls: type[Entity]
    keys: tuple[int, ...]
    columns: tuple[str, ...]
    keeps: tuple[str, ...] = ()
    law: str = ""
    why: Label = _NOTHING
    until: date | None = None


@attrs.frozen(kw_only=True)
class Plan:
    """What erasing somebody would do."""

    root: type[Subject]
    key: int
    merged: tuple[int, ...]
    belong: Belongings
    rows: tuple[_Rows, ...]
    known: Known

    def preview(self) -> Preview:
        """Return it as people see it."""
        return Preview(
            entity=self.root.entity_name(),
            id=self.key,
            merged_ids=self.merged,
            tables=_report(self.rows),
            suppressed=len(self.known.identifiers),
        )

    @property
    def due(self) -> date | None:
        """The first day on which more may be emptied."""
        return min((rows.until for rows in self.rows if rows.until is not None), default=None)


def plan_of_erasure(session: Session, root: type[Subject], key: int, keep: Mapping[str, str]) -> Plan:
    """Find all that belongs to somebody, and what becomes of it today; works past the guard."""
    connection = session.orm.connection()
    merged = merged_into(connection, key) if root is Account else ()
    entities = tuple(session.registry.entities.values())
    belong = with_dropped(connection, belongings(connection, entities, root, {key, *merged}), entities)
    day = session.crm.access.today()
    rows = tuple(each for cls in belong.classes if cls in belong.live for each in _treat(connection, cls, belong.live[cls], keep, day))
    return Plan(root=root, key=key, merged=merged, belong=belong, rows=rows, known=known_by(connection, belong))


def merged_into(connection: Connection, key: int) -> tuple[int, ...]:
    """Return the accounts that were merged into one, at any depth."""
    table = Account.__table__
    found: set[int] = set()
    waiting = {key}
    while waiting:
        waiting = set(connection.execute(select(table.c.id).where(table.c.merged_into_id.in_(waiting))).scalars()) - found - {key}
        found |= waiting
    return tuple(sorted(found))


def _treat(connection: Connection, cls: type[Entity], keys: set[int], keep: Mapping[str, str], day: date) -> Iterator[_Rows]:
    """Yield the rows of one entity: those that are emptied, and those of which the law, or whoever erases, wants something kept."""
    every, ordered = personal_columns(cls), tuple(sorted(keys))
    reason = keep.get(cls.entity_name())
    rule = cls.__retention__
    if not every:
        return
    if reason is not None:
        yield _Rows(cls=cls, keys=ordered, columns=(), keeps=every, law=reason, why=_ASKED)
        return
    if rule is None:
        yield _Rows(cls=cls, keys=ordered, columns=every)
        return
    ends = _ends(connection, cls, keys)
    over = tuple(key for key in ordered if (end := ends[key]) is not None and end <= day)
    held = tuple(key for key in ordered if key not in set(over))
    if over:
        yield _Rows(cls=cls, keys=over, columns=every)
    if held:
        until = min((end for key in held if (end := ends[key]) is not None), default=None)
        columns = personal_columns(cls, rule.keeps)
        yield _Rows(cls=cls, keys=held, columns=columns, keeps=rule.keeps, law=rule.law, why=rule.reason, until=until)


def _ends(connection: Connection, cls: type[Entity], keys: set[int]) -> dict[int, date | None]:
    """Return the day from which nothing of a row need be kept; None for ever, also where the date that it counts from is missing."""
    rule, table = cls.__retention__, cls.__table__
    if rule is None or rule.years is None:
        return dict.fromkeys(keys)
    found: dict[int, date | None] = {}
    for some in batches(sorted(keys)):
        for key, since in connection.execute(select(table.c.id, table.c[rule.since]).where(table.c.id.in_(some))):
            first = since.date() if isinstance(since, datetime) else since
            found[key] = None if first is None else _years_later(first, rule.years)
    return found


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


def _report(rows: Sequence[_Rows]) -> tuple[TableReport, ...]:
    found = []
    for cls in dict.fromkeys(each.cls for each in rows):
        mine = [each for each in rows if each.cls is cls]
        kept = next((each for each in mine if each.keeps), None)
        emptied = [each for each in mine if each.columns]
        found.append(
            TableReport(
                entity=cls.entity_name(),
                emptied=sum(len(each.keys) for each in emptied),
                columns=max((each.columns for each in emptied), key=len, default=()),
                kept=len(kept.keys) if kept else 0,
                keeps=kept.keeps if kept else (),
                law=kept.law if kept else "",
                why=kept.why if kept else _NOTHING,
                until=kept.until if kept else None,
            )
        )
    return tuple(found)


def carry_out(session: Session, plan: Plan, reason: str) -> Erasure:
    """Do what a plan says, in the session's transaction, with the write lock and past the guard."""
    connection = session.orm.connection()
    now, actor = session.now(), session.actor.name
    redacted = _redact(redaction.Redaction(session, plan.root.entity_name(), plan.key, reason), plan)
    _forget_merges(connection, plan)
    for rows in plan.rows:
        _empty(session, connection, rows)
    _stamp(session, connection, plan)
    _index(connection, plan)
    for cls, keys in plan.belong.live.items():
        session.unit.touched.note_keys(session, cls.entity_name(), sorted(keys))
    report = _report(plan.rows)
    row = {
        "kind": "erasure",
        "at": now,
        "actor": actor,
        "entity": plan.root.entity_name(),
        "entity_id": plan.key,
        "reason": reason,
        "report": [table.data() for table in report],
        "due": plan.due,
    }
    log_id = connection.execute(insert(PRIVACY_LOG).values(row).returning(PRIVACY_LOG.c.id)).scalar_one()
    suppression.add(session, connection, log_id, plan.known.identifiers)
    return Erasure(
        id=log_id,
        entity=plan.root.entity_name(),
        record_id=plan.key,
        merged_ids=plan.merged,
        at=now,
        actor=actor,
        reason=reason,
        tables=report,
        redacted=redacted,
        suppressed=len(plan.known.identifiers),
        due=plan.due,
    )


def _forget_merges(connection: Connection, plan: Plan) -> None:
    """Delete the journals that have values of the person: those merges cannot be undone any more."""
    accounts = {plan.key, *plan.merged} if plan.root is Account else set()
    rows = {cls: plan.belong.all(cls) for cls in plan.belong.classes}
    forget_merges(connection, merges_of(connection, accounts) | merges_that_keep(connection, rows))


def _redact(by: redaction.Redaction, plan: Plan) -> dict[str, int]:
    found = redaction.redact_values(by, plan.known.texts)
    counts = {AUDIT.name: 0, EVENT.name: 0}
    for cls in plan.belong.classes:
        keys = plan.belong.all(cls)
        counts[AUDIT.name] += redaction.redact_audit(by, cls, keys)
        counts[EVENT.name] += redaction.redact_events(by, cls, keys)
    declared = [event.cls for event in by.session.registry.events.values() if event.cls is not None]
    counts[EVENT.name] += redaction.redact_declared(by, declared, plan.belong)
    for name, count in counts.items():
        found[name] = found.get(name, 0) + count
    return {name: count for name, count in sorted(found.items()) if count}


def _empty(session: Session, connection: Connection, rows: _Rows) -> None:
    if not rows.columns:
        return
    table = rows.cls.__table__
    stamps = {"version": table.c.version + 1, "updated_at": session.now(), "updated_by": session.actor.name}
    statistical = _statistical(session, connection, rows)
    values = empty_values(rows.cls, [name for name in rows.columns if name != _CHARACTERISTICS or not statistical])
    assert isinstance(table, Table)  # noqa: S101 - what a mapped class has
    for some in batches(rows.keys):
        if statistical:
            for key, held in connection.execute(select(table.c.id, table.c[_CHARACTERISTICS]).where(table.c.id.in_(some))).all():
                left = {name: value for name, value in (held or {}).items() if name in statistical}
                connection.execute(update(table).where(table.c.id == key).values({_CHARACTERISTICS: left}))
        connection.execute(update(table).where(table.c.id.in_(some)).values({**values, **stamps}))


def _statistical(session: Session, connection: Connection, rows: _Rows) -> set[str]:
    """Return the characteristics of an entity by which nobody is known."""
    if _CHARACTERISTICS not in rows.columns:
        return set()
    definitions = session.crm.definitions.with_rows(connection, (), ()).of(rows.cls.entity_name())
    return {key for key, each in definitions.items() if not each.spec.personal}


def _stamp(session: Session, connection: Connection, plan: Plan) -> None:
    for cls in (Account, Person):
        table = cls.__table__
        assert isinstance(table, Table)  # noqa: S101 - what a mapped class has
        for some in batches(sorted(plan.belong.live.get(cls, ()))):
            fresh = table.c.id.in_(some), table.c[_ERASED].is_(None)
            connection.execute(update(table).where(*fresh).values({_ERASED: session.now()}))


def _index(connection: Connection, plan: Plan) -> None:
    """Write the words of the accounts anew, as far as there still are any."""
    people = Person.__table__
    accounts = set(plan.belong.live.get(Account, ()))
    for some in batches(sorted(plan.belong.live.get(Person, ()))):
        accounts.update(connection.execute(select(people.c.account_id).where(people.c.id.in_(some))).scalars())
    remove_documents(connection, accounts)
    write_documents(connection, read_documents(connection, accounts), new=True)
