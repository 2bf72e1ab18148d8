"""Kill a worker while it delivers events and runs jobs: nothing is lost, and in the database everything happens once."""

from __future__ import annotations

import itertools
from collections import Counter as Count
from pathlib import Path

import pytest
from crash_scenarios import open_crm, write_number
from crm_ledger import Posted
from ledger_checks import effects, job_states, tally
from sqlalchemy import select

from crmcore.model import EVENT, JOB

pytestmark = pytest.mark.feature("P2.6", "P2.hold")

LIFE = 120.0
"""Seconds by which the clock of each worker is ahead of the one before: whatever the dead one leased is free again."""


def write(crm, run, numbers):
    for number in numbers:
        with crm.session(run) as session:
            write_number(session, run, number)
            session.commit()


def published(connection, kind):
    return connection.execute(select(EVENT.c.event_id).where(EVENT.c.type == kind)).scalars().all()


def check_once(connection, file):
    """Assert that each delivery and job had its effect in the database once, and outside at least once."""
    entries, posted = published(connection, "ledger.entry.created"), published(connection, "ledger.posted")
    tokens = [job.args["token"] for job in connection.execute(select(JOB.c.args).where(JOB.c.name == "ledger.step"))]
    assert Count(entries) == effects(connection, "entry")
    assert len(posted) == effects(connection, "posted").total() == len(effects(connection, "posted"))
    assert Count(tokens) == effects(connection, "step")
    assert len(entries) + len(posted) == tally(connection, "delivered")
    assert len(tokens) == tally(connection, "steps")
    outside = Count(Path(file).read_text().splitlines())
    assert {f"entry {event}" for event in entries} | {f"posted {event}" for event in posted} == {
        line for line in outside if line.startswith(("entry", "posted"))
    }
    return outside


def test_workers_killed_at_random_moments_deliver_every_event_and_leave_each_effect_once(zygote, ledger_url, kills, rng, tmp_path):
    file = str(tmp_path / "outside")
    hit, life = 0, itertools.count(1)
    with open_crm(ledger_url) as crm:
        write(crm, "whole", (1, 2))
        whole = zygote.run("work", url=ledger_url, file=file, ahead=LIFE * next(life)).ok().lasted
        for number in range(kills):
            write(crm, f"run{number}", (1, 2))
            after = rng.uniform(0, 1.2 * whole)
            ended = zygote.run("work", url=ledger_url, file=file, ahead=LIFE * next(life), kill_after=after)
            hit += ended.status == "killed"
        # Nobody kills the last one, which comes after the hour for which the timers were set.
        zygote.run("work", url=ledger_url, file=file, ahead=LIFE * next(life) + 7_200).ok()
        with crm.engine.connect() as connection:
            outside = check_once(connection, file)
            assert {"done"} == set(job_states(connection))
            runs = ["whole", *(f"run{number}" for number in range(kills))]
            assert effects(connection, "ring") == Count(f"{run}:{step}" for run in runs for step in (1, 2))
    assert hit >= kills // 3, f"only {hit} of {kills} kills met a worker that had not finished"
    # A kill between an effect outside and the commit repeats it: if that never happened, the kills came at the wrong moments.
    assert max(outside.values()) > 1 or kills < 20


def test_a_worker_killed_at_any_statement_leaves_each_effect_once(zygote, ledger_url, tmp_path):
    file = str(tmp_path / "outside")
    point, life, status = 0, itertools.count(1), "killed"
    with open_crm(ledger_url) as crm:
        while status == "killed":
            point += 1
            write(crm, f"point{point}", (1,))
            ended = zygote.run("work", url=ledger_url, file=file, ahead=LIFE * next(life), die_at=point)
            status = ended.status
            crm.clock.shift(LIFE * next(life))
            crm.worker().run_until_idle()
            crm.clock.shift(0)
            with crm.engine.connect() as connection:
                assert tally(connection, "delivered") == 2 * point
                assert tally(connection, "steps") == point
        ended.ok()
        with crm.engine.connect() as connection:
            Path(file).touch()
            assert Count(published(connection, "ledger.entry.created")) == effects(connection, "entry")
            assert len(published(connection, "ledger.posted")) == len(effects(connection, "posted"))
    # A delivery of each kind and a job, each with claim, effect and end.
    assert point > 30, point


def test_a_job_that_kills_its_worker_every_time_is_laid_among_the_dead_and_takes_no_other_with_it(zygote, ledger_url, tmp_path):
    file, life = str(tmp_path / "outside"), itertools.count(1)
    with open_crm(ledger_url) as crm:
        with crm.session("test") as session:
            session.jobs.enqueue("ledger.poison")
            session.publish(Posted(run="innocent", number=1))
            for number in range(10):
                session.jobs.enqueue("ledger.patient", {"token": number})
            session.commit()
        # Eight attempts are what a job gets when its plugin says nothing.
        statuses = [zygote.run("work", url=ledger_url, file=file, ahead=LIFE * next(life)).status for _ in range(9)]
        assert statuses == ["killed"] * 8 + ["done"]
        with crm.engine.connect() as connection:
            dead = connection.execute(select(JOB.c.name, JOB.c.attempts, JOB.c.last_error).where(JOB.c.state == "dead")).all()
            assert [tuple(row)[:2] for row in dead] == [("ledger.poison", 8)]
            assert Count(str(number) for number in range(10)) == effects(connection, "step")
            attempts = connection.execute(select(JOB.c.attempts).where(JOB.c.name == "ledger.patient")).scalars().all()
    # They were claimed together with it, and never begun before it was gone.
    assert set(attempts) == {1}
