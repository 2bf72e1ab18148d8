"""What the language of rules means: values, rounding, functions, patterns, errors with their places."""

from __future__ import annotations

import decimal
import enum
import re
import subprocess
import sys
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.model import Account
from crmcore.scripting import (
    CORE,
    Guard,
    Kind,
    Limits,
    Mode,
    NotPlain,
    Record,
    ScriptError,
    Scripts,
    check,
    freeze,
    plugin_function,
    with_calendar,
)
from crmcore.scripting.methods import METHODS
from crmcore.scripting.patterns import search
from crmcore.scripting.workdays import with_closed_days

MODES = pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.value)


def run(source, mode=Mode.COMPILED, catalogue=CORE, **context):
    return Scripts(catalogue, mode).run(source, context)


def refused(source, mode=Mode.COMPILED, catalogue=CORE, **context):
    with pytest.raises(ScriptError) as caught:
        Scripts(catalogue, mode).prepare(source, context, effects=True).run(context)
    return caught.value


# Values


class Code(enum.StrEnum):
    VIP = "vip"


class Loud(str):
    __slots__ = ()

    def upper(self):
        raise AssertionError


class Shown:
    def __script_view__(self):
        return {"name": "Ada", "secret_free": True}


@pytest.mark.feature("I-16")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Code.VIP, "vip"),
        (Loud("x"), "x"),
        (True, True),
        (10**20, 10**20),
        (Decimal("1.50"), Decimal("1.50")),
        ([1, [2, 3]], (1, (2, 3))),
        ({3, 1, 2}, (1, 2, 3)),
        (datetime(2026, 5, 11, 9, tzinfo=UTC), datetime(2026, 5, 11, 9, tzinfo=UTC)),
        (timedelta(days=2), timedelta(days=2)),
        (None, None),
    ],
)
def test_plain_values_become_exact_types(value, expected):
    found = freeze(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.feature("I-16")
def test_maps_and_objects_that_show_themselves_become_records():
    record = freeze({"a": [1], "b": OrderedDict(c=Decimal(1))})
    assert type(record) is Record
    assert record["a"] == (1,)
    assert record["b"]["c"] == 1
    assert freeze(Shown())["name"] == "Ada"
    assert freeze(record) is record
    assert repr(record) == "Record(a, b)"
    for change in (lambda: setattr(record, "fields", {}), lambda: delattr(record, "fields"), lambda: record.fields.update(a=1)):
        with pytest.raises((AttributeError, TypeError)):
            change()


@pytest.mark.feature("I-16")
@pytest.mark.parametrize(
    "value",
    [
        Account(name="x"),
        object(),
        print,
        Account,
        (each for each in ()),
        ValueError("x"),
        b"x",
        1j,
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("1e101"),
        Decimal("1" * 101),
        2**512,
        "x" * 65_537,
        [0] * 10_001,
        {1: 2},
        {"a": object()},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_or_too_large_is_not_handed_in(value):
    with pytest.raises(NotPlain):
        freeze(value)
    with pytest.raises(NotPlain):
        run("x", x=value)


@pytest.mark.feature("I-16")
def test_a_value_in_itself_is_not_handed_in():
    loop = []
    loop.append(loop)
    with pytest.raises(NotPlain):
        freeze(loop)


@MODES
@pytest.mark.feature("I-16")
def test_only_what_a_rule_reads_is_looked_at(mode):
    script = Scripts(mode=mode).prepare("customer.name + rec['city'] + rec.get('zip', '') + today.isoformat()")
    assert script.uses == (("customer", "name"), ("rec", "city"), ("rec", "zip"), ("today",))
    assert run("a", mode, a=1, b=object()).value == 1


# Numbers


@MODES
@pytest.mark.feature("C06")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("round(decimal('2.675'), 2)", "2.68"),
        ("round(decimal('2.665'), 2)", "2.67"),
        ("round(decimal('-2.665'), 2)", "-2.67"),
        ("round(decimal('90.005'), 2)", "90.01"),
        ("round(decimal('2.5'))", "3"),
        ("round(decimal('25'), -1)", "3E+1"),
        ("money('3'.count('3') + 0.005)", "1.01"),
        ("money(decimal('0.125'))", "0.13"),
        ("p / q", "2.675"),
        ("p * 1.1", "117.700"),
        ("1.1 * p", "117.700"),
        ("p + 1", "108.00"),
        ("-p // 7", "-15"),
        ("p % 7", "2.00"),
        ("q ** 2", "1600.0000"),
        ("decimal('0.1') + 0.2", "0.3"),
        ("decimal(1) / 3", "0.3333333333333333333333333333"),
        ("abs(-p)", "107.00"),
        ("sum([p, q, 1])", "148.00"),
        ("max(p, 100.5)", "107.00"),
    ],
)
def test_decimals_are_exact_and_round_half_up(source, expected, mode):
    assert str(run(source, mode, p=Decimal("107.00"), q=Decimal("40.00")).value) == expected


@MODES
@pytest.mark.feature("C06")
@pytest.mark.parametrize(
    ("source", "expected"),
    [("p >= 0.1", True), ("p <= 0.1", True), ("p == 0.1", True), ("p < 0.1", False), ("p != 0.1", False), ("0.1 == p", True)],
)
def test_a_decimal_meets_a_fraction_by_its_digits(source, expected, mode):
    # To Python 0.1 is a little more than Decimal("0.1").
    assert run(source, mode, p=Decimal("0.1")).value is expected


@MODES
@pytest.mark.feature("C06")
def test_the_host_s_arithmetic_changes_nothing(mode):
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_DOWN)):
        assert str(run("p / 7 * 3", mode, p=Decimal("107.00")).value) == "45.85714285714285714285714287"


