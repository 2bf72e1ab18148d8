"""Groups that cannot chain."""

from __future__ import annotations

import numpy as np
import pytest
from crmcore_quality.duplicates import cluster, components, divide
from crmcore_quality.duplicates.clustering import LARGEST
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D02")


def groups_of(table):
    table = np.array(table, float)
    size = len(table)
    left, right = (part.astype(np.int64) for part in np.triu_indices(size, 1))
    return cluster(left, right, table[left, right], lambda one, other: table[one, other], records=size)


def test_a_chain_is_cut_where_it_is_weakest():
    # 0 is like 1 and 1 like 2, but 0 and 2 are surely two.
    assert groups_of([[0, 5, -9], [5, 0, 4], [-9, 4, 0]]) == [(0, 1)]


def test_what_two_do_not_tell_a_third_may():
    assert groups_of([[0, 5, -1], [5, 0, 5], [-1, 5, 0]]) == [(0, 1, 2)]


def test_a_forbidden_pair_is_never_together_even_through_others():
    forbidden = -np.inf
    assert groups_of([[0, 12, forbidden], [12, 0, 11], [forbidden, 11, 0]]) == [(0, 1)]


def test_one_enormous_weight_does_not_outvote_the_rest():
    # A million to one, once, against two pairs that are sure of the contrary: a weight counts twelve at most.
    assert groups_of([[0, 5, 1e6], [5, 0, -30], [1e6, -30, 0]]) == [(0, 2)]


@st.composite
def tables(draw):
    size = draw(st.integers(2, 9))
    table = np.zeros((size, size))
    for one in range(size):
        for other in range(one):
            value = draw(st.sampled_from([-np.inf, -8.0, -3.0, -1.0, 0.0, 1.0, 2.5, 7.0, 30.0]))
            table[one, other] = table[other, one] = value
    return table


@given(tables())
def test_groups_are_apart_allowed_and_like_on_the_whole(table):
    groups = groups_of(table)
    members = [record for group in groups for record in group]
    assert len(members) == len(set(members))
    for group in groups:
        inside = table[np.ix_(group, group)][np.triu_indices(len(group), 1)]
        assert not np.isneginf(inside).any()
        assert np.clip(inside, -12, 12).mean() > 0


@given(tables(), st.randoms(use_true_random=False))
def test_groups_that_nothing_ties_do_not_depend_on_the_order(table, chance):
    # Two tables with the same numbers differ in ties alone, which this one has none of.
    size = len(table)
    noise = np.array([[hash((min(a, b), max(a, b), "tie")) % 1000 / 1e5 for a in range(size)] for b in range(size)])
    # Below twelve, beyond which weights are cut to be the same.
    distinct = np.clip(table, -11, 11) + noise
    distinct[np.isneginf(table)] = -np.inf
    order = list(range(size))
    chance.shuffle(order)
    shuffled = groups_of(distinct[np.ix_(order, order)])
    assert sorted(tuple(sorted(order[record] for record in group)) for group in shuffled) == sorted(groups_of(distinct))


def test_the_largest_heaps_are_cut_at_their_weakest_pairs_first():
    # Two heaps, each sure of itself, hang together by one doubtful pair.
    size = LARGEST + 2
    half = size // 2
    table = np.full((size, size), -5.0)
    table[:half, :half] = table[half:, half:] = 6.0
    table[0, half] = table[half, 0] = 0.5
    assert [len(group) for group in groups_of(table)] == [half, size - half]


def test_components_are_sorted():
    assert components(6, [4, 1], [5, 4]) == [[1, 4, 5]]
    assert divide([3, 8], np.array([[0.0, -1.0], [-1.0, 0.0]])) == []
