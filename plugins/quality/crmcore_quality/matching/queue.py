"""The queue of pairs that people look at, and the groups that they belong to: only what exists for who looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased

from crmcore import Account, Session
from crmcore_quality.matching.answering import answer
from crmcore_quality.matching.keeping import keeper
from crmcore_quality.matching.masks import hidden_evidence
from crmcore_quality.matching.model import Answer, DuplicateAnswer, DuplicatePair
from crmcore_quality.matching.reasons import Reason, in_words

PAGE: Final = 50


@attrs.frozen(kw_only=True)
class Pair:
    """Two accounts that may be one: ``odds`` are a logarithm; ``band`` is ``auto`` or ``review``; the group is that of both, if any."""

    id: int
    one: int
    other: int
    one_name: str
    other_name: str
    odds: float
    band: str
    group: int | None
    reasons: tuple[Reason, ...]


@attrs.frozen(kw_only=True)
class Group:
    """Accounts that are one and the same, with the pairs among them, the surest first."""

    number: int
    accounts: tuple[int, ...]
    pairs: tuple[Pair, ...]


_ONE: Final = aliased(Account, name="one")
_OTHER: Final = aliased(Account, name="other")


def _query(session: Session) -> Select[Any]:
    """Select pairs with both accounts: each is asked for by its own name, so that the guard answers for both."""
    pair = DuplicatePair
    return (
        select(
            *(pair.id, pair.account_id, pair.other_id, pair.odds, pair.band, pair.group_number, pair.reasons),
            *session.shown_columns(_ONE.name, _OTHER.name),
        )
        .join(_ONE, _ONE.id == pair.account_id)
        .join(_OTHER, _OTHER.id == pair.other_id)
        # A merge after the scan leads both ends to one survivor, or leaves an end that is no more.
        .where(_ONE.id != _OTHER.id, _ONE.merged_into_id.is_(None), _OTHER.merged_into_id.is_(None))
        .order_by(pair.odds.desc(), pair.id)
    )


def _pairs(session: Session, query: Select[Any]) -> list[Pair]:
    own = keeper(session).own
    hidden = hidden_evidence(session, own)
    return [
        Pair(
            id=row[0],
            one=row[1],
            other=row[2],
            odds=row[3],
            band=row[4],
            group=row[5],
            reasons=in_words(row[6], own, hidden),
            one_name=row[7],
            other_name=row[8],
        )
        for row in session.execute(query)
    ]


def list_pairs(session: Session, *, band: str | None = None, account: int | None = None, limit: int = PAGE, skip: int = 0) -> list[Pair]:
    """Return the pairs of the last scan that nobody has answered yet, the surest first."""
    query = _query(session).limit(limit).offset(skip)
    if band is not None:
        query = query.where(DuplicatePair.band == band)
    if account is not None:
        query = query.where(or_(DuplicatePair.account_id == account, DuplicatePair.other_id == account))
    return _pairs(session, query)


def list_groups(session: Session, *, limit: int = PAGE, after: int = 0) -> list[Group]:
    """Return groups of accounts, by number; of a group that is not wholly visible, what is."""
    numbers = (
        select(DuplicatePair.group_number)
        .where(DuplicatePair.group_number > after)
        .distinct()
        .order_by(DuplicatePair.group_number)
        .limit(limit)
        .subquery()
    )
    found: dict[int, list[Pair]] = {}
    for pair in _pairs(session, _query(session).where(DuplicatePair.group_number.in_(select(numbers)))):
        found.setdefault(pair.group or 0, []).append(pair)
    return [Group(number=number, accounts=members(pairs), pairs=tuple(pairs)) for number, pairs in sorted(found.items())]


def members(pairs: Iterable[Pair]) -> tuple[int, ...]:
    """Return the accounts of some pairs, in order."""
    return tuple(sorted({key for pair in pairs for key in (pair.one, pair.other)}))


def reject(session: Session, one: int, other: int, notes: str | None = None) -> DuplicateAnswer:
    """Say for ever that two accounts are two; the commit keeps it, and every later scan goes by it.

    Raises:
        RecordNotFound, UsageError, ValidationFailed: as `crmcore_quality.matching.answering.answer`.
    """
    return answer(session, one, other, Answer.DIFFERENT, notes)


def confirm(session: Session, keys: Sequence[int], notes: str | None = None) -> list[DuplicateAnswer]:
    """Say that accounts are one and the same: the first, and each of the others."""
    return [answer(session, keys[0], key, Answer.SAME, notes) for key in keys[1:]]