# Statements, texts, dates


@MODES
@pytest.mark.feature("C06")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1\n2", 2),
        ("x = 1", None),
        ("", None),
        ("if 1 > 2:\n    'a'\nelif 2 > 1:\n    'b'\nelse:\n    'c'", "b"),
        ("for i in range(3):\n    i", None),
        ("a, (b, c) = 1, [2, 3]\n[c, b, a]", [3, 2, 1]),
        ("d = {'a': 1}\nd['a'] += 5\nd['b'] = d['a'] * 2\nd", {"a": 6, "b": 12}),
        ("sorted({'c', 'a', 'b'})", ["a", "b", "c"]),
        ("[k for k in {3, 1, 2}]", [1, 2, 3]),
        ("1 < 2 < 3 > 2 != 5", True),
        ("x = [3, 1]\nx.sort()\nx", [1, 3]),
        ("max([1, 5, 3]) - min(4, 2)", 3),
        ("max([], default=7)", 7),
        ("{k: len(k) for k in ['a', 'bb']}", {"a": 1, "bb": 2}),
        ("digits('+39 0424 000012')", "390424000012"),
        ("'{:.2f}'", "{:.2f}"),
        ("f'{1234.5:,.2f} {7:>4} {today:%d/%m/%Y}'", "1,234.50    7 11/05/2026"),
        ("str(decimal('10.50')) + str(None)", "10.50None"),
        ("(today + days(30)).isoformat()", "2026-06-10"),
        ("days_between(today, date(2026, 12, 25))", 228),
        ("(date(2026, 12, 25) - today).days", 228),
        ("add_months(date('2026-01-31'), 1)", date(2026, 2, 28)),
        ("add_months(date(2026, 12, 15), -12)", date(2025, 12, 15)),
        ("today.replace(day=1).weekday()", 4),
        ("any([x > 2 for x in (1, 2, 3)])", True),
        ("list(enumerate('ab', start=1))", [(1, "a"), (2, "b")]),
        ("None or 'x' and 'y'", "y"),
    ],
)
def test_what_a_script_gives(source, expected, mode):
    assert run(source, mode, today=date(2026, 5, 11)).value == expected


@MODES
@pytest.mark.feature("C06")
def test_working_days_are_those_of_the_calendar(mode):
    # Story S01: Easter Monday is skipped.
    italian = with_closed_days([date(2026, 4, 6)])
    assert run("add_working_days(date(2026, 4, 2), 3)", mode, italian).value == date(2026, 4, 8)
    assert run("working_days_between(date(2026, 4, 2), date(2026, 4, 8))", mode, italian).value == 3
    assert run("next_working_day(date(2026, 4, 5))", mode, italian).value == date(2026, 4, 7)
    assert run("is_working_day(date(2026, 4, 6))", mode, italian).value is False
    for source in ("add_working_days(date(2026, 1, 1), 10**6)", "working_days_between(date(1, 1, 1), date(9999, 1, 1))"):
        assert refused(source, mode, italian).kind in {Kind.RUNTIME, Kind.BUDGET}
    assert refused("add_working_days(date(2026, 1, 1), -1)", mode, italian).kind is Kind.RUNTIME


# Errors


