"""The corpus of attacks on the language of rules, and what must go on working: in this process, in both engines."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from crmcore.scripting import Kind, Limits, Mode, ScriptError, Scripts
from tests.scripting.attacks import CONTEXT, fresh, in_thread, must_hold, peak

CORPUS = Path(__file__).parent / "corpus"
OWN = json.loads((CORPUS / "rules.json").read_text())["cases"]
REFUSED = {case["id"]: case["code"] for case in OWN if case["stage"] == "before"}
STOPPED = {case["id"]: case["code"] for case in OWN if case["stage"] == "running"}
ATTACKS = json.loads((CORPUS / "asteval.json").read_text())["cases"]
BENIGN = [case for case in json.loads((CORPUS / "benign.json").read_text())["cases"] if case["language"] == "asteval"]
MODES = pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.value)


@pytest.fixture
def canary(tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("CANARY-FILE-7f3a9")
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("CRM_CANARY_ENV", "CANARY-ENV-2b81c")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plain(value):
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def attempt(scripts, code, context, stack_kb=0):
    """Return what came out as text: value, error, output. Anything but the sandbox's own error fails the test."""
    found = []

    def act():
        try:
            # The value of the name that attacks use for their loot, too.
            for source in (code, f"{code}\nr"):
                outcome = scripts.run(source, context)
                found.append(repr((outcome.value, outcome.logs, outcome.warnings)))
        except ScriptError as error:
            short = max(len(error.text.it), len(error.text.en)) <= 300
            found.append(f"{error.text} {error}" if short else error)
        except BaseException as error:  # noqa: BLE001 - what gets out is told by the assertion below
            found.append(error)

    in_thread(act, stack_kb)
    assert all(isinstance(each, str) for each in found), found
    return "\n".join(found)


@MODES
@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case["id"])
@pytest.mark.feature("I-16", "C06")
def test_an_attack_of_the_corpus_gets_nothing(case, mode, canary):
    scripts, context = Scripts(mode=mode), fresh()
    must_hold(case, canary, context, lambda source, stack_kb: attempt(scripts, source, context, stack_kb))


@MODES
@pytest.mark.parametrize("case", BENIGN, ids=lambda case: case["id"])
@pytest.mark.feature("C06")
def test_what_must_work_works(case, mode):
    try:
        found = plain(Scripts(mode=mode).run(case["code"], CONTEXT).value)
    except ScriptError as error:
        found = {"fail": error.text.it} if error.kind is Kind.REJECTED else error
    assert found == case["expect"]
    assert type(found) is not float or isinstance(case["expect"], float)


@MODES
@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
@pytest.mark.feature("I-16")
def test_what_is_not_in_the_language_does_not_start(code, mode):
    with pytest.raises(ScriptError) as caught:
        Scripts(mode=mode).prepare(code, CONTEXT)
    assert caught.value.kind in {Kind.SYNTAX, Kind.FORBIDDEN, Kind.BUDGET}
    assert caught.value.line >= 1
    assert caught.value.column >= 1


@MODES
@pytest.mark.parametrize("code", STOPPED.values(), ids=STOPPED)
@pytest.mark.feature("I-16")
def test_what_would_do_damage_is_stopped_before_it_does(code, mode):
    scripts, memory = Scripts(mode=mode), peak()
    started = time.perf_counter()
    with pytest.raises(ScriptError) as caught:
        scripts.run(code, CONTEXT)
    assert time.perf_counter() - started < 1
    assert peak() - memory < 50
    assert caught.value.kind in {Kind.RUNTIME, Kind.BUDGET}
    assert caught.value.line >= 1


@MODES
@pytest.mark.parametrize("code", STOPPED.values(), ids=STOPPED)
@pytest.mark.feature("I-16")
def test_the_steps_alone_stop_it_on_a_machine_of_any_speed(code, mode):
    with pytest.raises(ScriptError):
        Scripts(mode=mode).prepare(code).run(CONTEXT, Limits(seconds=1e9), clock=lambda: 0.0)


@MODES
@pytest.mark.feature("I-16")
def test_the_clock_stops_what_the_steps_weigh_too_lightly(mode):
    ticks = iter(range(1_000))
    with pytest.raises(ScriptError, match="too long") as caught:
        Scripts(mode=mode).prepare("while True:\n    pass").run({}, Limits(seconds=3.0, steps=10**9), clock=lambda: next(ticks))
    assert caught.value.kind is Kind.BUDGET
    assert next(ticks) == 5


@pytest.mark.feature("I-16")
def test_both_engines_stop_at_the_same_place_for_the_same_reason():
    for code in STOPPED.values():
        errors = []
        for mode in Mode:
            with pytest.raises(ScriptError) as caught:
                Scripts(mode=mode).prepare(code).run(CONTEXT, Limits(seconds=1e9), clock=lambda: 0.0)
            errors.append((caught.value.kind, caught.value.text, caught.value.line))
        assert errors[0] == errors[1], code


@MODES
@pytest.mark.feature("I-16")
def test_limits_hold_in_many_threads_at_once(mode):
    scripts, results = Scripts(mode=mode), []

    def act(number):
        for turn in range(50):
            assert scripts.run("x = 0\nfor i in range(50):\n    x += n\nx", {"n": number + turn}).value == 50 * (number + turn)
            with pytest.raises(ScriptError):
                scripts.run("while n == n:\n    pass", {"n": number})
        results.append(number)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1, 2, 3]
