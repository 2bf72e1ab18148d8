"""Levels of names, addresses, lists and texts."""

from __future__ import annotations

import numpy as np
import pytest
from crmcore_quality.duplicates import MISSING, Addresses, AnyOf, Names, Similar, jaro_winkler, nearness, token_set, token_sort
from crmcore_quality.duplicates.naming import ALIKE, CONTRADICTING, DIFFERENT, INITIAL, LONGER, PART, SAME, SLIP
from crmcore_quality.duplicates.places import ELSEWHERE, HOUSE, NEARLY_HOUSE, NEIGHBOUR, OTHER_STREET, STREET, TOWN
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D02")

# Names that a file has many of: what occurs often exists, and is no slip of the pen.
CROWD = [f"{first} x{place}" for place in range(10) for first in ("rossi", "mario", "maria", "veneta", "edil", "impianti")]


def level(comparer, one, other, others=()):
    prepared = comparer.prepare([one, other, *others])
    return int(prepared.levels(np.array([0]), np.array([1]))[0])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("rossi mario", "mario rossi", SAME),
        ("rossi mario", "rosssi mario", SLIP),
        ("rossi mario", "rossi marioo", SLIP),
        ("rossi mario", "rossi mario luca", LONGER),
        ("rossi mario", "rossi m", INITIAL),
        ("rossi mario", "rossi l", CONTRADICTING),
        ("rossi mario", "rossi maria", CONTRADICTING),
        ("edil veneta", "edilveneta", ALIKE),
        ("rossi mario", "rossi", PART),
        ("edil veneta", "edil impianti", CONTRADICTING),
        ("rossi mario", "edil veneta", DIFFERENT),
        ("rossi mario", None, MISSING),
    ],
)
def test_names_are_compared_word_by_word(one, other, expected):
    assert level(Names(), one, other, CROWD) == expected
    assert level(Names(), other, one, CROWD) == expected


def test_a_slip_that_many_made_is_a_slip_where_many_more_did_not():
    crowd = ["maria neri"] * 400 + ["mria neri"] * 6
    assert level(Names(), "rossi maria", "rossi mria", crowd) == SLIP


def test_names_of_many_words_are_compared_by_their_rarest():
    long = "aa bb cc dd ee ff gg hh"
    assert level(Names(), long, long) == SAME
    assert level(Names(), long, "jj kk ll mm nn oo pp qq") == DIFFERENT


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("roma", "12", "padova"), ("roma", "12", "padova"), HOUSE),
        (("monte grappa", "12", "padova"), ("monte grapa", "12", "padova"), NEARLY_HOUSE),
        (("roma", "12", ""), ("roma", "12", "padova"), NEARLY_HOUSE),
        (("roma", "", "padova"), ("roma", "12", "padova"), STREET),
        (("roma", "14", "padova"), ("roma", "12", "padova"), NEIGHBOUR),
        (("", "", "padova"), ("roma", "12", "padova"), TOWN),
        (("trento", "12", "padova"), ("roma", "12", "padova"), OTHER_STREET),
        (("roma", "12", "vicenza"), ("roma", "12", "padova"), ELSEWHERE),
        (("trento", "12", ""), ("roma", "12", "padova"), ELSEWHERE),
        (("", "12", ""), ("roma", "12", "padova"), MISSING),
        (None, ("roma", "12", "padova"), MISSING),
    ],
)
def test_an_address_is_one_concept(one, other, expected):
    assert level(Addresses(), one, other) == expected
    assert level(Addresses(), other, one) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("1", "2"), ("2", "3"), 0),
        (("1234",), ("1235",), 1),
        (("1234",), ("9876",), 2),
        ((), ("1",), MISSING),
        ("1", ("1",), 0),
        (None, None, MISSING),
    ],
)
def test_lists_share_a_value_or_are_as_near_as_the_nearest(one, other, expected):
    assert level(AnyOf((-1,)), one, other) == expected


@pytest.mark.parametrize("similarity", [jaro_winkler, nearness, token_sort, token_set])
@given(values=st.lists(st.text("abc ", max_size=6), min_size=2, max_size=8))
def test_levels_do_not_depend_on_the_order_and_are_0_for_the_same(similarity, values):
    prepared = Similar(similarity, (0.9, 0.5)).prepare(values)
    left, right = (part.astype(np.int64) for part in np.triu_indices(len(values), 1))
    levels = prepared.levels(left, right)
    assert levels.tolist() == prepared.levels(right, left).tolist()
    for one, other, found in zip(left.tolist(), right.tolist(), levels.tolist(), strict=True):
        missing = not values[one] or not values[other]
        assert (found == MISSING) is missing
        assert missing or (found == 0) is (values[one] == values[other])


def test_a_rare_value_that_agrees_says_more_than_a_common_one():
    values = ["info@example.com"] * 50 + ["mario@example.com"] * 2 + [f"a{place}@example.com" for place in range(50)]
    prepared = AnyOf((-1,)).prepare([(value,) for value in values])
    left, right = np.array([0, 50]), np.array([1, 51])
    common, rare = prepared.rarity(left, right, prepared.levels(left, right), prepared.agreeing)
    assert common < rare


def test_edits_are_counted_up_to_a_few():
    assert nearness(["1234567", "1234567", "abcdefghij"], ["1234576", "1234567", "klmnopqrst"]).tolist() == [-1.0, 0.0, -5.0]
