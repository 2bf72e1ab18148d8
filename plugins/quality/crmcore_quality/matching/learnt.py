"""What a scan learnt, as it is stored, and as the check of single accounts reads it; before the first scan, what is usual."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np
from sqlalchemy import select

from crmcore import Session
from crmcore_quality.duplicates import Model, Schema
from crmcore_quality.duplicates.calibrating import Calibration
from crmcore_quality.duplicates.naming import PreparedNames, WordShares
from crmcore_quality.matching.model import MatchModel

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Duplicates

_KEPT: Final = 8
_USUAL_RECORDS: Final = 1_000


@attrs.frozen(eq=False)
class Learnt:
    """Weights by field, how often values agree by chance, how common words are, and of how many records."""

    records: int
    start: float
    fields: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    agreeing: Mapping[str, float]
    words: WordShares
    calibration: Calibration

    def model(self, schema: Schema) -> Model:
        """Return the model for the fields of a schema; of those that came since the scan, what is usual, or nothing, is known."""
        same, unrelated = [], []
        for field in schema.fields:
            levels = len(field.comparer.labels)
            known = self.fields.get(field.name)
            if known is None or len(known[0]) != levels:
                known = ((1.0 / levels,) * levels, (1.0 / levels,) * levels)
            same.append(np.array(known[0]))
            unrelated.append(np.array(known[1]))
        prior = 1 / (1 + float(np.exp(-self.start)))
        return Model(tuple(same), tuple(unrelated), prior, self.calibration)


def as_json(found: Duplicates) -> dict[str, Any]:
    """Return what was learnt as JSON."""
    model, prepared = found.model, found.prepared
    fields = {
        field.name: [[round(float(each), 9) for each in shares] for shares in (same, unrelated)]
        for field, same, unrelated in zip(prepared.schema.fields, model.same, model.unrelated, strict=True)
    }
    agreeing = {field.name: column.agreeing for field, column in zip(prepared.schema.fields, prepared.columns, strict=True)}
    return {"fields": fields, "agreeing": agreeing, "start": model.start, "calibration": attrs.asdict(model.calibration)}


def common_words(found: Duplicates, *, most: int, fewest: int) -> dict[str, float]:
    """Return the words of names that several records have, with the share of records that have each."""
    for column in found.prepared.columns:
        if isinstance(column, PreparedNames):
            shares = column.spread_of_words
            places = np.flatnonzero(shares * column.names.filled >= fewest)
            chosen = places[np.argsort(-shares[places], kind="stable")][:most]
            return {column.words[place]: float(shares[place]) for place in chosen.tolist()}
    return {}


def digest_of(weights: Mapping[str, Any], words: Mapping[str, float]) -> str:
    """Return a digest of what was learnt."""
    return blake2b(json.dumps([weights, words], sort_keys=True).encode(), digest_size=16).hexdigest()


_LAST: Final = select(MatchModel.__table__.c.digest).order_by(MatchModel.__table__.c.id.desc()).limit(1)


def learnt(session: Session, schema: Schema) -> Learnt:
    """Return what the last scan learnt: one statement, and another where this process has not read it yet."""
    digest = session.scalar(_LAST)
    if digest is None:
        return _usual(schema)
    return _read(_Source(digest, session)) or _usual(schema)


@attrs.frozen
class _Source:
    """Where what was learnt is read, by the digest of its content: so it is the same for every Crm of a process."""

    digest: str
    session: Session = attrs.field(eq=False)


@lru_cache(maxsize=_KEPT)
def _read(source: _Source) -> Learnt | None:
    row = source.session.execute(select(MatchModel.__table__).where(MatchModel.digest == source.digest)).first()
    return None if row is None else _from_row(row)


def _from_row(row: Any) -> Learnt:  # noqa: ANN401 - a row of a query
    weights = row.weights
    fields = {name: (tuple(same), tuple(unrelated)) for name, (same, unrelated) in weights["fields"].items()}
    words = WordShares(row.words, row.records)
    return Learnt(row.records, weights["start"], fields, weights["agreeing"], words, Calibration(**weights["calibration"]))


@lru_cache(maxsize=4)
def _usual_of(names: tuple[str, ...]) -> Learnt:
    from crmcore_quality.duplicates import ACCOUNTS  # noqa: PLC0415 - beside its only use

    known = {name: shares for name, shares in ACCOUNTS.reference.items() if name in names}
    fields = {name: (shares.same, shares.unrelated) for name, shares in known.items()}
    agreeing = {name: shares.unrelated[0] for name, shares in known.items()}
    start = float(np.log(0.1 / _USUAL_RECORDS))
    return Learnt(_USUAL_RECORDS, start, fields, agreeing, WordShares({}, _USUAL_RECORDS), Calibration())


def _usual(schema: Schema) -> Learnt:
    return _usual_of(tuple(field.name for field in schema.fields))
