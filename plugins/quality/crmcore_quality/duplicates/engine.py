"""Find the records of a file that are one and the same, without labels, and say why."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from crmcore_quality.duplicates.calibrating import calibrate
from crmcore_quality.duplicates.candidates import ALL_PAIRS_UP_TO, Candidates, by_keys, every_pair
from crmcore_quality.duplicates.clustering import cluster
from crmcore_quality.duplicates.columns import Indices, Weights
from crmcore_quality.duplicates.keys import keys_of
from crmcore_quality.duplicates.model import Flags, LevelTable, Model, count_unrelated, learn, random_pairs
from crmcore_quality.duplicates.preparing import PreparedRecords
from crmcore_quality.duplicates.schema import Record, Schema

AUTO: Final = 7.0
"""The odds, as a logarithm, from which nobody needs to look: a thousand to one, and a margin for fields that depend on each other."""
REVIEW: Final = -3.0
"""The odds from which a person should look: one in twenty."""
_CHUNK: Final = 500_000
_SINGLE: Final = 2


class Band(enum.IntEnum):
    """What to do with a pair."""

    NO = 0
    """Two."""
    REVIEW = 1
    """A person decides."""
    AUTO = 2
    """One, without asking."""


@attrs.frozen
class Evidence:
    """What one field says about a pair: positive speaks for one and the same, as a logarithm of odds."""

    field: str
    level: str
    weight: float


@attrs.frozen(eq=False, kw_only=True)
class Duplicates:
    """What was found: pairs worth a look with their odds and band, and groups of records that are one and the same.

    ``conflicts`` are the names of those that apply to a pair, by its place; ``capped`` counts keys that too many records share.
    """

    left: Indices
    right: Indices
    odds: Weights
    bands: NDArray[np.int8]
    groups: tuple[tuple[int, ...], ...]
    model: Model
    prepared: PreparedRecords
    compared: int
    capped: Counter[str]

    def pairs(self, band: Band) -> list[tuple[int, int]]:
        """Return the pairs of a band, the surest first."""
        places = np.flatnonzero(self.bands == band)
        order = places[np.argsort(-self.odds[places], kind="stable")]
        return list(zip(self.left[order].tolist(), self.right[order].tolist(), strict=True))

    def explain(self, one: int, other: int) -> list[Evidence]:
        """Return what each field says about two records, then what rare values add, conflicts, and the odds before looking."""
        left, right = np.array([one], np.int64), np.array([other], np.int64)
        levels = self.prepared.levels(left, right)
        weights = self.model.field_weights(levels)[0]
        rarity = self.prepared.rarity_by_field(left, right, levels)[0]
        found = [
            Evidence(
                field.name, field.comparer.labels[levels[0, place]] if levels[0, place] >= 0 else "", float(weights[place] + rarity[place])
            )
            for place, field in enumerate(self.prepared.schema.fields)
        ]
        flags = self.prepared.conflicts(levels)
        found += [Evidence(name, "!", -np.inf if forbids else 0.0) for name, forbids, applies in flags if applies[0]]
        return [*found, Evidence("", "", self.model.start)]


def find_duplicates(records: Sequence[Record], schema: Schema, *, answers: Mapping[tuple[int, int], bool] | None = None) -> Duplicates:
    """Find the duplicates among records.

    ``answers`` are decisions of people about pairs of records: they are kept, and the model learns from them.
    """
    return find_among(PreparedRecords.of(records, schema), _candidates(records, schema), answers=answers)


def find_among(prepared: PreparedRecords, candidates: Candidates, *, answers: Mapping[tuple[int, int], bool] | None = None) -> Duplicates:
    """Find the duplicates among candidates that are known already, such as those of stored keys; otherwise as `find_duplicates`."""
    given = {(min(pair), max(pair)): same for pair, same in (answers or {}).items()}
    candidates = _with_answers(candidates, prepared.size, given)
    left, right = candidates.left, candidates.right
    levels, rarity = _compare(prepared, left, right)
    model = _learn(prepared, candidates, levels, rarity, given)
    odds, doubtful = odds_of(model, prepared, levels, rarity)
    known = _places(candidates, prepared.size, given)
    answered = np.array(list(known.values()), bool)
    places = np.array(list(known), np.int64)
    calibration = calibrate(odds[places], answered)
    likely = calibration.apply(odds)
    odds = np.minimum(odds, likely) if calibration.stricter else odds
    for table in (odds, likely):
        table[places] = np.where(answered, np.inf, -np.inf)
    doubtful[places] = False

    def score(one: Indices, other: Indices) -> Weights:
        table, rare = _compare(prepared, one, other)
        found = calibration.apply(odds_of(model, prepared, table, rare)[0])
        for place, pair in enumerate(zip(one.tolist(), other.tolist(), strict=True)) if given else ():
            known_as = given.get((min(pair), max(pair)))
            if known_as is not None:
                found[place] = np.inf if known_as else -np.inf
        return found

    groups = _partners(left, right, likely) if prepared.schema.source else cluster(left, right, likely, score, records=prepared.size)
    supported = supported_by(model, levels) & prepared.sure(levels)
    return _result(
        candidates, likely, groups, prepared, attrs.evolve(model, calibration=calibration), supported & ~doubtful & (odds >= AUTO)
    )


def _learn(
    prepared: PreparedRecords, candidates: Candidates, levels: LevelTable, rarity: Weights, answers: Mapping[tuple[int, int], bool]
) -> Model:
    size = prepared.size
    chance = random_pairs(size) if size > 1 else (candidates.left, candidates.right)
    comparers = [field.comparer for field in prepared.schema.fields]
    usual = [prepared.schema.reference.get(field.name) for field in prepared.schema.fields]
    unrelated = count_unrelated(
        prepared.columns,
        comparers,
        _compare_levels(prepared, *chance),
        records=size,
        reference=[None if shares is None else shares.unrelated for shares in usual],
    )
    refused = np.zeros(len(candidates.left), bool)
    for _, _, applies in prepared.conflicts(levels):
        refused |= applies
    known = _places(candidates, size, answers)
    same = [None if shares is None else shares.same for shares in usual]
    return learn(levels, rarity, unrelated, records=size, refused=refused, known=known, reference=same)


def _places(candidates: Candidates, size: int, answers: Mapping[tuple[int, int], bool]) -> dict[int, bool]:
    """Return the answers by the place of their pair; candidates are in order, so each is found at once."""
    if not answers:
        return {}
    codes = candidates.left * size + candidates.right
    wanted = np.array([low * size + high for low, high in answers], np.int64)
    return dict(zip(np.searchsorted(codes, wanted).tolist(), answers.values(), strict=True))


def _with_answers(candidates: Candidates, size: int, answers: Mapping[tuple[int, int], bool]) -> Candidates:
    """Add the pairs that people were asked about, if no key brings them together any more."""
    if not answers:
        return candidates
    asked = np.array([low * size + high for low, high in answers], np.int64)
    pairs = np.union1d(candidates.left * size + candidates.right, asked)
    return Candidates(pairs // size, pairs % size, candidates.capped)


def _candidates(records: Sequence[Record], schema: Schema) -> Candidates:
    size = len(records)
    if size * (size - 1) // 2 <= ALL_PAIRS_UP_TO or not schema.keys:
        found = every_pair(size)
    else:
        found = by_keys(((rule.kind, rule.cap, keys_of(rule, records)) for rule in schema.keys), size)
    if schema.source:
        sources = np.array([str(record.get(schema.source)) for record in records])
        apart = sources[found.left] != sources[found.right]
        found = Candidates(found.left[apart], found.right[apart], found.capped)
    return found


def _compare(prepared: PreparedRecords, left: Indices, right: Indices) -> tuple[LevelTable, Weights]:
    levels = _compare_levels(prepared, left, right)
    rarity = np.zeros(len(left))
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        rarity[part] = prepared.rarity_by_field(left[part], right[part], levels[part]).sum(1)
    return levels, rarity


def _compare_levels(prepared: PreparedRecords, left: Indices, right: Indices) -> LevelTable:
    parts = [prepared.levels(left[start : start + _CHUNK], right[start : start + _CHUNK]) for start in range(0, len(left), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, len(prepared.schema.fields)), np.int8)


def odds_of(model: Model, prepared: PreparedRecords, levels: LevelTable, rarity: Weights) -> tuple[Weights, Flags]:
    """Return the odds, and which pairs a conflict leaves to people at most."""
    odds = model.start + model.field_weights(levels).sum(1) + rarity
    doubtful = np.zeros(len(odds), bool)
    for _, forbids, applies in prepared.conflicts(levels):
        if forbids:
            odds[applies] = -np.inf
        else:
            doubtful |= applies
    # More likely two than one, however much else agrees: what agrees belongs to a household or a switchboard.
    odds[doubtful] = np.minimum(odds[doubtful], -0.5)
    return odds, doubtful


def supported_by(model: Model, levels: LevelTable) -> Flags:
    """Return which pairs have two fields at least that speak for them: one alone may be a shared phone, or a namesake."""
    return np.asarray((model.field_weights(levels) > 1.0).sum(1) >= _SINGLE)


def _partners(left: Indices, right: Indices, odds: Weights) -> list[tuple[int, ...]]:
    """Give each record its best partner, the surest pairs first."""
    taken: set[int] = set()
    found: list[tuple[int, ...]] = []
    for place in np.argsort(-odds, kind="stable"):
        if odds[place] <= 0:
            break
        pair = (int(left[place]), int(right[place]))
        if taken.isdisjoint(pair):
            taken.update(pair)
            found.append(pair)
    return found


def _result(
    candidates: Candidates, odds: Weights, groups: Sequence[tuple[int, ...]], prepared: PreparedRecords, model: Model, sure: Flags
) -> Duplicates:
    left, right = candidates.left, candidates.right
    group_of = np.full(prepared.size, -1, np.int64)
    for number, group in enumerate(groups):
        group_of[list(group)] = number
    together = (group_of[left] == group_of[right]) & (group_of[left] >= 0)
    bands = np.where(odds > REVIEW, Band.REVIEW, Band.NO).astype(np.int8)
    bands[together & np.isfinite(odds) & (bands == Band.NO)] = Band.REVIEW
    bands[together & sure] = Band.AUTO
    kept = bands != Band.NO
    return Duplicates(
        left=left[kept],
        right=right[kept],
        odds=odds[kept],
        bands=bands[kept],
        groups=tuple(sorted(groups)),
        model=model,
        prepared=prepared,
        compared=len(left),
        capped=candidates.capped,
    )
