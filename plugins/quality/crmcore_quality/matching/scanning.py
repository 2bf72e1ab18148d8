"""Scan the whole registry: the pairs that may be one, the groups, and what was learnt, into the tables that people work on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Text, case, cast, delete, func, insert, select

from crmcore import Job, JobRun, Session
from crmcore.errors import UsageError
from crmcore_quality.matching.answering import answers_of
from crmcore_quality.matching.keeping import Keeper, keeper, rebuild, stale
from crmcore_quality.matching.model import MATCH_KEY, DuplicatePair, MatchModel, table_of
from crmcore_quality.matching.reading import stream_records
from crmcore_quality.matching.reasons import reasons_of

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Candidates, Duplicates
    from crmcore_quality.duplicates.preparing import PreparedRecords

SCAN: Final = "quality.find_duplicates"
_CHUNK: Final = 5_000
_COMMON_WORDS: Final = 20_000
_FEWEST: Final = 5
"""Records that make a word one that exists: see `crmcore_quality.duplicates.naming`."""


@attrs.frozen(kw_only=True)
class Scan:
    """What a scan found: counts, and the keys that too many share, by kind."""

    records: int
    compared: int
    auto: int
    review: int
    groups: int
    capped: Mapping[str, int]


def scan(session: Session) -> Scan:
    """Find the duplicates among all accounts, and write the queue anew; what people answered is kept, and counts.

    Keys whose rule changed are made first. Nothing is committed here.

    Raises:
        UsageError: ``QUALITY_SCAN_LIMITED`` in a session that does not see all accounts.
    """
    from crmcore_quality.duplicates.engine import find_among  # noqa: PLC0415 - the engine brings numpy

    if not session.guard.reach.open:
        raise UsageError("QUALITY_SCAN_LIMITED", login=session.actor.name)
    if stale(session):
        for _ in rebuild(session):
            pass
    kept = keeper(session)
    ids, prepared = _prepare(session, kept)
    candidates = _candidates(session, kept, ids)
    places = {key: place for place, key in enumerate(ids)}
    known = {(places[one], places[other]): same for (one, other), same in answers_of(session).items() if one in places and other in places}
    found = find_among(prepared, candidates, answers=known)
    _forget(session)
    _write_pairs(session, found, ids)
    _write_model(session, found)
    bands = Counter(found.bands.tolist())
    return Scan(
        records=len(ids), compared=found.compared, auto=bands[2], review=bands[1], groups=len(found.groups), capped=dict(found.capped)
    )


def _prepare(session: Session, kept: Keeper) -> tuple[list[int], PreparedRecords]:
    """Read all accounts, field by field: equal texts are kept once."""
    from crmcore_quality.duplicates.preparing import PreparedRecords  # noqa: PLC0415 - the engine brings numpy

    names = [field.name for field in kept.schema.fields]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    appends = [(name, columns[name].append) for name in names]
    ids: list[int] = []
    once: dict[Any, Any] = {}
    for chunk in stream_records(session, kept.own):
        for key, record in chunk:
            ids.append(key)
            for name, append in appends:
                value = record[name]
                append(once.setdefault(value, value) if value else None)
    return ids, PreparedRecords.of_columns(columns, len(ids), kept.schema)


def _candidates(session: Session, kept: Keeper, ids: Sequence[int]) -> Candidates:
    """Return the pairs that share a stored key; the database groups them, and tells the members of those that few share."""
    import numpy as np  # noqa: PLC0415 - only a scan needs it

    from crmcore_quality.duplicates.candidates import from_codes, pairs_inside  # noqa: PLC0415 - as above

    caps = {kept.numbers[rule.kind]: rule.cap for rule in kept.schema.keys}
    table, size = MATCH_KEY.c, func.count()
    kind = func.min(table.kind)
    cap = case(caps, value=kind, else_=0)
    members = func.aggregate_strings(cast(table.record_id, Text), ",")
    grouped = select(kind.label("kind"), size.label("size"), case((size <= cap, members)).label("members"))
    query = grouped.group_by(table.key_hash).having(size > 1)
    names = {number: name for name, number in kept.numbers.items()}
    capped: Counter[str] = Counter()
    sizes: list[int] = []
    texts: list[str] = []
    for row in session.execute(query):
        if row.members is None:
            capped[names.get(row.kind, "")] += 1
        else:
            sizes.append(row.size)
            texts.append(row.members)
    order = np.array(ids, np.int64)
    # Records that came after the accounts were read are left for the next scan: on PostgreSQL each statement sees what is committed.
    keys = np.array(",".join(texts).split(","), np.int64) if texts else np.zeros(0, np.int64)
    del texts
    places = np.searchsorted(order, keys)
    there = (places < len(order)) & (order[np.minimum(places, max(len(order) - 1, 0))] == keys) if len(order) else np.zeros(len(keys), bool)
    group = np.repeat(np.arange(len(sizes)), sizes)[there]
    remaining = np.bincount(group, minlength=len(sizes)).astype(np.int64) if sizes else np.zeros(0, np.int64)
    return from_codes(pairs_inside(places[there].astype(np.int64), remaining, len(ids)), len(ids), +capped)


def _forget(session: Session) -> None:
    session.execute(delete(table_of(DuplicatePair)))
    session.execute(delete(table_of(MatchModel)))


def _stamps(session: Session) -> dict[str, object]:
    now, actor = session.now(), session.actor.name
    return {"version": 1, "created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}


def _write_pairs(session: Session, found: Duplicates, ids: Sequence[int]) -> None:
    """Write the pairs with what speaks for and against them; those that people answered are in the answers."""
    import numpy as np  # noqa: PLC0415 - only a scan needs it

    group_of = {member: number for number, group in enumerate(found.groups, 1) for member in group}
    open_ones = np.flatnonzero(np.isfinite(found.odds))
    stamps = _stamps(session)
    for start in range(0, len(open_ones), _CHUNK):
        places = open_ones[start : start + _CHUNK]
        left, right = found.left[places], found.right[places]
        rows = []
        reasons = reasons_of(found.model, found.prepared, left, right)
        bands = found.bands[places].tolist()
        odds = found.odds[places].tolist()
        for one, other, mine, band, each in zip(left.tolist(), right.tolist(), reasons, bands, odds, strict=True):
            same_group = group_of.get(one) if group_of.get(one) == group_of.get(other) else None
            values = {"account_id": ids[one], "other_id": ids[other], "odds": round(each, 3), "band": _BANDS[band]}
            rows.append({**values, "group_number": same_group, "reasons": mine, **stamps})
        if rows:
            session.execute(insert(table_of(DuplicatePair)), rows)


_BANDS: Final = {2: "auto", 1: "review"}


def _write_model(session: Session, found: Duplicates) -> None:
    """Write down what the check of single accounts needs."""
    from crmcore_quality.matching.learnt import as_json, common_words, digest_of  # noqa: PLC0415 - the engine brings numpy

    weights, words = as_json(found), common_words(found, most=_COMMON_WORDS, fewest=_FEWEST)
    values = {
        "digest": digest_of(weights, words),
        "records": found.prepared.size,
        "compared": found.compared,
        "capped": dict(found.capped),
        "weights": weights,
        "words": words,
    }
    session.execute(insert(table_of(MatchModel)), [{**values, **_stamps(session)}])


def scan_job(session: Session, run: JobRun) -> None:
    """Scan the registry."""
    del run
    scan(session)


JOBS: Final = (Job(name=SCAN, fn=scan_job, help="Finds the duplicates among all accounts, and writes the queue of what to look at anew."),)
