"""The tables of signing in, for statements that decide and write at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Table

from crmcore.model import ApiToken, Challenge, Credential, Device, DeviceUser, User, UserSession

if TYPE_CHECKING:
    from crmcore.session import Session

CHALLENGES: Final = cast("Table", Challenge.__table__)
CREDENTIALS: Final = cast("Table", Credential.__table__)
DEVICES: Final = cast("Table", Device.__table__)
DEVICE_USERS: Final = cast("Table", DeviceUser.__table__)
SESSIONS: Final = cast("Table", UserSession.__table__)
TOKENS: Final = cast("Table", ApiToken.__table__)
USERS: Final = cast("Table", User.__table__)


def stamped(session: Session, table: Table, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - of any type
    """Return values for an UPDATE, with the stamps and the version that the unit of work would write."""
    return {**values, "version": table.c.version + 1, "updated_at": session.now(), "updated_by": session.actor.name}
