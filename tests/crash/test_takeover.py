"""Kill workers that hold leases while others work beside them: the others take over, and no job ever runs twice at once."""

from __future__ import annotations

import time
from collections import Counter as Count
from pathlib import Path

import attrs
import pytest
from crash_scenarios import open_crm
from ledger_checks import effects, job_states, tally

pytestmark = pytest.mark.feature("P2.6", "P2.hold")

LEASE = 0.5


@attrs.define
class Run:
    """One run of a job by a worker, in nanoseconds of the monotonic clock that all processes share."""

    job: str
    who: str
    start: int
    end: int | None = None


def read_runs(file, deaths):
    """Return the runs in the order in which they began; one without an end ended at the latest when its process was dead."""
    runs, open_runs = [], {}
    for line in Path(file).read_text().splitlines():
        word, job, who, moment = line.split()
        if word == "start":
            open_runs[job, who] = run = Run(job, who, int(moment))
            runs.append(run)
        else:
            open_runs.pop((job, who)).end = int(moment)
    for run in open_runs.values():
        run.end = deaths[run.who.split(".")[0]]
    return sorted(runs, key=lambda run: run.start)


def overlaps(runs):
    last = {}
    for run in runs:
        before = last.get(run.job)
        if before is not None and run.start < before.end:
            yield before, run
        if before is None or run.end > before.end:
            last[run.job] = run


def test_another_worker_takes_over_from_one_that_was_killed_and_no_job_runs_twice_at_once(zygote, ledger_url, kills, rng, tmp_path):
    file, until = str(tmp_path / "runs"), tmp_path / "until"
    victims = max(kills // 4, 3)
    jobs = 40 * victims
    with open_crm(ledger_url) as crm, crm.session("test") as session:
        for number in range(jobs):
            session.jobs.enqueue("ledger.step", {"token": number})
        session.commit()
    options = {"url": ledger_url, "file": file, "pause": 5, "lease": LEASE, "batch": 5, "until": str(until)}
    workers = [zygote.start("serve", **options) for _ in range(3)]
    deaths = {}
    for _ in range(victims):
        victim = workers.pop(rng.randrange(len(workers)))
        ended = zygote.kill(victim, rng.uniform(0.05, 0.25))
        deaths[str(victim)] = ended.at_ns
        workers.append(zygote.start("serve", **options))
    with open_crm(ledger_url) as crm:
        patience = time.monotonic() + 60
        while time.monotonic() < patience:
            with crm.engine.connect() as connection:
                if set(job_states(connection)) == {"done"}:
                    break
            time.sleep(0.05)
        until.touch()
        for worker in workers:
            zygote.wait(worker).ok()
        with crm.engine.connect() as connection:
            assert {"done": jobs} == job_states(connection)
            assert Count(str(number) for number in range(jobs)) == effects(connection, "step")
            assert jobs == tally(connection, "steps")
    runs = read_runs(file, deaths)
    assert list(overlaps(runs)) == []
    assert len({run.who for run in runs}) > victims // 2
    # Some were cut off, and somebody else ran them again.
    assert len(runs) > jobs


def test_a_lease_that_its_worker_prolongs_is_not_taken_over(zygote, ledger_url, tmp_path):
    file = str(tmp_path / "runs")
    with open_crm(ledger_url) as crm, crm.session("test") as session:
        session.jobs.enqueue("ledger.step", {"token": "long"})
        session.commit()
    # Six leases long; the other looks for work all the time.
    slow = zygote.start("work", url=ledger_url, file=file, pause=1_200, lease=0.2)
    while not Path(file).exists():
        time.sleep(0.01)
    until = tmp_path / "until"
    other = zygote.start("serve", url=ledger_url, file=file, lease=0.2, until=str(until))
    zygote.wait(slow).ok()
    until.touch()
    zygote.wait(other).ok()
    assert len(read_runs(file, {})) == 1
    with open_crm(ledger_url) as crm, crm.engine.connect() as connection:
        assert Count(["long"]) == effects(connection, "step")
