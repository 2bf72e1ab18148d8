"""Challenges: given once, answered once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, delete, select

from crmcore.access.signin import values
from crmcore.access.signin.secret import draw
from crmcore.access.signin.tables import CHALLENGES
from crmcore.access.signin.values import CHALLENGE_LIFE, Purpose
from crmcore.model import Challenge

if TYPE_CHECKING:
    from crmcore.session import Session

MOST: Final = 50
"""How many challenges of one device and purpose wait for an answer; the oldest make room."""
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def issue(session: Session, purpose: Purpose, *, device: Row[Any] | None = None, session_id: int | None = None) -> values.Challenge:
    """Give out a challenge; it stands when the transaction is committed."""
    now = session.now()
    device_id = device.id if device is not None else None
    ours = (CHALLENGES.c.purpose == purpose.value, CHALLENGES.c.device_id == device_id)
    kept = select(CHALLENGES.c.id).where(*ours).order_by(CHALLENGES.c.id.desc()).limit(MOST - 1)
    session.execute(delete(CHALLENGES).where(*ours, CHALLENGES.c.id.not_in(kept.scalar_subquery())))
    made = session.add(
        Challenge(nonce=draw(), purpose=purpose.value, device_id=device_id, session_id=session_id, expires_at=now + CHALLENGE_LIFE)
    )
    return values.Challenge(text_of(purpose, device.uid if device is not None else None, made.nonce), made.nonce, made.expires_at)


def take(session: Session, nonce: str, purpose: Purpose) -> Row[Any] | None:
    """Take a challenge away that waits for an answer, with those that its device was given before it; None when there is none.

    Of several sessions on one device, each renews itself: the challenges of the others are left.

    Of two who answer one challenge at once, one gets it: the row can be deleted only once.
    """
    # What is no nonce need not be asked for, and PostgreSQL takes no NUL.
    if not _NONCE.fullmatch(nonce):
        return None
    columns, ours = CHALLENGES.c, CHALLENGES.c.purpose == purpose.value
    wanted = delete(CHALLENGES).where(columns.nonce == nonce, ours, columns.expires_at > session.now())
    found = session.execute(wanted.returning(columns.id, columns.device_id, columns.session_id)).first()
    if found is not None and found.device_id is not None:
        same = (columns.device_id == found.device_id, columns.session_id.is_not_distinct_from(found.session_id))
        session.execute(delete(CHALLENGES).where(*same, columns.id < found.id))
    return found


def text_of(purpose: Purpose, device: str | None, nonce: str) -> str:
    """Return what is signed: a signature for one purpose or device says nothing for another, nor for another program."""
    return f"crmcore challenge 1\npurpose: {purpose.value}\ndevice: {device or '-'}\nnonce: {nonce}\n"
