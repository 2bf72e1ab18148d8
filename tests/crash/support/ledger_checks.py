"""What must hold in a database of the ledger, whatever was killed."""

from __future__ import annotations

from collections import Counter as Count

from crash_scenarios import make_tallies, open_crm
from crm_ledger import Echo, Effect, Entry, Tally
from sqlalchemy import select

from crmcore.model import AUDIT, EVENT, JOB
from crmcore.testing.databases import Template


def _prepare(url):
    with open_crm(url, migrate=True, plugins=("ledger", "clockwork")) as crm, crm.session("setup") as session:
        make_tallies(session)
        session.commit()


LEDGER = Template("ledger 1", _prepare)


def expected_after(numbers):
    """Return what `write_number` must have left after these numbers: entries with notes, what the audit counts, timers cancelled."""
    entries, audit, cancelled = {}, Count(), set()
    for number in numbers:
        entries[number] = ""
        audit["ledger.entry", "created"] += 1
        audit["ledger.echo", "created"] += 1
        if number % 3 == 0:
            entries[number - 1] = f"seen by {number}"
            audit["ledger.entry", "updated"] += 1
        if number % 4 == 0:
            del entries[number - 2]
            audit["ledger.entry", "deleted"] += 1
            cancelled.add(number - 2)
    return entries, audit, cancelled


def check_run(connection, run, acknowledged, begun, first=1):
    """Assert that a run left whole commits only: all that were acknowledged, and at most the one that had begun; return how many."""
    events = connection.execute(select(EVENT).where(EVENT.c.actor == run)).all()
    done = sum(event.type == "ledger.posted" for event in events)
    assert acknowledged <= done <= begun, f"{run}: {acknowledged} commits were acknowledged, {begun} begun, {done} are there"
    numbers = range(first, first + done)
    entries, audit, cancelled = expected_after(numbers)
    found = connection.execute(select(Entry.number, Entry.note).where(Entry.run == run)).all()
    assert sorted(entries.items()) == sorted(tuple(row) for row in found), run
    echoes = connection.execute(select(Echo.number).where(Echo.run == run)).scalars().all()
    assert list(numbers) == sorted(echoes), run
    rows = connection.execute(select(AUDIT).where(AUDIT.c.actor == run)).all()
    assert audit == Count((row.entity, row.verb) for row in rows), run
    # Each record change has its audit row and its event, of the same commit.
    told = Count((row.entity, row.entity_id, row.verb, row.correlation_id) for row in rows)
    published = Count((e.entity, e.entity_id, e.type.rpartition(".")[2], e.correlation_id) for e in events if e.entity)
    assert told == published, run
    assert done == len({event.correlation_id for event in events}), run
    _check_queue(connection, run, numbers, events, cancelled)
    return done


def _check_queue(connection, run, numbers, events, cancelled):
    ids = {event.correlation_id for event in events}
    jobs = connection.execute(select(JOB).where(JOB.c.correlation_id.in_(ids))).all() if ids else []
    handled = {"ledger.entry.created": "ledger.deliver_entry", "ledger.posted": "ledger.deliver_posted"}
    wanted = Count((event.event_id, handled[event.type]) for event in events if event.type in handled)
    assert wanted == Count((job.event_id, job.name) for job in jobs if job.kind == "delivery"), run
    tokens = [f"{run}:{number}" for number in numbers]
    assert Count(tokens) == Count(job.args["token"] for job in jobs if job.kind == "job"), run
    timers = {job.key: job.state for job in jobs if job.kind == "timer"}
    assert {f"{run}:{n}": "cancelled" if n in cancelled else "queued" for n in numbers} == timers, run


def check_totals(connection):
    """Assert that over the whole database nothing exists without what it belongs to."""
    posted = connection.execute(select(EVENT.c.event_id).where(EVENT.c.type == "ledger.posted")).all()
    assert len(posted) == tally(connection, "commits")
    records = set(connection.execute(select(Entry.id)).scalars()) | {-number for number in connection.execute(select(Echo.id)).scalars()}
    rows = connection.execute(select(AUDIT.c.entity, AUDIT.c.entity_id, AUDIT.c.verb).where(AUDIT.c.entity.like("ledger.%"))).all()
    created = {row.entity_id * (1 if row.entity == "ledger.entry" else -1) for row in rows if row.verb == "created"}
    deleted = {row.entity_id for row in rows if row.verb == "deleted"}
    assert records == created - deleted
    orphans = select(JOB.c.id).where(JOB.c.event_id.is_not(None), JOB.c.event_id.not_in(select(EVENT.c.event_id)))
    assert connection.execute(orphans).all() == []


def tally(connection, name):
    return connection.execute(select(Tally.total).where(Tally.name == name)).scalar_one()


def effects(connection, what):
    """Return how often each effect of a kind happened, by token."""
    return Count(connection.execute(select(Effect.token).where(Effect.what == what)).scalars())


def job_states(connection):
    return Count(connection.execute(select(JOB.c.state)).scalars())
