"""Events of accounts that say more than that a record was created or updated."""

from __future__ import annotations

from typing import ClassVar

import attrs

from crmcore.events import Event


@attrs.frozen(kw_only=True)
class AccountOwnerChanged(Event):
    """An account went from one owner to another (B10); None is nobody."""

    TYPE: ClassVar[str] = "account.owner_changed"

    account_id: int
    old: str | None
    new: str | None
