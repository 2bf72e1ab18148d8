"""Merging while others write to the same accounts, and being killed in the middle."""

from __future__ import annotations

import os
import random
import signal

import pytest
from crm_trade.model import Document, Visit
from merge_checks import account_keys, dangling, dump
from sqlalchemy import event, func, select

from crmcore import Crm, StaleVersion, ValidationFailed
from crmcore.errors import WriteConflict
from crmcore.model import Account, AccountMerge, Interaction, Person
from tests.processes import fork, wait_for

pytestmark = pytest.mark.feature("S07", "I-5", "I-17", "I-18", "P2.6")

RELAXED = {"core": {"required_account_fields": ["name"]}}
EXPECTED = {"VALIDATION_FAILED", "ACCOUNT_MERGED", "STALE_VERSION", "WRITE_CONFLICT"}
GROUPS, WRITERS, TIMES = 12, 3, 40


@pytest.fixture
def url(open_crm, trade):
    crm = open_crm(trade)
    return crm.engine.url.render_as_string(hide_password=False)


def open_again(url, trade):
    return Crm.open(url, plugins=[trade], settings=RELAXED)


def write_to(crm, key, token):
    """Write something of each kind for whatever an account has become; return whether it was kept."""
    try:
        with crm.session("writer") as s:
            account = s.accounts.require(key)
            s.accounts.add_person(account, token)
            s.add(Visit(account_id=account.id, text=token))
            s.add(Document(entity="account", record_id=account.id, text=token))
            s.commit()
    except (ValidationFailed, StaleVersion, WriteConflict) as error:
        if not {problem.code for problem in error.problems} | {error.code} <= EXPECTED:
            raise
        return False
    return True


def keep_writing(url, trade, keys, number, file):
    rng = random.Random(number)
    refused = 0
    with open_again(url, trade) as crm:
        for step in range(TIMES):
            token, key = f"{number}-{step}", rng.choice(keys)
            while not write_to(crm, key, token):
                refused += 1
            file.write_text((file.read_text() if file.exists() else "") + f"{token}\n")
    file.with_suffix(".refused").write_text(str(refused))


def merge_all(url, trade, groups):
    with open_again(url, trade) as crm:
        for survivor, *others in groups:
            for other in others:
                while not merge_one(crm, survivor, other):
                    pass


def merge_one(crm, survivor, other):
    try:
        with crm.session("merger") as s:
            s.merges.merge(survivor, [other])
            s.commit()
    except (StaleVersion, WriteConflict):
        return False
    return True


def test_accounts_are_merged_while_processes_write_to_them_and_nothing_is_lost(url, trade, tmp_path):
    with open_again(url, trade) as crm, crm.session("setup") as s:
        accounts = [[s.accounts.create(name=f"{group}/{place}") for place in range(3)] for group in range(GROUPS)]
        s.commit()
        groups = [[account.id for account in each] for each in accounts]
    keys = [key for group in groups for key in group]
    files = [tmp_path / f"{number}.txt" for number in range(WRITERS)]
    started = [fork(lambda number=number, file=file: keep_writing(url, trade, keys, number, file)) for number, file in enumerate(files)]
    started.append(fork(lambda: merge_all(url, trade, groups)))
    assert [wait_for(pid) for pid in started] == [0] * (WRITERS + 1)
    wanted = sorted(token for file in files for token in file.read_text().split())
    survivors, gone = {group[0] for group in groups}, [key for group in groups for key in group[1:]]
    with open_again(url, trade) as crm, crm.session("check") as s:
        assert len(wanted) == WRITERS * TIMES
        for column, owner in ((Person.last_name, Person.account_id), (Visit.text, Visit.account_id), (Document.text, Document.record_id)):
            rows = s.execute(select(column, owner)).all()
            assert sorted(row[0] for row in rows) == wanted
            assert {row[1] for row in rows} <= survivors
        assert dangling(crm, gone, account_keys(crm)) == []
        assert s.scalar(select(func.count()).select_from(AccountMerge)) == len(gone)
        # Every one of them can be taken back, the last one first.
        for key in s.scalars(select(AccountMerge.id).order_by(AccountMerge.id.desc())).all():
            assert s.merges.undo(key).done
        s.commit()
        assert sorted(s.scalars(select(Account.id).where(Account.merged_into_id.is_(None)))) == sorted(keys)


def die_at(crm, number):
    """Kill this process before its statement of that number."""
    seen = 0

    @event.listens_for(crm.engine, "before_cursor_execute")
    def count(*_):
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)


def do(url, trade, number, action):
    with open_again(url, trade) as crm:
        die_at(crm, number)
        with crm.session("anna") as s:
            action(s)
            s.commit()


@pytest.mark.parametrize("what", ["merge", "undo"])
def test_a_process_killed_at_any_statement_leaves_all_or_nothing(url, trade, what):
    with open_again(url, trade) as crm, crm.session("anna") as s:
        one, two = (s.accounts.create(name=name, email=f"{name}@example.com") for name in ("a", "b"))
        s.commit()
        s.accounts.add_person(two, "Rossi")
        s.interactions.add(two, "note", text="x")
        s.commit()
        keys = one.id, two.id
        merge_id = None
        if what == "undo":
            merge_id = s.merges.merge(keys[0], [keys[1]]).id
            s.commit()
        before = dump(crm)

    def action(s):
        if merge_id is None:
            s.merges.merge(keys[0], [keys[1]])
        else:
            assert s.merges.undo(merge_id).done

    point, killed, code = 1, 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        code = wait_for(fork(lambda number=point: do(url, trade, number, action)))
        with open_again(url, trade) as crm:
            now = dump(crm)
            if code == -signal.SIGKILL:
                killed += 1
                assert now == before
        point += 6
    assert code == 0
    assert killed >= 4
    with open_again(url, trade) as crm, crm.session("anna") as s:
        assert s.scalar(select(Interaction.account_id)) == (keys[0] if what == "merge" else keys[1])
