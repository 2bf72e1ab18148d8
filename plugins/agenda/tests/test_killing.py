"""Processes that are killed while a rule fires, a template starts, a feeder runs: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from crmcore_agenda.model import Action, ActionTemplate, Firing, Lead, Recurring, TemplateRun
from crmcore_agenda.templates import Templates
from sqlalchemy import event

from crmcore.events import Ids
from tests.processes import fork, wait_for

from .test_recurring import called  # noqa: F401 - a fixture
from .test_story_s01 import _rule, offered  # noqa: F401 - as above

pytestmark = [pytest.mark.feature("P2.6", "E12", "F04", "F05", "E09"), pytest.mark.timeout(300)]

MOMENTS = int(os.environ.get("CRM_KILLS", "5"))
"""Kills of each kind, spread over the statements."""


def statements_of(firm, work):
    """Do the work, and return how many statements it took."""
    seen = []

    def note(*call):
        seen.append(call[2])

    event.listen(firm.crm.engine, "before_cursor_execute", note)
    work(firm)
    event.remove(firm.crm.engine, "before_cursor_execute", note)
    return len(seen)


def kill_at(firm, work, number):
    """Do the work in a process that dies before this statement, and return whether it did."""

    start = firm.clock.now()

    def die():
        # Connections of the parent are the parent's.
        firm.crm.engine.dispose(close=False)
        # So are its ids, which go on from the last one.
        firm.crm.ids = Ids(firm.clock)
        left = iter(range(number))

        def tick(*_):
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(firm.crm.engine, "before_cursor_execute", tick)
        work(firm)

    code = wait_for(fork(die))
    assert code in {0, -signal.SIGKILL}
    firm.clock.freeze(start + timedelta(minutes=30))
    return code != 0


def moments(total):
    return sorted({1 + number * (total - 1) // max(MOMENTS - 1, 1) for number in range(MOMENTS)})


def test_a_killed_chain_from_event_to_action_leaves_one_of_each(offered):  # noqa: F811 - the fixture
    total = statements_of(offered, lambda firm: firm.offer(offer_id=900))
    numbers = moments(total)
    died = 0
    for number in numbers:
        died += kill_at(offered, lambda firm, number=number: firm.offer(offer_id=number), number)
        offered.work()
    assert died >= len(numbers) - 1
    for number in numbers:
        # Whoever was killed before the offer was there publishes it again; the others publish it once more.
        offered.offer(offer_id=number)
    wanted = 2 + len(numbers)
    assert (offered.count(Lead), offered.count(Firing), offered.count(Action)) == (wanted, wanted, wanted)
    assert len({firing.unique_key for firing in offered.all(Firing)}) == wanted


def test_a_killed_start_of_a_template_leaves_all_of_its_actions_or_none(firm):
    account = firm.account("Hotel Miramonti S.p.A.", owner="anna")
    steps = [{"name": f"Passo {number}", "kind": "phone", "role": "owner", "offset": number} for number in range(1, 5)]
    firm.add(ActionTemplate(code="visit", label_it="Visita", steps=steps))

    def start(firm):
        with firm.system() as session:
            Templates(session).start("visit", session.accounts.require(account.id), firm.clock.now().date())
            session.commit()

    for number in moments(statements_of(firm, start)):
        kill_at(firm, start, number)
        assert firm.count(Action) == len(steps) * firm.count(TemplateRun)


def test_a_killed_feeder_goes_on_and_doubles_nothing(called):  # noqa: F811 - the fixture
    def feed(firm):
        with firm.system() as session:
            session.jobs.enqueue("agenda.feed", key="feed")
            session.commit()
        firm.work()

    assert sum(kill_at(called, feed, number) for number in moments(40)) > 1
    feed(called)
    keys = [action.source_key for action in called.all(Action)]
    assert sorted(keys) == ["1", "4"]
    assert called.count(Recurring) == 1
