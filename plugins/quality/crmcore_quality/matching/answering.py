"""What people said about pairs: kept for ever, used by every scan, and the label that the model learns from."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, delete, or_, select

from crmcore import Account, Session, ValidationFailed
from crmcore.errors import Problem, UsageError
from crmcore_quality.matching.keeping import Keeper, keeper
from crmcore_quality.matching.model import Answer, DuplicateAnswer, DuplicatePair
from crmcore_quality.matching.reading import LABEL, read_records

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from crmcore_quality.duplicates import Record

PERMISSION: Final = "quality.duplicates"


def require(session: Session) -> None:
    """Refuse who may not decide about duplicates.

    Raises:
        UsageError: ``QUALITY_FORBIDDEN``.
    """
    if not session.may(PERMISSION):
        raise UsageError("QUALITY_FORBIDDEN", login=session.actor.name)


def answer(session: Session, one: int, other: int, said: Answer, notes: str | None = None) -> DuplicateAnswer:
    """Keep what somebody says about two accounts, instead of what was said before; the pair leaves the queue.

    Raises:
        RecordNotFound: when one of them does not exist for this user.
        UsageError: ``QUALITY_FORBIDDEN``.
        ValidationFailed: ``QUALITY_SAME_RECORD`` for an account and itself.
    """
    require(session)
    for key in (one, other):
        session.require(Account, key)
    if one == other:
        raise ValidationFailed("VALIDATION_FAILED", [Problem(code="QUALITY_SAME_RECORD", params={"id": one})])
    digests = digests_of(session, one, other)
    odds = session.scalar(select(DuplicatePair.odds).where(either_way(DuplicatePair, one, other)))
    for before in session.scalars(select(DuplicateAnswer).where(either_way(DuplicateAnswer, one, other))):
        odds = before.odds if odds is None else odds
        session.delete(before)
    made = DuplicateAnswer(
        account_id=one,
        other_id=other,
        answer=said.value,
        odds=odds,
        digest=digests[one],
        other_digest=digests[other],
        notes=notes,
    )
    session.add(made)
    session.flush()
    # The queue is nobody's record: it is derived, and written anew by the next scan.
    with session.unguarded("quality"):
        session.execute(delete(DuplicatePair).where(either_way(DuplicatePair, one, other)))
    return made


def answers_of(session: Session) -> dict[tuple[int, int], bool]:
    """Return every answer about living accounts, by their ids, the lower first."""
    rows = session.execute(
        select(DuplicateAnswer.account_id, DuplicateAnswer.other_id, DuplicateAnswer.answer).order_by(DuplicateAnswer.id)
    )
    return {(min(one, other), max(one, other)): said == Answer.SAME.value for one, other, said in rows if one != other}


def digests_of(session: Session, *keys: int) -> dict[int, str]:
    """Return a digest of what each account says, as far as it is compared."""
    kept: Keeper = keeper(session)
    # Of all that is compared, whoever asks: a digest shows nobody anything.
    with session.unguarded("quality"):
        return {key: digest(record) for key, record in read_records(session, kept.own, keys)}


def digest(record: Record) -> str:
    """Return the digest of what a record says."""
    text = repr(sorted((name, value) for name, value in record.items() if value and name != LABEL))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def changed_since(session: Session, given: DuplicateAnswer) -> bool:
    """Return whether the accounts say something else than when somebody answered; the answer holds all the same."""
    now = digests_of(session, given.account_id, given.other_id)
    return (now.get(given.account_id), now.get(given.other_id)) != (given.digest, given.other_digest)


def either_way(cls: type[DuplicatePair | DuplicateAnswer], one: int, other: int) -> ColumnElement[bool]:
    """Return the condition for a pair, whichever comes first."""
    return or_(and_(cls.account_id == one, cls.other_id == other), and_(cls.account_id == other, cls.other_id == one))
