"""Random texts over all that texts can do: each ends well or with the sandbox's own error, soon, and the same at both levels."""

from __future__ import annotations

import gc
import random
import time

import pytest

from crmcore.scripting import ScriptError
from crmcore.scripting.texts.filters import FILTERS, FUNCTIONS, METHODS_OF_TEXTS, PLACED
from crmcore.scripting.texts.operations import LOOP, TESTS
from crmcore.scripting.worker import ENGINES, InProcess

pytestmark = pytest.mark.feature("I-16", "F02")

SEEDS = range(6)
TEXTS = 150
LEAVES = (
    *("customer", "record", "today", "value", "user", "x", "y", "nobody", "customer.name", "customer.orders", "customer.tags"),
    *("customer.balance", "customer.created", "record.address", "customer.orders[0]", "1", "0", "2.5", "-1", "'a'", "'%s'", "''"),
    *("none", "true", "10**9", "60000", "'x' * 60000", "range(9)", "{'a': 1}", "[]", "[1, 2]", "('a', 1)"),
)
SIGNS = ("+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "and", "or")
FILTER_NAMES, TEST_NAMES = sorted({*FILTERS, *PLACED}), sorted(TESTS)
HOST = ("object at", "<class", "<function", "<built-in", "Record(", "Undefined", "Missing", "jinja2", "mappingproxy", "Link(")
"""What a text would show of the host, were there a way."""


class Writer:
    def __init__(self, seed):
        self.draw = random.Random(seed)

    def one(self, depth):
        if depth <= 0 or self.draw.random() < 0.25:
            return self.draw.choice(LEAVES)
        below = depth - 1
        return self.draw.choice(
            [
                lambda: f"{self.one(below)}|{self.draw.choice(FILTER_NAMES)}",
                lambda: f"{self.one(below)}|{self.draw.choice(FILTER_NAMES)}({self.some(below)})",
                lambda: f"{self.draw.choice(sorted(FUNCTIONS))}({self.some(below)})",
                lambda: f"({self.one(below)}).{self.draw.choice(sorted(METHODS_OF_TEXTS))}({self.some(below)})",
                lambda: f"({self.one(below)} {self.draw.choice(SIGNS)} {self.one(below)})",
                lambda: f"({self.one(below)}).{self.draw.choice(['name', 'a', 'year', 'id', 'items', 'fields'])}",
                lambda: f"({self.one(below)})[{self.one(below)}]",
                lambda: f"({self.one(below)})[{self.one(below)}:{self.one(below)}]",
                lambda: f"({self.one(below)} if {self.one(below)} else {self.one(below)})",
                lambda: f"({self.one(below)} is {self.draw.choice(TEST_NAMES)})",
                lambda: f"[{self.one(below)}, {self.one(below)}]",
                lambda: f"{{'k': {self.one(below)}}}",
            ]
        )()

    def some(self, depth):
        return ", ".join(self.one(depth) for _ in range(self.draw.randint(1, 2)))

    def text(self, depth):
        if depth <= 0:
            return f"{{{{ {self.one(3)} }}}}"
        below, name = depth - 1, self.draw.choice("xy")
        return self.draw.choice(
            [
                lambda: f"{{{{ {self.one(3)} }}}}",
                lambda: f"{{% set {name} = {self.one(3)} %}}{self.text(below)}",
                lambda: (
                    f"{{% for {name} in {self.one(2)} %}}{self.text(below)}{{{{ loop.{self.draw.choice(sorted(LOOP))} }}}}{{% endfor %}}"
                ),
                lambda: f"{{% if {self.one(2)} %}}{self.text(below)}{{% else %}}{self.text(below)}{{% endif %}}",
                lambda: self.text(below) + self.text(below),
            ]
        )()


def outcome(runner, source, context):
    try:
        return runner.run("template", source, context)["text"]
    except ScriptError as error:
        return f"{error.kind} {error.text} {error.line}"


@pytest.fixture
def no_collecting():
    """Keep the collector, which walks through all that the other tests of the process left, out of what is measured."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("no_collecting")
def test_random_texts_end_well_and_soon(seed, context):
    writer, here = Writer(seed), InProcess(ENGINES)
    for _ in range(TEXTS):
        source, started = writer.text(2), time.thread_time()
        shown = outcome(here, source, context)
        assert time.thread_time() - started < 0.5, source
        assert [each for each in HOST if each in shown] == [], source


@pytest.mark.parametrize("seed", SEEDS)
def test_both_levels_agree_on_random_texts(seed, context, isolated):
    writer, here = Writer(1_000 + seed), InProcess(ENGINES)
    sources = [writer.text(2) for _ in range(TEXTS)]
    assert [outcome(isolated, source, context) for source in sources] == [outcome(here, source, context) for source in sources]
