"""Check accounts that are about to be made against those that are there: the likeliest five, with reasons, by one query for the candidates.

The keys of the drafts are looked up among the stored ones, at most as many records for each as may share it; the candidates with the rarest
keys in common are read and compared as a scan compares, by what the last scan learnt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ARRAY, BigInteger, Select, Text, bindparam, func, select

from crmcore import Session
from crmcore_quality.matching.keeping import Keeper, keeper
from crmcore_quality.matching.keysets import PREFIX
from crmcore_quality.matching.masks import draft_without, hidden_evidence, records_of
from crmcore_quality.matching.model import MATCH_KEY
from crmcore_quality.matching.reading import LABEL
from crmcore_quality.matching.reasons import Reason, in_words

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Record

TOLD: Final = 5
"""Candidates that are told."""
_COMPARED: Final = 8
"""Candidates of each draft that are compared: those with the rarest keys in common."""
_COMPARED_LIMITED: Final = 60
"""The same for a user who does not see all accounts: most of the first may not exist for that one."""
_BATCH: Final = 500
"""Drafts that are looked up at once."""
_LAST: Final = 2**62


@attrs.frozen
class Candidate:
    """An account that a draft may be: ``odds`` are a logarithm, 0 is as likely as not; ``sure`` would go without asking in a scan."""

    account_id: int
    name: str
    odds: float
    sure: bool
    reasons: tuple[Reason, ...]


def check(session: Session, draft: Mapping[str, Any], *, but: Iterable[int] = ()) -> tuple[Candidate, ...]:
    """Return the accounts that a draft may be, the likeliest first, five at most.

    ``draft`` has the fields of an account, with ``phones`` and ``emails`` (lists, or one text), the parts of its address (``street``,
    ``civic``, ``municipality``, …) and ``characteristics``. ``but`` are accounts that it is known not to be, such as itself. What is hidden
    from the actor is not compared: nobody is told who has a number that they may not see.
    """
    return check_many(session, [draft], but=but)[0]


def check_many(session: Session, drafts: Sequence[Mapping[str, Any]], *, but: Iterable[int] = ()) -> list[tuple[Candidate, ...]]:
    """Return for each draft what `check` returns, by a handful of statements for each five hundred of them."""
    left_out = frozenset(but)
    kept = keeper(session)
    found: list[tuple[Candidate, ...]] = []
    for start in range(0, len(drafts), _BATCH):
        found += _check_some(session, kept, drafts[start : start + _BATCH], left_out)
    return found


def _check_some(
    session: Session, kept: Keeper, drafts: Sequence[Mapping[str, Any]], left_out: frozenset[int]
) -> Iterable[tuple[Candidate, ...]]:
    from crmcore_quality.matching.learnt import learnt  # noqa: PLC0415 - the engine brings numpy
    from crmcore_quality.matching.scoring import score_draft  # noqa: PLC0415 - as above

    hidden = hidden_evidence(session, kept.own)
    records = [_prepared(kept, draft_without(draft, hidden) if hidden else draft) for draft in drafts]
    if hidden:
        records = [{name: () if name in hidden and name.startswith(PREFIX) else value for name, value in each.items()} for each in records]
    keys = [rows for _, rows in sorted(kept.rows(enumerate(records)).items())]
    # Past the guard: keys are nobody's to see, and what is hot is so for all. Who may see which account is asked below.
    with session.unguarded("quality"):
        holders = _holders(session, kept, {key: kind for rows in keys for key, kind in rows.items()})
        known = learnt(session, kept.schema)
    most = _COMPARED if session.guard.reach.open else _COMPARED_LIMITED
    chosen = [_closest(rows, holders, left_out, most) for rows in keys]
    there = records_of(session, kept, {each for mine in chosen for each in mine}, hidden)
    compared = [[each for each in mine if each in there] for mine in chosen]
    scored = [
        score_draft(kept, known, record, {each: there[each] for each in mine}, _shared(rows, holders))
        for record, rows, mine in zip(records, keys, compared, strict=True)
    ]
    return [
        tuple(Candidate(key, str(there[key][LABEL]), odds, sure, in_words(why, kept.own, hidden)) for key, odds, sure, why in mine)
        for mine in scored
    ]


def _prepared(kept: Keeper, draft: Mapping[str, Any]) -> Record:
    from crmcore_quality.duplicates import prepare  # noqa: PLC0415 - the engine brings numpy

    row = dict(draft)
    for many, fields in (("phones", ("phone1", "phone")), ("emails", ("email", "pec"))):
        given = row.get(many) or ()
        row[many] = [*(row[each] for each in fields if row.get(each)), *([given] if isinstance(given, str) else given)]
    record = prepare(row)
    return {**record, **kept.own.values({"characteristics": {}, **row})} if kept.own.sets else record


def _holders(session: Session, kept: Keeper, keys: Mapping[int, int]) -> dict[int, list[int]]:
    """Return the records of each key, save of those that too many share: one query, which looks at no more than it may use."""
    if not keys:
        return {}
    caps = {kept.numbers[rule.kind]: rule.cap for rule in kept.schema.keys}
    most = max(caps.values())
    values: object = list(keys)
    if session.dialect != "postgresql":
        values = str(list(keys))  # which is JSON
    found: dict[int, list[int]] = defaultdict(list)
    for key, record in session.execute(_query(session.dialect == "postgresql"), {"keys": values, "most": most}):
        found[key].append(record)
    return {key: mine for key, mine in found.items() if len(mine) <= caps[keys[key]]}


def _query(postgresql: bool) -> Select[Any]:  # noqa: FBT001 - the one thing that it depends on
    return _POSTGRESQL if postgresql else _SQLITE


def _asked(postgresql: bool) -> Select[Any]:  # noqa: FBT001 - as above
    """Return the query of the holders of some keys, those behind the last that may count left out: so a hot key costs no more."""
    if postgresql:
        given = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).table_valued("value", name="given").render_derived()
    else:
        given = func.json_each(bindparam("keys", type_=Text)).table_valued("value")
    table = MATCH_KEY.c
    inside = MATCH_KEY.alias("held")
    last = (
        select(inside.c.record_id)
        .where(inside.c.key_hash == given.c.value)
        .order_by(inside.c.record_id)
        .offset(bindparam("most"))
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(table.key_hash, table.record_id)
        .select_from(given)
        .join(MATCH_KEY, table.key_hash == given.c.value)
        .where(table.record_id <= func.coalesce(last, _LAST))
    )


_SQLITE: Final = _asked(postgresql=False)
_POSTGRESQL: Final = _asked(postgresql=True)


def _closest(rows: Mapping[int, int], holders: Mapping[int, list[int]], left_out: frozenset[int], most: int) -> list[int]:
    """Return the records that share the most and the rarest keys."""
    found: dict[int, float] = defaultdict(float)
    for key in rows:
        mine = holders.get(key, ())
        for record in mine:
            found[record] += log(1_000 / len(mine))
    return sorted((each for each in found if each not in left_out), key=lambda each: (-found[each], each))[:most]


def _shared(rows: Mapping[int, int], holders: Mapping[int, list[int]]) -> dict[tuple[int, int], int]:
    """Return by record and kind of key how many records have the rarest key that it shares with the draft."""
    found: dict[tuple[int, int], int] = {}
    for key, kind in rows.items():
        mine = holders.get(key, ())
        for record in mine:
            found[record, kind] = min(found.get((record, kind), len(mine)), len(mine))
    return found
