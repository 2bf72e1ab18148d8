"""Challenges: given once, answered once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, delete, select

from crmcore.access.signin import values
from crmcore.access.signin.secret import draw
from crmcore.access.signin.values import CHALLENGE_LIFE, Purpose
from crmcore.model import Challenge

if TYPE_CHECKING:
    from crmcore.session import Session

MOST: Final = 50
"""How many challenges of one device and purpose wait for an answer; the oldest make room."""
_TABLE: Final = Challenge.__table__
_NONCE: Final = 43


def issue(session: Session, purpose: Purpose, *, device: Row[Any] | None = None, session_id: int | None = None) -> values.Challenge:
    """Give out a challenge; it stands when the transaction is committed."""
    now = session.now()
    device_id = device.id if device is not None else None
    ours = (_TABLE.c.purpose == purpose.value, _TABLE.c.device_id == device_id)
    kept = select(_TABLE.c.id).where(*ours).order_by(_TABLE.c.id.desc()).limit(MOST - 1)
    session.execute(delete(_TABLE).where(*ours, _TABLE.c.id.not_in(kept.scalar_subquery())))
    made = session.add(
        Challenge(nonce=draw(), purpose=purpose.value, device_id=device_id, session_id=session_id, expires_at=now + CHALLENGE_LIFE)
    )
    return values.Challenge(text_of(purpose, device.uid if device is not None else None, made.nonce), made.nonce, made.expires_at)


def take(session: Session, nonce: str, purpose: Purpose) -> Row[Any] | None:
    """Take a challenge away that waits for an answer, with those that its device was given before it; None when there is none.

    Of two who answer one challenge at once, one gets it: the row can be deleted only once.
    """
    # What is no nonce need not be asked for, and PostgreSQL takes no NUL.
    if len(nonce) != _NONCE or not nonce.isascii() or not nonce.isprintable():
        return None
    wanted = delete(_TABLE).where(_TABLE.c.nonce == nonce, _TABLE.c.purpose == purpose.value, _TABLE.c.expires_at > session.now())
    found = session.execute(wanted.returning(_TABLE.c.id, _TABLE.c.device_id, _TABLE.c.session_id)).first()
    if found is not None and found.device_id is not None:
        earlier = (_TABLE.c.device_id == found.device_id, _TABLE.c.purpose == purpose.value, _TABLE.c.id < found.id)
        session.execute(delete(_TABLE).where(*earlier))
    return found


def text_of(purpose: Purpose, device: str | None, nonce: str) -> str:
    """Return what is signed: a signature for one purpose or device says nothing for another, nor for another program."""
    return f"crmcore challenge 1\npurpose: {purpose.value}\ndevice: {device or '-'}\nnonce: {nonce}\n"
