"""Score a draft against a few accounts by what a scan of all has learnt: the levels are the engine's, rarity is that of the stored keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import attrs
import numpy as np

from crmcore_quality.duplicates import AUTO, REVIEW, Names, Record, Schema
from crmcore_quality.duplicates.columns import MISSING, Indices, Levels, Weights
from crmcore_quality.duplicates.engine import odds_of, supported_by
from crmcore_quality.duplicates.model import LevelTable, Model
from crmcore_quality.duplicates.naming import DIFFERENT, SAME
from crmcore_quality.duplicates.preparing import PreparedRecords
from crmcore_quality.matching.checking import TOLD
from crmcore_quality.matching.keeping import Keeper
from crmcore_quality.matching.learnt import Learnt
from crmcore_quality.matching.reasons import told

_MOST_RARE: Final = 6.0
_KEY_OF_FIELD: Final = {"address": "house"}
"""Fields whose stored keys have another name."""
_WITHOUT_KEYS: Final = frozenset({"form"})

Scored = tuple[int, float, bool, list[list[Any]]]
"""Account, odds, whether it is sure, and the reasons."""


class _Absent:
    """A field that the draft does not have."""

    agreeing = 1.0

    def levels(self, left: Indices, right: Indices) -> Levels:
        """Return that it is missing."""
        del right
        return np.full(len(left), MISSING, np.int8)

    def rarity(self, left: Indices, right: Indices, levels: Levels, agreeing: float) -> Weights:
        """Add nothing."""
        del right, levels, agreeing
        return np.zeros(len(left))


_ABSENT: Final = _Absent()


def score_draft(
    kept: Keeper, learnt: Learnt, draft: Record, candidates: Mapping[int, Record], shared: Mapping[tuple[int, int], int]
) -> list[Scored]:
    """Return the candidates that are worth telling, the likeliest first; ``shared`` are the holders of keys by account and kind."""
    if not candidates:
        return []
    schema, model = _made_for(kept.schema, learnt)
    records = [draft, *candidates.values()]
    # What the draft does not say is missing, whatever the others say: there is nothing to prepare.
    columns = tuple(
        field.comparer.prepare([record.get(field.name) for record in records]) if draft.get(field.name) else _ABSENT
        for field in schema.fields
    )
    prepared = PreparedRecords(schema, len(records), columns, ())
    left, right = np.zeros(len(candidates), np.int64), np.arange(1, len(records))
    levels = prepared.levels(left, right)
    ids = list(candidates)
    rarity = _rarity(kept, learnt, schema, ids, levels, shared)
    named = next((place for place, field in enumerate(schema.fields) if field.name == "name"), None)
    partly = (levels[:, named] > SAME) & (levels[:, named] < DIFFERENT) if named is not None else np.zeros(0, bool)
    if named is not None and partly.any():
        rarity[partly, named] = prepared.columns[named].rarity(left, right, levels[:, named], 1.0)[partly]
    odds, doubtful = odds_of(model, prepared, levels, rarity.sum(1))
    odds = model.calibration.apply(odds)
    sure = supported_by(model, levels) & prepared.sure(levels) & ~doubtful & (odds >= AUTO)
    weights = model.field_weights(levels) + rarity
    conflicts = [(name, applies) for name, _, applies in prepared.conflicts(levels)]
    names = [field.name for field in schema.fields]
    chosen = [place for place in np.argsort(-odds, kind="stable").tolist() if odds[place] > REVIEW][:TOLD]
    return [
        (
            ids[place],
            round(float(odds[place]), 3),
            bool(sure[place]),
            told(names, levels[place].tolist(), weights[place].tolist(), [name for name, applies in conflicts if applies[place]]),
        )
        for place in chosen
    ]


@lru_cache(maxsize=8)
def _made_for(schema: Schema, learnt: Learnt) -> tuple[Schema, Model]:
    """Return the schema with names that know how common words are, and the model for it."""
    fields = tuple(
        attrs.evolve(field, comparer=Names(learnt.words)) if isinstance(field.comparer, Names) else field for field in schema.fields
    )
    made = attrs.evolve(schema, fields=fields)
    return made, learnt.model(made)


def _rarity(
    kept: Keeper, learnt: Learnt, schema: Schema, ids: list[int], levels: LevelTable, shared: Mapping[tuple[int, int], int]
) -> Weights:
    """Return what rare and common values add where fields agree; a value that no counted key has is one that too many share."""
    caps = {rule.kind: rule.cap for rule in schema.keys}
    found = np.zeros(levels.shape)
    for place, field in enumerate(schema.fields):
        kind = _KEY_OF_FIELD.get(field.name, field.name)
        if field.name in _WITHOUT_KEYS or kind not in caps:
            continue
        agreeing, number = learnt.agreeing.get(field.name, 1 / learnt.records), kept.numbers[kind]
        for row in np.flatnonzero(levels[:, place] == 0).tolist():
            holders = shared.get((ids[row], number), 2 * caps[kind])
            found[row, place] = np.clip(np.log(agreeing * learnt.records / holders), -_MOST_RARE, _MOST_RARE)
    return found
