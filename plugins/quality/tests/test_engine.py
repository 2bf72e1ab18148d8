"""The engine as a whole, judged on records of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from crmcore_quality.duplicates import (
    ACCOUNTS,
    AUTO,
    Band,
    Conflict,
    Field,
    Schema,
    Similar,
    differs,
    find_duplicates,
    jaro_winkler,
    nearness,
    prepare,
)

from bench.duplicates import inside, same_pairs, score
from bench.italian_records import make_records

pytestmark = pytest.mark.feature("D02")

NAME = Similar(jaro_winkler, (0.9, 0.75))
PEOPLE = Schema(fields=(Field("first", NAME), Field("last", NAME), Field("born", Similar(nearness, (-1, -2)))), swaps=(("first", "last"),))


@pytest.fixture(scope="module")
def italian():
    """Six thousand Italian accounts, their true pairs, and what the engine found."""
    rows, truth = make_records(6000, 3)
    records = [prepare(row) for row in rows]
    return rows, same_pairs(truth), find_duplicates(records, ACCOUNTS)


def people(count=60):
    names = [("mario", "rossi"), ("giulia", "bianchi"), ("luca", "verdi"), ("anna", "neri"), ("paolo", "gallo"), ("sara", "conti")]
    return [
        {
            "first": f"{names[place % 6][0]}{chr(97 + place % 23)}",
            "last": f"{names[place % 5][1]}{chr(97 + place % 19)}",
            "born": f"19{50 + place % 50}-0{1 + place % 9}-1{place % 10}",
        }
        for place in range(count)
    ]


def test_nearly_all_italian_duplicates_are_found_at_the_engines_own_threshold(italian):
    _, true, found = italian
    precision, recall, f1 = score(inside(found.groups), true)
    assert f1 >= 0.95, (precision, recall)


def test_what_is_merged_without_asking_is_right(italian):
    _, true, found = italian
    precision, recall, _ = score(set(found.pairs(Band.AUTO)), true)
    assert precision >= 0.999
    assert recall >= 0.6


def test_review_shows_most_of_the_rest(italian):
    _, true, found = italian
    shown = set(found.pairs(Band.AUTO)) | set(found.pairs(Band.REVIEW))
    assert len(shown & true) / len(true) >= 0.97


def test_two_tax_codes_are_never_of_one_group(italian):
    rows, _, found = italian
    for group in found.groups:
        for field in ("vat_code", "fiscal_code"):
            codes = {prepare(rows[record])[field] for record in group} - {None}
            assert len(codes) <= 1


def test_what_is_said_about_a_pair_adds_up_to_its_odds(italian):
    _, _, found = italian
    for place in range(0, len(found.left), 97):
        if not np.isfinite(found.odds[place]):
            continue
        evidence = found.explain(int(found.left[place]), int(found.right[place]))
        total = sum(each.weight for each in evidence)
        doubtful = any(each.level == "!" for each in evidence)
        assert (min(total, -0.5) if doubtful else total) == pytest.approx(found.odds[place])


def test_the_prior_is_about_right_without_any_label(italian):
    _, true, found = italian
    expected = found.model.prior * 6000 * 5999 / 2
    assert 0.8 * len(true) <= expected <= 1.2 * len(true)


def test_the_same_file_gives_the_same_result_and_its_order_does_not_matter():
    rows, _ = make_records(1200, 5)
    records = [prepare(row) for row in rows]
    once, again = find_duplicates(records, ACCOUNTS), find_duplicates(records, ACCOUNTS)
    assert once.groups == again.groups
    assert once.odds.tolist() == again.odds.tolist()
    backwards = find_duplicates(records[::-1], ACCOUNTS)
    last = len(records) - 1
    turned = {tuple(sorted(last - record for record in group)) for group in backwards.groups}
    assert len(turned ^ set(once.groups)) <= 0.02 * len(once.groups)


def test_swapped_names_are_put_right():
    records = [
        *people(),
        {"first": "rowe", "last": "caleb", "born": "1992-12-20"},
        {"first": "caleb", "last": "rowe", "born": "1992-12-20"},
    ]
    found = find_duplicates(records, PEOPLE)
    assert (60, 61) in found.groups
    evidence = {each.field: each.level for each in found.explain(60, 61)}
    assert (evidence["first"], evidence["last"]) == ("=", "=")
    straight = find_duplicates(records, Schema(fields=PEOPLE.fields))
    assert (60, 61) not in straight.groups


def test_a_conflict_forbids_or_leaves_it_to_people():
    twin = {"first": "caleb", "last": "rowe", "born": "1992-12-20", "code": "1"}
    records = [*people(), twin, twin | {"code": "2"}]
    fields = (*PEOPLE.fields, Field("code", Similar(nearness, ())))
    free = find_duplicates(records, Schema(fields=fields))
    assert (60, 61) in free.groups
    forbidden = find_duplicates(records, Schema(fields=fields, conflicts=(Conflict("code", differs("code", 1)),)))
    assert not any({60, 61} <= set(group) for group in forbidden.groups)
    assert (60, 61) not in forbidden.pairs(Band.REVIEW) + forbidden.pairs(Band.AUTO)
    asked = find_duplicates(records, Schema(fields=fields, conflicts=(Conflict("code", differs("code", 1), forbids=False),)))
    assert (60, 61) in asked.pairs(Band.REVIEW)
    assert [each.field for each in asked.explain(60, 61) if each.level == "!"] == ["code"]


def test_answers_of_people_are_kept_and_taught():
    twin = {"first": "caleb", "last": "rowe", "born": "1992-12-20"}
    records = [*people(), twin, dict(twin), {"first": "zoe", "last": "quinn", "born": "2001-01-01"}]
    found = find_duplicates(records, PEOPLE, answers={(61, 60): False, (60, 62): True})
    assert any({60, 62} <= set(group) for group in found.groups)
    assert not any({60, 61} <= set(group) for group in found.groups)


def test_linking_two_lists_gives_each_record_one_partner():
    left = [record | {"source": "a"} for record in people(30)]
    right = [record | {"source": "b"} for record in people(30)]
    schema = Schema(fields=PEOPLE.fields, source="source")
    found = find_duplicates([*left, *right, left[0] | {"source": "b"}], schema)
    assert set(found.groups) >= {(place, place + 30) for place in range(1, 30)}
    assert len({record for group in found.groups for record in group}) == 2 * len(found.groups)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_files_are_no_error(count):
    found = find_duplicates(people(count), PEOPLE)
    assert found.groups == ()


def test_a_file_without_any_value_has_no_duplicates():
    found = find_duplicates([{"first": None, "last": "", "born": None}] * 20, PEOPLE)
    assert found.groups == ()


def test_a_schema_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="twice"):
        Schema(fields=(Field("a", NAME), Field("a", NAME)))
    with pytest.raises(ValueError, match="lack"):
        Schema(fields=(Field("a", NAME),), swaps=(("a", "b"),))


def test_pairs_come_the_surest_first(italian):
    _, _, found = italian
    odds = dict(zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.odds.tolist(), strict=True))
    sure = [odds[pair] for pair in found.pairs(Band.AUTO)]
    assert sure == sorted(sure, reverse=True)
    assert min(sure) >= AUTO
