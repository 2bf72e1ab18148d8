"""Kill workers while timers and recurring jobs fall due: none is forgotten, and each has its effect once."""

from __future__ import annotations

import itertools
from collections import Counter as Count
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from crash_scenarios import open_crm
from ledger_checks import effects, job_states

pytestmark = pytest.mark.feature("P2.6", "P2.hold")

BOTH = ("ledger", "clockwork")
START = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute, second=0.0):
    return (START + minute * MINUTE + timedelta(seconds=second)).isoformat()


def set_timers(url, minutes):
    """Set two timers for each minute, one of which is moved there from another one."""
    with open_crm(url, frozen=at(0), plugins=BOTH) as crm:
        crm.worker().run_until_idle()
        for minute in range(1, minutes + 1):
            with crm.session("test") as session:
                session.timers.set(f"timer:{minute}", START + minute * MINUTE, "ledger.ring")
                session.timers.set(f"moved:{minute}", START + 2 * minutes * MINUTE, "ledger.ring")
                session.commit()
            with crm.session("test") as session:
                session.timers.set(f"moved:{minute}", START + minute * MINUTE, "ledger.ring")
                session.commit()


def check_once(url, minutes, file):
    with open_crm(url, frozen=at(minutes), plugins=BOTH) as crm, crm.engine.connect() as connection:
        due = [(START + minute * MINUTE).isoformat() for minute in range(1, minutes + 1)]
        assert Count(due) == effects(connection, "tick")
        timers = Count(f"{kind}:{minute}" for minute in range(1, minutes + 1) for kind in ("timer", "moved"))
        assert timers == effects(connection, "ring")
        assert {"done"} == set(job_states(connection))
    outside = set(Path(file).read_text().splitlines())
    assert {f"ring {key}" for key in timers} | {f"tick {moment}" for moment in due} <= outside


def test_timers_and_recurring_jobs_fire_once_whenever_workers_are_killed(zygote, ledger_url, kills, rng, tmp_path):
    file = str(tmp_path / "outside")
    minutes = max(kills // 2, 3)
    set_timers(ledger_url, minutes)
    # Leases are shorter than the steps of the clock, so that each worker may take over from the one before.
    options = {"url": ledger_url, "file": file, "plugins": BOTH, "lease": 1.0}
    whole = zygote.run("work", frozen=at(1), **options).ok().lasted
    hit = 0
    for minute in range(2, minutes + 1):
        for life in itertools.count():
            after = rng.uniform(0, whole) if life < 2 else None
            ended = zygote.run("work", frozen=at(minute, 2 * life), kill_after=after, **options)
            hit += ended.status == "killed"
            if ended.status == "done":
                break
    check_once(ledger_url, minutes, file)
    assert hit >= minutes // 2, f"only {hit} kills met a worker that had not finished"


def test_timers_and_recurring_jobs_fire_once_when_a_worker_is_killed_at_any_statement(zygote, ledger_url, tmp_path):
    file = str(tmp_path / "outside")
    most = 200
    set_timers(ledger_url, most)
    for point in range(1, most + 1):
        options = {"file": file, "plugins": BOTH, "lease": 1.0}
        ended = zygote.run("work", url=ledger_url, frozen=at(point), die_at=point, **options)
        with open_crm(ledger_url, frozen=at(point, 2), plugins=BOTH, file=file) as crm:
            crm.worker().run_until_idle()
        if ended.status != "killed":
            ended.ok()
            break
    assert 30 < point < most
    with open_crm(ledger_url, frozen=at(point), plugins=BOTH) as crm:
        with crm.session("test") as session:
            for minute in range(point + 1, most + 1):
                session.timers.cancel(f"timer:{minute}")
                session.timers.cancel(f"moved:{minute}")
            session.commit()
        with crm.engine.connect() as connection:
            due = [(START + minute * MINUTE).isoformat() for minute in range(1, point + 1)]
            assert Count(due) == effects(connection, "tick")
            assert Count(f"{kind}:{minute}" for minute in range(1, point + 1) for kind in ("timer", "moved")) == effects(connection, "ring")


def test_occurrences_that_nobody_was_there_for_are_made_up_for_once(zygote, ledger_url, tmp_path):
    file = str(tmp_path / "outside")
    with open_crm(ledger_url, frozen=at(0, 30), plugins=BOTH) as crm:
        crm.worker().run_until_idle()
    zygote.run("work", url=ledger_url, frozen=at(10, 30), plugins=BOTH, file=file).ok()
    zygote.run("work", url=ledger_url, frozen=at(11, 30), plugins=BOTH, file=file).ok()
    with open_crm(ledger_url, frozen=at(12), plugins=BOTH) as crm, crm.engine.connect() as connection:
        assert Count([at(1), at(11)]) == effects(connection, "tick")
