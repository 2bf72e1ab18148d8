"""Rows whose keys no account has, and that resemble one nevertheless: a name with a slip, another phone at the same address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crmcore_quality.importing.casting import Values
from crmcore_quality.matching import check_many

if TYPE_CHECKING:
    from crmcore import Session


def similar(session: Session, rows: Sequence[Values]) -> dict[int, list[int]]:
    """Return the accounts that rows are more likely than not, by position, the likeliest first."""
    found = check_many(session, [_draft(row) for row in rows])
    likely = ([each.account_id for each in mine if each.odds > 0] for mine in found)
    return {place: accounts for place, accounts in enumerate(likely) if accounts}


def _draft(row: Values) -> dict[str, Any]:
    return {**row.account, **row.site, "phones": row.phones, "characteristics": row.characteristics}