@MODES
@pytest.mark.feature("I-16")
@pytest.mark.parametrize(
    ("source", "kind", "line", "column", "italian"),
    [
        ("x = 1\n  y", Kind.SYNTAX, 2, 2, "non si legge come script"),
        ("x = 1\ny = eval('1')", Kind.FORBIDDEN, 2, 5, "la funzione eval non esiste"),
        ("a = 'è è'; import os", Kind.FORBIDDEN, 1, 12, "il linguaggio non ha Import"),
        ("a = 'è' + qq", Kind.FORBIDDEN, 1, 11, "il nome qq non esiste"),
        ("n = 5", Kind.FORBIDDEN, 1, 1, "n si può solo leggere"),
        ("x = 1\nx = n / (x - 1)", Kind.RUNTIME, 2, 5, "divisione per zero"),
        ("x = [1]\nx[5]", Kind.RUNTIME, 2, 1, "l'elenco è più corto"),
        ("n + 'a'", Kind.RUNTIME, 1, 1, "+ non va con un numero intero e un testo"),
        ("None > n", Kind.RUNTIME, 1, 1, "> non va con nessun valore e un numero intero"),
        ("n.upper()", Kind.RUNTIME, 1, 1, "un numero intero non ha upper()"),
        ("r.nothing", Kind.RUNTIME, 1, 1, "la scheda non ha il campo nothing"),
        ("if n:\n    fail('no', 'nope')", Kind.REJECTED, 2, 5, "no"),
        ("while True:\n    n", Kind.BUDGET, 1, 1, "lo script fa troppi passi"),
        ("int('x')", Kind.RUNTIME, 1, 1, "int(): il testo non è un numero"),
        ("decimal('1,5')", Kind.RUNTIME, 1, 1, "decimal(): il testo non è un numero"),
        ("if n < 0:\n    y = 1\ny", Kind.RUNTIME, 3, 1, "un nome non ha ancora un valore"),
    ],
)
def test_an_error_has_a_kind_a_place_and_a_sentence(source, kind, line, column, italian, mode):
    error = refused(source, mode, n=3, r={"a": 1})
    assert (error.kind, error.line, error.column) == (kind, line, column)
    assert error.text.it.startswith(italian)
    assert error.text.en != error.text.it or kind is Kind.REJECTED


@MODES
@pytest.mark.feature("I-16")
def test_a_sentence_is_short_and_a_rejection_speaks_two_languages(mode):
    assert len(refused("fail('x' * 5000)", mode).text.it) == 300
    error = refused("fail('in italiano', 'in English')", mode)
    assert (error.text.it, error.text.en) == ("in italiano", "in English")
    assert refused("fail('uguale')", mode).text.en == "uguale"


@MODES
@pytest.mark.feature("I-16")
def test_limits_of_a_run_are_the_caller_s(mode):
    script = Scripts(mode=mode).prepare("for i in range(100):\n    x = 'abc' * 40")
    assert script.run({}).steps == script.run({}).steps > 500
    for limits in (Limits(steps=100), Limits(memory=1_000)):
        with pytest.raises(ScriptError) as caught:
            script.run({}, limits)
        assert caught.value.kind is Kind.BUDGET
    with pytest.raises(ScriptError, match="too many messages"):
        Scripts(mode=mode).prepare("log('x' * 200)").run({}, Limits(output=100))
    with pytest.raises(ScriptError, match="memory"):
        Scripts(mode=mode).prepare("'x' * 200").run({}, Limits(result=100))


@pytest.mark.feature("I-16")
def test_both_engines_take_the_same_steps():
    sources = ["1 + 2", "sum([i * i for i in range(50)])", "x = 0\nwhile x < 9:\n    x += 1", "'a' * 5000 + 'b'", "sorted({'b', 'a'})"]
    for source in sources:
        one, other = (run(source, mode) for mode in Mode)
        assert (one.value, one.steps) == (other.value, other.steps)


# Keeping, and functions from outside


@pytest.mark.feature("C06")
def test_a_script_is_checked_once_and_kept_by_its_text():
    scripts = Scripts(keep=2)
    first = scripts.prepare("1 + 1")
    assert scripts.prepare("1 + 1") is first
    assert scripts.prepare("1 + 1", ["a"]) is not first
    scripts.prepare("2")
    scripts.prepare("3")
    assert scripts.prepare("1 + 1") is not first
    assert scripts.prepare("1 + 1").key == first.key != scripts.prepare("1 + 2").key


