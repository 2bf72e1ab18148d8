"""Consents of merged accounts: the most restrictive wins, so what one of them had revoked stays revoked (I-11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.model import Consent

if TYPE_CHECKING:
    from crmcore.session import Session

SOURCE: Final = "merge"
"""Source of a revocation that a merge carried over."""


def carried_revocations(session: Session, account_ids: Sequence[int]) -> list[Consent]:
    """Return the revocations to add to the first account, where the last word of another one is a no and would be overruled."""
    row = Consent
    query = select(row.account_id, row.purpose, row.channel, row.given).where(row.account_id.in_(account_ids), row.person_id.is_(None))
    own: dict[tuple[int, str, str], bool] = {}
    joint: dict[tuple[str, str], bool] = {}
    for account_id, purpose, channel, given in session.orm.execute(query.order_by(row.at, row.id)):
        own[account_id, purpose, channel] = given
        joint[purpose, channel] = given
    revoked = {(purpose, channel) for (_, purpose, channel), given in own.items() if not given}
    return [
        Consent(account_id=account_ids[0], purpose=purpose, channel=channel, given=False, at=session.now(), source=SOURCE)
        for purpose, channel in sorted(revoked)
        if joint[purpose, channel]
    ]
