"""The corpus of attacks on texts, and what must go on working, at both levels."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from crmcore.scripting import Kind, ScriptError
from crmcore.scripting.worker import ENGINES, InProcess
from tests.scripting.attacks import in_thread, must_hold, peak

CORPUS = Path(__file__).parent / "corpus"
ATTACKS = json.loads((CORPUS / "jinja.json").read_text())["cases"]
BENIGN = [case for case in json.loads((CORPUS / "benign.json").read_text())["cases"] if case["language"] == "jinja"]
OWN = json.loads((CORPUS / "texts.json").read_text())
CHANNELS = ("screen", "html", "text", "header", "csv")


def render(runner, source, context, channel="html"):
    return runner.run("template", source, context, options={"channel": channel, "lang": "en"})


def attempt(runner, source, context, stack_kb=0):
    """Return what came out as text. Anything but the sandbox's own error fails the test."""
    found = []

    def act():
        try:
            found.append(render(runner, source, context)["text"])
        except ScriptError as error:
            short = max(len(error.text.it), len(error.text.en)) <= 300
            found.append(f"{error.text} {error}" if short else error)
        except BaseException as error:  # noqa: BLE001 - what gets out is told by the assertion below
            found.append(error)

    in_thread(act, stack_kb)
    assert isinstance(found[0], str), found
    return found[0]


@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case["id"])
@pytest.mark.feature("I-16", "I-52", "F02")
def test_an_attack_of_the_corpus_gets_nothing(case, runner, context, canary):
    must_hold(case, canary, context, lambda source, stack_kb: attempt(runner, source, context, stack_kb))


@pytest.mark.parametrize("case", BENIGN, ids=lambda case: case["id"])
@pytest.mark.feature("F02", "F03")
def test_what_must_work_works(case, runner, context):
    assert render(runner, case["code"], context, "text") == {"text": case["expect"], "missing": []}


@pytest.mark.parametrize("source", OWN["refused"].values(), ids=OWN["refused"])
@pytest.mark.feature("I-16", "F02")
def test_what_texts_do_not_have_is_refused_before_anything_runs(source, runner):
    with pytest.raises(ScriptError) as caught:
        runner.run("template.fields", source, {})
    assert caught.value.kind in {Kind.SYNTAX, Kind.FORBIDDEN, Kind.BUDGET}
    assert caught.value.line >= 1


@pytest.mark.parametrize("source", OWN["stopped"].values(), ids=OWN["stopped"])
@pytest.mark.feature("I-16", "F02")
def test_what_would_do_damage_is_stopped_before_it_does(source, runner, context):
    memory, started = peak(), time.perf_counter()
    with pytest.raises(ScriptError) as caught:
        render(runner, source, context)
    assert time.perf_counter() - started < 1
    assert peak() - memory < 50
    assert caught.value.kind in {Kind.RUNTIME, Kind.BUDGET}
    assert caught.value.line >= 1


@pytest.mark.parametrize("source", OWN["stopped"].values(), ids=OWN["stopped"])
@pytest.mark.feature("I-16", "F02")
def test_the_steps_alone_stop_it_on_a_machine_of_any_speed(source, context):
    with pytest.raises(ScriptError):
        InProcess(ENGINES).run("template", source, context, options={"channel": "html", "limits": {"seconds": 1e9}})


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("source", OWN["harmless"].values(), ids=OWN["harmless"])
@pytest.mark.feature("I-16", "F02")
def test_what_looks_like_an_attack_finds_only_plain_values(source, channel, runner, context):
    shown = render(runner, source, context, channel)["text"]
    assert [each for each in ("<class", "<function", "<built-in", "object at 0x", "jinja", "Record(", "Undefined") if each in shown] == []
    # A lone surrogate would break whoever writes the text to a file.
    assert shown.encode().decode() == shown


@pytest.mark.feature("I-16", "F02")
def test_both_levels_give_the_same_for_the_whole_corpus(isolated, context):
    sources = [case["code"] for case in ATTACKS] + [source for group in OWN.values() for source in group.values()]
    here = InProcess(ENGINES)
    assert [attempt(here, source, context) for source in sources] == [attempt(isolated, source, context) for source in sources]


@pytest.mark.feature("I-16", "F02")
def test_limits_hold_in_many_threads_at_once(runner, context):
    found = []
    threads = [
        threading.Thread(target=lambda source=source: found.append(attempt(runner, source, context)))
        for source in [*OWN["stopped"].values()][:8] + ["{{ customer.name }}"] * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(threads)
    assert found.count("Ada Lovelace") == 4