@MODES
@pytest.mark.feature("I-16")
def test_a_plugin_s_function_gets_copies_and_gives_plain_values(mode):
    seen = []

    def keep(values, factor=2):
        seen.append(values)
        return [each * factor for each in values]

    def leak():
        return print

    def boom():
        message = "secret"
        raise SystemError(message)

    catalogue = with_calendar(None).extended([plugin_function(f"toy.{fn.__name__}", fn) for fn in (keep, leak, boom)])
    assert run("x = [1, 2]\ntoy.keep(x) + toy.keep(x, factor=3)", mode, catalogue).value == (2, 4, 3, 6)
    assert seen == [(1, 2), (1, 2)]
    for source in ("toy.leak()", "toy.boom()"):
        error = refused(source, mode, catalogue)
        assert (error.kind, "secret" in str(error)) == (Kind.RUNTIME, False)
    for source in ("toy.keep()", "toy.keep([1], 2, 3)", "toy.keep([1], values=2)", "toy.keep", "toy.nothing()", "toy = 1\ntoy.keep([1])"):
        assert refused(source, mode, catalogue).kind in {Kind.FORBIDDEN, Kind.RUNTIME}


@pytest.mark.feature("I-16")
def test_a_host_error_that_is_none_of_the_language_s_ends_a_run_cleanly():
    def interrupt():
        raise KeyboardInterrupt

    catalogue = CORE.extended([plugin_function("toy.interrupt", interrupt)])
    # What the operator or the system wants of the process is no business of the sandbox.
    with pytest.raises(KeyboardInterrupt):
        Scripts(catalogue).run("toy.interrupt()", {})


@pytest.mark.feature("C06")
def test_proposals_are_for_scripts_that_may_make_them():
    script = Scripts().prepare("set_field('a', 1)\nset_field('a', 2)\nset_field('b', None)", effects=True)
    assert script.run({}).proposals == {"a": 2, "b": None}
    with pytest.raises(ScriptError):
        check("set_field('a', 1)", CORE)


# Patterns


@pytest.mark.feature("I-16")
@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^[+]49", "+49 170", True),
        (r"^\d{5}$", "36061", True),
        (r"^\d{5}$", "3606", False),
        ("a|b|cd", "xcdx", True),
        ("^(ab)+$", "ababab", True),
        ("^(ab){2,3}$", "abababab", False),
        ("^a{2,}$", "aaaa", True),
        ("^[^a-c]+$", "xyz", True),
        (r"^\w+@\w+\.it$", "info@example.it", True),
        ("", "", True),
        ("^$", "", True),
        ("[]a]", "]", True),
        (r"\.", "a", False),
        ("è+", "perché è", True),
        ("a{0}b", "b", True),
    ],
)
def test_a_pattern_occurs_or_not(pattern, text, found):
    assert search(Guard(), pattern, text) is found
    assert (re.search(pattern, text) is not None) is found


@pytest.mark.feature("I-16")
@pytest.mark.parametrize(
    "pattern", ["(", ")", "a**", "[", "[b-a]", "a{2,1}", "a{999}", r"\1", "(?=a)", "(?P<n>a)", "*", "a" * 201, "(((a{200}){200}))"]
)
def test_a_pattern_that_makes_no_sense_or_is_too_large_is_refused(pattern):
    assert refused("matches(p, 'a')", p=pattern).kind is Kind.RUNTIME


PIECES = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "1"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"])).map(lambda both: f"(?:{both[0]}){both[1]}"),
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(PIECES, st.text("ab1 ", max_size=8), st.sampled_from(["{}", "^{}", "{}$", "^{}$"]))
@pytest.mark.feature("I-16")
def test_patterns_mean_what_they_mean_to_python(pattern, text, frame):
    whole = frame.format(f"(?:{pattern})")
    assert search(Guard(Limits(steps=10**7)), whole, text) is (re.search(whole, text) is not None)


@pytest.mark.feature("P2.10")
def test_the_page_about_rules_names_every_function_and_method():
    page = (Path(__file__).parents[2] / "docs" / "howto" / "rules.md").read_text("utf-8")
    names = {*with_calendar(None).functions, *METHODS}
    assert sorted(name for name in names if f"`{name}`" not in page) == []


@pytest.mark.feature("F02")
def test_interpreting_takes_in_no_numpy_and_leaves_asteval_to_others():
    code = (
        "import sys\n"
        "from crmcore.scripting import Mode, Scripts\n"
        "assert Scripts(mode=Mode.INTERPRETED).run('1 + 1', {}).value == 2\n"
        "assert 'numpy' not in sys.modules and 'asteval' not in sys.modules, sorted(sys.modules)\n"
        "assert not any(type(each).__name__ == '_Refusing' for each in sys.meta_path)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
