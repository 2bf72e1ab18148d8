"""Kill a process while it commits: each commit is there with its history, events, deliveries, jobs and timers, or not at all."""

from __future__ import annotations

import pytest
from crash_scenarios import open_crm, write_number
from ledger_checks import check_run, check_totals

pytestmark = pytest.mark.feature("P2.6", "P2.hold")

FULL = 12
"""The number of a commit that creates, updates, deletes, publishes, enqueues, sets a timer and cancels one."""


def test_a_process_killed_at_a_random_moment_leaves_whole_commits(zygote, ledger_url, kills, rng):
    zygote.run("commits", url=ledger_url, run="whole", times=FULL).ok()
    inside = done = 0
    with open_crm(ledger_url) as crm, crm.engine.connect() as connection:
        assert check_run(connection, "whole", FULL, FULL) == FULL
        connection.rollback()
        for number in range(kills):
            run = f"run{number}"
            ended = zygote.run("commits", url=ledger_url, run=run, times=1_000, kill_after=rng.uniform(0, 0.1))
            assert ended.status == "killed", ended
            begun, acknowledged = len(ended.all("begin")), len(ended.all("end"))
            inside += begun > acknowledged
            done += check_run(connection, run, acknowledged, begun)
            connection.rollback()
        check_totals(connection)
    assert done > 0
    # Otherwise the moments prove nothing: most of the time goes into committing.
    assert inside >= kills // 3, f"only {inside} of {kills} kills hit a commit"


def test_a_process_killed_at_any_statement_leaves_whole_commits(zygote, ledger_url):
    point, seen, status = 0, set(), "killed"
    with open_crm(ledger_url) as crm:
        while status == "killed":
            point += 1
            run = f"point{point}"
            for number in (FULL - 2, FULL - 1):
                with crm.session(run) as session:
                    write_number(session, run, number)
                    session.commit()
            ended = zygote.run("commits", url=ledger_url, run=run, times=2, first=FULL, die_at=point)
            status = ended.status
            with crm.engine.connect() as connection:
                begun, acknowledged = len(ended.all("begin")), len(ended.all("end"))
                seen.add(check_run(connection, run, 2 + acknowledged, 2 + begun, first=FULL - 2))
        ended.ok()
        with crm.engine.connect() as connection:
            check_totals(connection)
    assert seen == {2, 3, 4}
    # Two commits of a good ten statements each, and a moment before and after every one.
    assert point > 30, point
