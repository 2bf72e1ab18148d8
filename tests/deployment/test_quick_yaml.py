"""The quick reader makes of a text what ruamel makes of it, with every value in the same place, or leaves it alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.deployment.quickyaml import read_quickly
from crmcore.deployment.yamlfile import _SCALARS, parse, parse_slowly
from crmcore.errors import ConfigurationError
from tools.repository import ROOT

pytestmark = pytest.mark.feature("P4.2")

EXAMPLES = sorted((ROOT / "examples" / "deployments").rglob("*.yaml"))
SEED = """# Un commento
zones:
  VI:
    label: {it: Vicenza, en: "Vicenza city"}   # in coda
    provinces: [VI, VR]
    postcodes: ["36100-36199", '00184', 00184]
    obsolete: false
    parent: Nord-Est, alto
    from: 2026-01-01
    sellers:
      2026-01-01: AGN001
      "2026-07-01 BU2": {seller: AGN002, until: 2026-12-31}
    empty:

  'PD': {label: Padova d'Este, n: -1.5, x: ~, y: .inf}
transitions:
  a -> b: {}
  b -> a @v: [[], {k: [1, {z: true}]}]
list: []
"""
PIECES = [
    "",
    " ",
    "  ",
    "\n",
    "\n  ",
    ":",
    ": ",
    "#",
    " #",
    "-",
    "- ",
    ",",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "&a ",
    "*a",
    "!x ",
    "|",
    ">",
    "%",
    "@",
    "`",
    "?",
]
PIECES += [
    "\t",
    "\\",
    "<<",
    "<<: ",
    "=",
    "~",
    "null",
    "true",
    "0x1F",
    "1_000",
    "1e3",
    "é",
    "€",
    "\xa0",
    "\x85",
    "\u2028",
    "---",
    "...",
    "\r\n",
    "${env:X}",
    "01:30",
]


def compare(text: str) -> bool:
    """Return whether a text was read quickly; it is the same then."""
    quick = read_quickly(text, _SCALARS)
    if quick is None:
        return False
    slow = parse_slowly(text, "x")
    assert slow.problems == ()
    assert repr(quick.data) == repr(slow.data)
    assert quick.keys == dict(slow.source.keys)
    assert quick.values == dict(slow.source.values)
    return True


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_examples_are_read_quickly(path):
    # Lists over several lines, such as the steps of a template, are left to the slow reader.
    assert compare(path.read_text(encoding="utf-8")) or path.name in {"crm.yaml", "automatismi.yaml", "offerte.yaml"}


def test_the_seed_is_read_quickly():
    assert compare(SEED)


@settings(max_examples=1500)
@given(st.lists(st.tuples(st.integers(0, len(SEED)), st.integers(0, 3), st.sampled_from(PIECES)), min_size=1, max_size=3))
def test_a_text_with_changes_is_read_alike_or_left_alone(changes):
    text = SEED
    for place, length, piece in changes:
        text = text[:place] + piece + text[place + length :]
    try:
        compare(text)
    except ConfigurationError as error:
        pytest.fail(f"what ruamel refuses was read: {error}\n{text}")


@settings(max_examples=800)
@given(st.text(st.sampled_from("ab1 :#-,[]{}\"'\n&*!.~é"), max_size=24))
def test_any_text_is_read_alike_or_left_alone(text):
    try:
        compare(text)
    except ConfigurationError as error:
        pytest.fail(f"what ruamel refuses was read: {error}\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        "a: [1\n",
        "a: {b: 1}}\n",
        "a: b: c\n",
        "a: 1\na: 2\n",
        "a: *x\n",
        "a:\n\tb: 1\n",
        "a: 1\n  b: 2\n",
        "a: |\n  b\n",
        "- a\n",
        "a: !x 1\n",
        "a: 1\n--- b: 2\n",
        "... : 1\n",
    ],
)
def test_what_is_wrong_or_rare_is_left_to_ruamel(text):
    assert read_quickly(text, _SCALARS) is None


def test_both_ways_end_in_the_same_document():
    assert parse(SEED, "x") == parse_slowly(SEED, "x")
