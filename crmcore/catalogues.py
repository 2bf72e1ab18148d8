"""Definitions that live in small tables and are kept in memory: each unit of work asks once whether somebody changed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from crmcore.model import SUPPRESSION_KEY, CharacteristicRow, Entity, StateRow, StateTableRow, TransitionRow
from crmcore.storage import Fingerprint, Fingerprints

if TYPE_CHECKING:
    from crmcore.session import Session

CATALOGUES: Final[tuple[type[Entity], ...]] = (CharacteristicRow, StateTableRow, StateRow, TransitionRow)
_MEMO: Final = "fingerprints"


def new_fingerprints() -> Fingerprints:
    """Return what asks for the fingerprints of all catalogues at once."""
    return Fingerprints(cls.__table__ for cls in CATALOGUES)


def new_platform_fingerprints() -> Fingerprints:
    """Return the same with the key of the suppression list, which users must not read: for work past the guard."""
    return Fingerprints((*(cls.__table__ for cls in CATALOGUES), SUPPRESSION_KEY))


def suppressing(session: Session) -> bool:
    """Return whether somebody was ever erased, so that there is a list to look into; ask it past the guard.

    It costs nothing where a catalogue was asked for in the same unit of work.
    """
    found = _fingerprints(session)
    if SUPPRESSION_KEY.name not in found:
        found = session.unit.memo[_MEMO] = session.crm.platform_fingerprints.read(session.orm.connection())
    return found[SUPPRESSION_KEY.name][0] > 0


def fingerprint_of(session: Session, cls: type[Entity]) -> Fingerprint:
    """Return what the table of a catalogue looks like to this unit of work; the first question asks for all of them."""
    return _fingerprints(session)[cls.__tablename__]


def _fingerprints(session: Session) -> Mapping[str, Fingerprint]:
    memo = session.unit.memo
    if memo.get(_MEMO) is None:
        connection = session.orm.connection()
        # Whether the user is limited is known once the transaction has begun.
        asked = session.crm.fingerprints if session.guard.guarding else session.crm.platform_fingerprints
        memo[_MEMO] = asked.read(connection)
    found: Mapping[str, Fingerprint] = memo[_MEMO]
    return found


def forget_fingerprints(session: Session) -> None:
    """Ask anew when they are next needed: something was written."""
    session.unit.memo.pop(_MEMO, None)
