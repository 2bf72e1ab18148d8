"""Kill a process while it commits: every commit is there as a whole, with its history, events, deliveries, jobs and timers, or not at all."""

from __future__ import annotations

import pytest
from crash_scenarios import open_crm
from ledger_checks import check_run, check_totals

pytestmark = pytest.mark.feature("P2.6", "P2.hold")


def check_end(connection, run, ended):
    begun, acknowledged = len(ended.all("begin")), len(ended.all("end"))
    return begun > acknowledged, check_run(connection, run, acknowledged, begun)


def test_a_process_killed_at_a_random_moment_leaves_whole_commits(zygote, ledger_url, kills, rng):
    # How long a commit takes on this machine decides when to kill.
    whole = zygote.run("commits", url=ledger_url, run="whole", times=5).ok()
    assert whole.all("end") == ["1", "2", "3", "4", "5"]
    inside = killed = done = 0
    with open_crm(ledger_url) as crm, crm.engine.connect() as connection:
        for number in range(kills):
            run = f"run{number}"
            ended = zygote.run("commits", url=ledger_url, run=run, times=1_000, kill_after=rng.uniform(0, 0.08))
            killed += ended.status == "killed"
            was_inside, count = check_end(connection, run, ended)
            inside += was_inside
            done += count
            connection.rollback()
        check_totals(connection)
    assert killed == kills
    assert done > 0
    # Otherwise the moments prove nothing: most of the time goes into committing.
    assert inside >= kills // 3, f"only {inside} of {kills} kills hit a commit"


def test_a_process_killed_at_any_statement_leaves_whole_commits(zygote, ledger_url):
    points = counts = 0
    seen = set()
    with open_crm(ledger_url) as crm, crm.engine.connect() as connection:
        while True:
            points += 1
            run = f"point{points}"
            ended = zygote.run("commits", url=ledger_url, run=run, times=4, die_at=points)
            _, count = check_end(connection, run, ended)
            connection.rollback()
            seen.add(count)
            counts += ended.status == "killed"
            if ended.status != "killed":
                ended.ok()
                break
        check_totals(connection)
    assert seen == {0, 1, 2, 3, 4}
    # Four commits of a good ten statements each, before and after every one.
    assert points > 80, points
    assert counts == points - 1
