"""Rules of a CRM whose scripts are isolated: the same answers as in this process."""

from __future__ import annotations

from datetime import date

import pytest

from crmcore.events import WeekdayCalendar
from crmcore.scripting import Kind, ScriptError
from crmcore.scripting.host import RuleHost

pytestmark = pytest.mark.feature("I-16", "F03")


class Lying:
    """A runner whose worker somebody broke into."""

    def __init__(self, answer):
        self.answer = answer

    def run(self, *_, **__):
        return self.answer


def host(runner):
    return RuleHost(runner, (), WeekdayCalendar(), lambda: date(2026, 9, 7))


def test_an_answer_is_the_same_at_both_levels(runner):
    source = "warn('attenzione')\nlog('visto', n)\nset_field('total', n * 2)\nadd_working_days(date(2026, 9, 4), 1)"
    answer = host(runner).run(source, {"n": 21}, effects=True)
    assert (answer.value, answer.warnings, answer.logs) == (date(2026, 9, 7), ("attenzione",), ("visto 21",))
    assert dict(answer.proposals) == {"total": 42}
    assert answer.steps > 0


def test_a_rule_that_says_nothing_has_its_value_only(runner):
    answer = host(runner).run("n + 1", {"n": 1})
    assert (answer.value, answer.warnings, answer.logs, dict(answer.proposals)) == (2, (), (), {})


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "x",
        {"value": 1, "steps": "x"},
        {"value": 1, "steps": 1, "warnings": 5},
        {"value": 1, "steps": 1, "logs": [1]},
        {"value": 1, "steps": 1, "proposals": []},
    ],
)
def test_what_is_no_answer_of_a_rule_is_refused(answer):
    with pytest.raises(ScriptError) as caught:
        host(Lying(answer)).run("1", {})
    assert caught.value.kind is Kind.RUNTIME
