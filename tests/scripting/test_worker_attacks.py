"""What happens when somebody breaks the language: the process itself must hold, and the next call must not notice."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from crmcore.scripting import Kind, ScriptError
from tests.scripting.attacks import must_hold, peak

CORPUS = Path(__file__).parent / "corpus"
BREACHES = json.loads((CORPUS / "worker.json").read_text())["cases"]
OWN = json.loads((CORPUS / "breaches.json").read_text())
RULES = json.loads((CORPUS / "asteval.json").read_text())["cases"]
BENIGN = [case for case in json.loads((CORPUS / "benign.json").read_text())["cases"] if case["language"] == "asteval"]

pytestmark = pytest.mark.feature("I-16", "F02")

IMPATIENT = {"limits": {"seconds": 0.05}}
"""Plain Python counts nothing: the parent alone stops it, a second later."""
FAILED_CALL = re.compile(r"-1|None|-\d+")
"""What calls of the system library give when they are refused."""


def attempt(runner, kind, code, context=None, tenant="a"):
    """Return what came out as text. Anything but the sandbox's own error fails the test."""
    try:
        return repr(runner.run(kind, code, context or {}, options=IMPATIENT if kind == "python" else {}, tenant=tenant))
    except ScriptError as error:
        return f"{error.text} {error}"[:1_000]


def works(runner, tenant="a"):
    return runner.run("rule", "1 + 1", {}, tenant=tenant)["value"] == 2


@pytest.mark.parametrize("case", BREACHES, ids=lambda case: case["id"])
def test_a_breach_of_the_corpus_gets_nothing(case, isolated, canary):
    oracle = case["oracle"]
    code = case["code"].replace("@CANARY@", str(canary))
    files, memory, started = sorted(canary.rglob("*")), peak(), time.perf_counter()
    shown = attempt(isolated, "python", code)
    assert time.perf_counter() - started < oracle["max_seconds"]
    assert peak() - memory < oracle.get("parent_rss_mb", oracle["max_rss_mb"])
    assert len(shown) < oracle["max_output"]
    assert sorted(canary.rglob("*")) == files
    assert (canary / "secret.txt").read_text() == "CANARY-FILE-7f3a9"
    for text in (*oracle["forbid_text"], *oracle["forbid_in_value"]):
        assert text not in shown
    assert works(isolated)
    following = attempt(isolated, "rule", "'fine'", tenant="b")
    assert "fine" in following
    for text in oracle.get("forbid_after", ()):
        assert text not in following


@pytest.mark.parametrize("code", OWN["nothing"].values(), ids=OWN["nothing"])
def test_nothing_of_the_system_can_be_had(code, isolated, canary):
    files = sorted(canary.rglob("*"))
    try:
        found = isolated.run("python", code.replace("@CANARY@", str(canary)), {}, options=IMPATIENT, tenant="a")
    except ScriptError:
        found = None
    # Some calls are allowed and have nothing to tell: Python itself sets the one variable there is.
    assert found in {"{'LC_CTYPE': 'C.UTF-8'}", "{}", None} or FAILED_CALL.fullmatch(str(found)), found
    assert sorted(canary.rglob("*")) == files
    assert works(isolated)


@pytest.mark.parametrize("code", OWN["lost"].values(), ids=OWN["lost"])
def test_whatever_costs_a_worker_costs_its_own_call_only(code, isolated):
    memory, started = peak(), time.perf_counter()
    with pytest.raises(ScriptError) as caught:
        isolated.run("python", code, {}, options=IMPATIENT, tenant="a")
    assert time.perf_counter() - started < 3
    assert peak() - memory < 60
    assert caught.value.kind in {Kind.BUDGET, Kind.RUNTIME, Kind.FORBIDDEN}
    assert works(isolated)


@pytest.mark.parametrize("code", OWN["poisoned"].values(), ids=OWN["poisoned"])
def test_a_worker_that_was_taken_over_is_replaced_at_its_first_wrong_answer(code, isolated):
    # It may still answer the call in which it was taken over: the code that does so runs already.
    attempt(isolated, "python", code)
    memory, started = peak(), time.perf_counter()
    attempt(isolated, "python", "r = 1")
    assert time.perf_counter() - started < 3
    assert peak() - memory < 60
    assert works(isolated)
    assert works(isolated, tenant="b")


def test_what_a_taken_over_worker_says_that_a_script_reads_holds_for_its_own_tenant_only(isolated):
    lie = "import crmcore.scripting.rules as r\nr.PreparedRule.uses = property(lambda self: ())"
    source = "name.lower()  # the same text, at two tenants"
    attempt(isolated, "python", lie, tenant="liar")
    attempt(isolated, "rule", source, {"name": "Rossi"}, tenant="liar")
    assert isolated.run("rule", source, {"name": "Rossi"}, tenant="honest")["value"] == "rossi"


def test_an_answer_left_behind_is_given_to_nobody(isolated):
    forged = (
        "import sys, os, json, struct\n"
        "frame = sys._getframe()\n"
        "while 'nonce' not in frame.f_locals: frame = frame.f_back\n"
        "data = json.dumps({'answers': [['forged']], 'uses': None}).encode()\n"
        "os.write(0, struct.pack('>I16s', len(data), frame.f_locals['nonce']) + data)\n"
    )
    # Within its own call it can say what it likes; what is left over then must reach nobody.
    attempt(isolated, "python", forged)
    assert [isolated.run("rule", "'honest'", {}, tenant=tenant)["value"] for tenant in ("a", "b", "a")] == ["honest"] * 3


@pytest.mark.parametrize("case", RULES, ids=lambda case: case["id"])
def test_an_attack_on_rules_gets_nothing_in_a_worker_either(case, isolated, context, canary):
    # What runs there has a stack of its own.
    must_hold(case, canary, context, lambda source, _: attempt(isolated, "rule", source, context))


@pytest.mark.parametrize("case", BENIGN, ids=lambda case: case["id"])
def test_what_must_work_works_in_a_worker(case, isolated, context):
    try:
        found = isolated.run("rule", case["code"], context)["value"]
    except ScriptError as error:
        found = {"fail": error.text.it} if error.kind is Kind.REJECTED else error
    assert found == case["expect"]
