"""Deliveries, timers, jobs and schedules, with time that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from crmcore import Account, Every, Handler, Job, Rule
from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import EVENT, JOB, SCHEDULE
from crmcore.storage import write_transaction
from crmcore.testing.plugins import make_plugin
from crmcore.testing.time import advance, advance_to
from crmcore.work import queue

pytestmark = pytest.mark.feature("P2.6")
HOUR = timedelta(hours=1)
RAN: list[tuple[object, ...]] = []


@pytest.fixture(autouse=True)
def _forget():
    RAN.clear()


def note_account(session, event):
    RAN.append((event.type, event.id, session.actor.name, session.source, event.depth))
    if event.depth == 0:
        session.add(Account(name=f"Copy of {event.id}"))


def explode(session, event):
    RAN.append(("explode", session.now()))
    session.add(Account(name="Never kept"))
    session.flush()
    raise ZeroDivisionError


def note_run(session, run):
    RAN.append((run.name, dict(run.args), run.attempt, session.now()))


def fail_twice(session, run):
    RAN.append((run.attempt, session.now()))
    if run.attempt < 3:
        raise ValueError("not yet")


def rearm(session, run):
    RAN.append(("rearm", session.now()))
    session.timers.set("again", session.now() + timedelta(days=1), "toy.rearm")


def endless(session, event):
    session.require(Account, event.id).phone1 = f"+39 0424 {int((session.require(Account, event.id).phone1 or '0')[-6:]) + 1:06}"


JOBS = [
    Job(name="toy.note", fn=note_run),
    Job(name="toy.flaky", fn=fail_twice, backoff=timedelta(minutes=1)),
    Job(name="toy.rearm", fn=rearm),
]


def toy(**hooks):
    return make_plugin("toy", **{"crm_jobs": JOBS} | hooks)


def add(crm, name="Bellini"):
    with crm.session("anna") as s:
        account = s.add(Account(name=name))
        s.commit()
    return account


def states(crm):
    with crm.engine.connect() as connection:
        return [row.state for row in connection.execute(select(JOB.c.state).order_by(JOB.c.id))]


def count(crm):
    with crm.session("anna") as s:
        return s.scalar(select(func.count()).select_from(Account))


def test_an_event_is_delivered_after_the_commit_by_a_system_actor(open_crm):
    crm = open_crm(toy(crm_handlers=[Handler(event="account.created", fn=note_account)]))
    account = add(crm)
    assert RAN == []
    assert crm.worker().run_until_idle() == 2
    assert [
        ("account.created", account.id, "system:toy", "event:toy.note_account", 0),
        ("account.created", account.id + 1, "system:toy", "event:toy.note_account", 1),
    ] == RAN
    assert states(crm) == ["done", "done"]
    assert crm.worker().run_until_idle() == 0


def test_a_handler_and_a_job_of_one_name_are_two_things(open_crm):
    crm = open_crm(toy(crm_handlers=[Handler(event="account.created", fn=explode, name="note", max_attempts=1)]))
    add(crm)
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.note")
        s.commit()
    crm.worker().run_until_idle()

    assert sorted(str(ran[0]) for ran in RAN) == ["explode", "toy.note"]
    assert sorted(states(crm)) == ["dead", "done"]


def test_what_is_not_committed_is_not_delivered(open_crm):
    crm = open_crm(toy(crm_handlers=[Handler(event="account.created", fn=note_account)]))
    with crm.session("anna") as s:
        s.add(Account(name="Bellini"))
        s.jobs.enqueue("toy.note")
        s.flush()
        s.rollback()
    assert crm.worker().run_until_idle() == 0


def test_a_failing_handler_touches_neither_the_change_nor_the_others_and_is_retried_with_growing_pauses(open_crm, frozen_clock):
    handlers = [Handler(event="account.created", fn=explode, max_attempts=3), Handler(event="account.created", fn=note_account)]
    crm = open_crm(toy(crm_handlers=handlers))
    start = frozen_clock.now()
    add(crm)
    advance(crm, HOUR)
    tries = [entry[1] for entry in RAN if entry[0] == "explode"][::2]
    assert [at - start for at in tries] == [timedelta(0), timedelta(seconds=10), timedelta(seconds=30)]
    assert count(crm) == 2
    with crm.engine.connect() as connection:
        dead = connection.execute(select(JOB.c.name, JOB.c.attempts, JOB.c.last_error).where(JOB.c.state == "dead")).all()
    assert {(row.name, row.attempts) for row in dead} == {("toy.explode", 3)}
    assert all("ZeroDivisionError" in row.last_error for row in dead)


def test_dead_letters_can_be_retried(open_crm):
    crm = open_crm(toy(crm_handlers=[Handler(event="account.created", fn=explode, max_attempts=1)]))
    add(crm)
    crm.worker().run_until_idle()
    assert states(crm) == ["dead"]
    assert crm.jobs.retry([1]) == 1
    assert states(crm) == ["queued"]
    crm.worker().run_until_idle()
    assert (states(crm), len(RAN)) == (["dead"], 2)
    with pytest.raises(RecordNotFound, match="job 99"):
        crm.jobs.retry([99])
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.note")
        s.commit()
    with pytest.raises(UsageError, match="JOB_NOT_DEAD"):
        crm.jobs.retry([2])


def test_a_job_runs_once_with_its_arguments(open_crm, frozen_clock):
    crm = open_crm(toy())
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.note", {"accounts": [1, 2], "on": date(2026, 5, 11)})
        s.commit()
    assert crm.worker().run_until_idle() == 1
    assert [("toy.note", {"accounts": [1, 2], "on": "2026-05-11"}, 1, frozen_clock.now())] == RAN


def test_a_key_waits_once(open_crm):
    crm = open_crm(toy())
    for _ in range(3):
        with crm.session("anna") as s:
            s.jobs.enqueue("toy.note", key="feed:7")
            s.jobs.enqueue("toy.note", key="feed:7")
            s.commit()
    assert crm.worker().run_until_idle() == 1


def test_retries_follow_the_back_off_of_the_job(open_crm, frozen_clock):
    crm = open_crm(toy())
    start = frozen_clock.now()
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.flaky")
        s.commit()
    advance(crm, HOUR)
    assert [(attempt, at - start) for attempt, at in RAN] == [(1, timedelta(0)), (2, timedelta(minutes=1)), (3, timedelta(minutes=3))]
    assert states(crm) == ["done"]


def test_a_timer_fires_once_at_its_time_and_can_be_moved_and_cancelled(open_crm, frozen_clock):
    crm = open_crm(toy())
    start = frozen_clock.now()
    with crm.session("anna") as s:
        for key in ("kept", "moved", "cancelled"):
            s.timers.set(key, start + timedelta(days=3), "toy.note", {"key": key})
        s.commit()
        s.timers.set("moved", start + timedelta(days=5), "toy.note", {"key": "moved"})
        s.timers.cancel("cancelled")
        s.timers.set("dropped", start + HOUR, "toy.note")
        s.timers.cancel("dropped")
        s.commit()
    crm.close()
    crm = open_crm(toy())
    assert advance(crm, timedelta(days=30)) >= 2
    assert [(args["key"], at - start) for _, args, _, at in RAN] == [("kept", timedelta(days=3)), ("moved", timedelta(days=5))]


@pytest.mark.feature("F06")
def test_a_timer_counts_working_days_in_the_zone_of_the_deployment(open_crm):
    crm = open_crm(toy())
    with crm.session("anna") as s:
        at = s.timers.set_after_working_days("call:1", date(2026, 5, 14), 3, "toy.note", at=time(9, 0))
        s.commit()
    assert at == datetime(2026, 5, 19, 7, 0, tzinfo=UTC)


def test_a_job_may_set_its_own_timer_again(open_crm, frozen_clock):
    crm = open_crm(toy())
    with crm.session("anna") as s:
        s.timers.set("again", frozen_clock.now(), "toy.rearm")
        s.commit()
    advance(crm, timedelta(days=4))
    assert len(RAN) == 5


def test_recurring_jobs_fire_at_local_time_across_the_change_of_clocks(open_crm, frozen_clock):
    crm = open_crm(
        make_plugin("toy", crm_jobs=[Job(name="toy.nightly", fn=note_run, every=Rule("FREQ=DAILY;BYHOUR=6;BYMINUTE=0;BYSECOND=0"))])
    )
    frozen_clock.freeze(datetime(2026, 10, 23, 12, tzinfo=UTC))
    advance_to(crm, datetime(2026, 10, 27, 12, tzinfo=UTC))
    assert [at.hour for *_, at in RAN] == [4, 5, 5, 5]


def test_thirty_days_of_an_hourly_job_take_no_time(open_crm):
    crm = open_crm(make_plugin("toy", crm_jobs=[Job(name="toy.hourly", fn=note_run, every=Every(hours=6))]))
    advance(crm, timedelta(days=30))
    assert len(RAN) == 120


def test_missed_occurrences_run_once(open_crm, frozen_clock):
    crm = open_crm(make_plugin("toy", crm_jobs=[Job(name="toy.hourly", fn=note_run, every=Every(hours=1))]))
    worker = crm.worker()
    worker.run_until_idle()
    frozen_clock.advance(timedelta(days=7))
    worker.run_until_idle()
    assert len([name for name, *_ in RAN if name == "toy.hourly"]) == 1


def test_the_work_of_a_plugin_that_is_not_enabled_waits(open_crm):
    crm = open_crm(toy())
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.note")
        s.commit()
    crm.close()
    without = open_crm()
    assert without.worker().run_until_idle() == 0
    without.close()
    assert open_crm(toy()).worker().run_until_idle() == 1


def test_a_dead_worker_loses_its_jobs_and_they_are_done_by_another(open_crm, frozen_clock):
    crm = open_crm(toy())
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.note")
        s.commit()
    with write_transaction(crm.engine) as connection:
        assert len(queue.claim(connection, "dead", ["toy.note"], frozen_clock.now(), timedelta(seconds=60), 10)) == 1
    assert crm.worker().run_until_idle() == 0
    frozen_clock.advance(timedelta(seconds=61))
    assert crm.worker().run_until_idle() == 1
    assert RAN[0][2] == 2


def steal(session, run):
    """Another worker takes the job over while this one is at it."""
    RAN.append(("steal", run.attempt))
    session.add(Account(name="Twice?"))
    if run.attempt == 1:
        STOLEN[0].advance(timedelta(minutes=10))
        other = STOLEN[1].worker(name="other")
        other.run_until_idle()


STOLEN: list = []


def test_a_worker_that_lost_its_lease_leaves_no_effect(open_crm, frozen_clock):
    crm = open_crm(make_plugin("toy", crm_jobs=[Job(name="toy.steal", fn=steal)]))
    STOLEN[:] = [frozen_clock, crm]
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.steal")
        s.commit()
    crm.worker(name="slow").run_until_idle()
    assert [attempt for _, attempt in RAN] == [1, 2]
    assert count(crm) == 1
    assert states(crm) == ["done"]


@pytest.mark.feature("F07")
def test_a_loop_through_the_outbox_stops_too(open_crm):
    crm = open_crm(toy(crm_handlers=[Handler(event="account.updated", fn=endless)]))
    account = add(crm)
    with crm.session("anna") as s:
        s.require(Account, account.id).name = "Start"
        s.commit()
    crm.worker().run_until_idle()
    with crm.engine.connect() as connection:
        types = [row.type for row in connection.execute(select(EVENT.c.type).order_by(EVENT.c.event_id))]
    assert types.count("account.updated") == 9
    assert types.count("automation.loop_detected") == 1


def test_an_idle_worker_takes_no_write_lock(open_crm, count_statements):
    crm = open_crm(toy(), busy_timeout=0.2)
    worker = crm.worker()
    worker.run_until_idle()
    # Who wanted the lock of SQLite would be refused here.
    with write_transaction(crm.engine), count_statements(crm) as seen:
        assert worker.run_once() == 0
    assert not [statement for statement in seen if not statement.startswith("SELECT")]


def test_finished_rows_are_pruned_and_dead_ones_stay(open_crm):
    crm = open_crm(toy(crm_handlers=[Handler(event="account.created", fn=explode, max_attempts=1)]))
    add(crm)
    with crm.session("anna") as s:
        s.jobs.enqueue("toy.note")
        s.commit()
    advance(crm, timedelta(days=40))
    with crm.engine.connect() as connection:
        kept = connection.execute(select(JOB.c.name, JOB.c.state).where(JOB.c.plugin == "toy")).all()
        schedules = connection.execute(select(SCHEDULE.c.job)).scalars().all()
    assert kept == [("toy.explode", "dead")]
    assert sorted(schedules) == ["core.audit_expire", "core.audit_seal", "core.prune", "core.signin"]


@pytest.mark.parametrize(("name", "args", "code"), [("toy.nte", {}, "JOB_UNKNOWN"), ("toy.note", {"x": object()}, "JOB_ARGUMENTS")])
def test_bad_jobs_are_refused_where_they_are_asked_for(open_crm, name, args, code):
    crm = open_crm(toy())
    with crm.session("anna") as s, pytest.raises(UsageError, match=code):
        s.jobs.enqueue(name, args)
