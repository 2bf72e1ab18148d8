"""What a blocked user leaves behind: work on the queue does not run, and what is open is listed for others (A08, S15)."""

from __future__ import annotations

from datetime import date, timedelta
from types import ModuleType

import pytest

from crmcore import Job, OpenWork, PluginInfo, hookimpl
from crmcore.errors import PluginError

pytestmark = pytest.mark.feature("A08", "I-26", "S15")


def ran(session, run):
    session.accounts.create(name=f"Ran {run.args['number']}")


def more(session, run):
    session.jobs.enqueue("diary.ran", {"number": 9})


@hookimpl
def crm_jobs():
    return [Job(name="diary.ran", fn=ran), Job(name="diary.more", fn=more)]


@hookimpl
def crm_open_work(session, login):
    if login == "broken":
        raise RuntimeError("no diary")
    if login != "a1":
        return None
    return [
        OpenWork(entity="diary.note", id=2, label="Senza data"),
        OpenWork(entity="diary.note", id=3, label="Prima", due=date(2026, 5, 12)),
        OpenWork(entity="diary.note", id=1, label="Dopo", due=date(2026, 5, 20)),
    ]


@pytest.fixture
def diary():
    made = ModuleType("diary")
    made.PLUGIN = PluginInfo(name="diary")
    made.crm_jobs, made.crm_open_work = crm_jobs, crm_open_work
    return made


@pytest.fixture
def office(open_office, diary):
    return open_office(diary, people=())


def accounts(office):
    from sqlalchemy import select

    from crmcore import Account

    with office.crm.session("admin") as s:
        return sorted(s.scalars(select(Account.name)))


def test_what_is_open_is_listed_by_date_for_administrators_and_oneself(office, refused):
    found = office.admin(lambda s: s.access.open_work("a1"))
    assert [each.id for each in found] == [3, 1, 2]
    assert office.admin(lambda s: s.access.open_work("a1"), "a1") == found
    assert office.admin(lambda s: s.access.open_work("a2")) == []
    assert refused(office.admin, lambda s: s.access.open_work("a1"), "a2") == "ADMINISTRATOR_NEEDED"


def test_a_plugin_that_cannot_say_is_named(office):
    with pytest.raises(PluginError, match="diary"):
        office.admin(lambda s: s.access.open_work("broken"))


def ask(office, login, name="diary.ran", number=1):
    office.admin(lambda s: s.jobs.enqueue(name, {"number": number}), login)


def test_work_on_the_queue_of_a_blocked_user_does_not_run(office):
    ask(office, "a1")
    ask(office, "a2", number=2)
    office.admin(lambda s: s.access.block("a1"))
    office.crm.worker().run_until_idle()
    assert accounts(office) == ["Ran 2"]
    [dead] = office.crm.jobs.find(state="dead")
    assert "USER_BLOCKED" in dead.last_error
    assert dead.attempts == 1


def test_it_runs_when_somebody_unblocks_the_user_and_wants_it(office):
    ask(office, "a1")
    office.admin(lambda s: s.access.block("a1"))
    office.crm.worker().run_until_idle()
    office.admin(lambda s: s.access.unblock("a1"))
    office.crm.worker().run_until_idle()
    assert accounts(office) == []
    assert office.crm.jobs.retry_all() == 1
    office.crm.worker().run_until_idle()
    assert accounts(office) == ["Ran 1"]


def test_work_that_led_to_other_work_is_still_the_users(office, monkeypatch):
    ask(office, "a1", "diary.more")
    worker = office.crm.worker()
    worker.run_once()
    office.admin(lambda s: s.access.block("a1"))
    worker.run_until_idle()
    assert accounts(office) == []
    assert [each.name for each in office.crm.jobs.find(state="dead")] == ["diary.ran"]


def test_timers_are_the_companys_and_fire(office):
    office.admin(lambda s: s.timers.set("key", office.crm.clock.now() + timedelta(days=1), "diary.ran", {"number": 3}), "a1")
    office.admin(lambda s: s.access.block("a1"))
    office.crm.clock.advance(timedelta(days=1))
    office.crm.worker().run_until_idle()
    assert accounts(office) == ["Ran 3"]
