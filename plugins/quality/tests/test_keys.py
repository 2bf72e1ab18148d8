"""Match keys, and the pairs that share one."""

from __future__ import annotations

from itertools import combinations

import pytest
from crmcore_quality.duplicates import ACCOUNTS, by_keys, every_pair, key_rows, prepare, sound_of
from crmcore_quality.duplicates.keys import hashed
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.feature("D02", "D04")

ROSSI = {
    "name": "Rossi & C. S.n.c. di Mario Rossi",
    "vat_code": "IT00000019992",
    "phones": "0424 000012 / 320 0000012",
    "emails": "Info@Example.com",
    "street": "V.le XXIV Maggio",
    "civic": "12/A",
    "municipality": "BASSANO DEL GRAPPA",
}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), max_size=40), st.integers(2, 6))
def test_pairs_are_those_that_share_a_key_that_is_not_too_common(rows, cap):
    found = by_keys([("kind", cap, [(record, (value,)) for value, record in rows])], 10)
    expected, capped = set(), 0
    for key in "abcd":
        holders = [record for value, record in rows if value == key]
        if len(holders) > cap:
            capped += 1
        else:
            expected |= {(min(pair), max(pair)) for pair in combinations(holders, 2) if pair[0] != pair[1]}
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == expected
    assert len(found.left) == len(expected)
    assert found.capped["kind"] == capped


def test_small_files_are_compared_whole():
    found = every_pair(4)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == list(combinations(range(4), 2))


def test_an_account_is_compared_in_its_normal_form():
    record = prepare(ROSSI)
    assert record["name"] == "rossi mario rossi"
    assert record["form"] == "snc"
    assert record["vat_code"] == "00000019992"
    assert record["fiscal_code"] is None
    assert record["phones"] == ("+390424000012", "+393200000012")
    assert record["emails"] == ("info@example.com",)
    assert record["address"] == ("24 maggio", "12", "bassano del grappa")


def test_what_is_wrong_is_missing():
    record = prepare(
        {"name": "x", "vat_code": "1", "fiscal_code": "x", "phones": ["n.d.", "0424 000012"], "emails": "nobody", "civic": "snc"}
    )
    assert (record["vat_code"], record["fiscal_code"], record["emails"]) == (None, None, ())
    assert record["phones"] == ("+390424000012",)
    assert record["address"] == ("", "", "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ROSSI S.R.L.", "rossi"),
        ("Rossi s r l", "rossi"),
        ("Bianchi & Figli", "bianchi figli"),
        ("M. Rossi", "m rossi"),
        ("Rossi e Bianchi", "rossi bianchi"),
        ("S.p.A.", "spa"),
        ("D'Angelo Nicolò", "d angelo nicolo"),
        ("Edil Veneta di Rossi", "edil veneta rossi"),
    ],
)
def test_names_lose_what_says_nothing(name, words):
    assert prepare({"name": name})["name"] == words


def test_rows_are_the_same_everywhere():
    rows = key_rows(ACCOUNTS, prepare(ROSSI), 7)
    assert rows == key_rows(ACCOUNTS, prepare(ROSSI | {"name": "Mario Rossi Rossi snc"}), 7)
    assert {row.record for row in rows} == {7}
    assert {row.kind for row in rows} == {"vat_code", "phones", "emails", "name", "word_town", "house"}
    assert all(-(2**63) <= row.hashed < 2**63 for row in rows)
    # Stored keys are compared with keys of other releases: these numbers never change without a new version of the rule.
    assert hashed("vat_code", "00000019992") == -954862198741274923
    assert hashed("phones", "00000019992") != hashed("vat_code", "00000019992")


@pytest.mark.parametrize(("one", "other"), [("rossi", "rosi"), ("chiara", "kiara"), ("giovanni", "giovani"), ("philippi", "filippi")])
def test_words_that_sound_alike_have_one_sound(one, other):
    assert sound_of(one) == sound_of(other)


@pytest.mark.parametrize(("one", "other"), [("rossi", "bianchi"), ("ceci", "checi"), ("gino", "ghino"), ("12", "13")])
def test_other_words_have_another(one, other):
    assert sound_of(one) != sound_of(other)
