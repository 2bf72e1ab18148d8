from __future__ import annotations

import os
import signal
import threading
import time

from sqlalchemy import func, select, update

from crm_ledger.model import Echo, Effect, Entry, Posted, Tally
from crmcore import Every, Handler, Job, Phase

MANY = 10_000
"""Attempts: the tests kill a worker more often than any real one dies."""


def note_outside(session, line):
    """Append one line to the file of the settings, in one write: what happens outside the database."""
    path = session.settings("ledger")["file"]
    if path:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)


def raise_tally(session, name, by=1):
    """Add to a sum, which must exist: neither repetition nor omission can hide."""
    session.flush()
    done = session.execute(update(Tally).where(Tally.name == name).values(total=Tally.total + by))
    assert done.rowcount == 1, name


def count_commit(session, changes):
    entries = sum(isinstance(change.record, Entry) and change.verb == "created" for change in changes)
    if entries and session.scalar(select(Tally.id).where(Tally.name == "commits")) is not None:
        raise_tally(session, "commits")


def echo(session, event):
    session.add(Echo(run=event.changes["run"][1], number=event.changes["number"][1]))


def deliver_entry(session, event):
    note_outside(session, f"entry {event.event_id}")
    session.add(Effect(what="entry", token=event.event_id))
    raise_tally(session, "delivered")


def deliver_posted(session, event):
    posted = event.read(Posted)
    note_outside(session, f"posted {event.event_id}")
    session.add(Effect(what="posted", token=f"{posted.run}:{posted.number}"))
    raise_tally(session, "delivered")


def run_step(session, run):
    """Take a while, between two lines outside the database that show when it ran and where."""
    who = f"{os.getpid()}.{threading.get_ident()}"
    note_outside(session, f"start {run.id} {who} {time.monotonic_ns()}")
    pause = session.settings("ledger")["pause"]
    if pause:
        time.sleep(pause / 1000)
    session.add(Effect(what="step", token=str(run.args["token"])))
    raise_tally(session, "steps")
    note_outside(session, f"end {run.id} {who} {time.monotonic_ns()}")


def ring(session, run):
    note_outside(session, f"ring {run.key}")
    session.add(Effect(what="ring", token=run.key))


def see(session, run):
    del run
    session.add(Effect(what="seen", token=str(session.scalar(select(func.count()).select_from(Entry)))))


def poison(session, run):
    del session, run
    os.kill(os.getpid(), signal.SIGKILL)


def fail(session, run):
    session.add(Effect(what="failed", token=str(run.id)))
    session.flush()
    message = "this job always fails"
    raise RuntimeError(message)


def tick(session, run):
    note_outside(session, f"tick {run.due.isoformat()}")
    session.add(Effect(what="tick", token=run.due.isoformat()))


HANDLERS = [
    Handler(event="ledger.entry.created", fn=echo, phase=Phase.IN_TRANSACTION),
    Handler(event="ledger.entry.created", fn=deliver_entry, max_attempts=MANY),
    Handler(event=Posted, fn=deliver_posted, max_attempts=MANY),
]
JOBS = [
    Job(name="ledger.step", fn=run_step, max_attempts=MANY),
    Job(name="ledger.patient", fn=run_step),
    Job(name="ledger.ring", fn=ring, max_attempts=MANY),
    Job(name="ledger.see", fn=see),
    Job(name="ledger.poison", fn=poison),
    Job(name="ledger.fail", fn=fail, max_attempts=3),
]
RECURRING = Job(name="clockwork.tick", fn=tick, every=Every(minutes=1), max_attempts=MANY)
