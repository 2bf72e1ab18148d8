"""Commands under `crm warranty`."""

from __future__ import annotations

from datetime import timedelta

import click
from crmcore import Account, Crm
from crmcore.cli import current_output, pass_crm
from sqlalchemy import select

from crmcore_warranty.model import Warranty

_COLUMNS = ("id", "account", "product", "serial", "sold_on", "months", "until")


@click.command("list")
@click.option("--within", type=click.IntRange(min=0), metavar="DAYS", help="Only those that end within so many days.")
@pass_crm
def list_all(crm: Crm, within: int | None) -> None:
    """List warranties, those that end first at the top."""
    statement = (
        select(
            Warranty.id,
            Account.name,
            Warranty.product,
            Warranty.serial,
            Warranty.sold_on,
            Warranty.months,
            Warranty.until,
        )
        .join(Account, Account.id == Warranty.account_id)
        .order_by(Warranty.until, Warranty.id)
    )
    with crm.session("cli") as session:
        if within is not None:
            today = session.now().astimezone(crm.zone).date()
            statement = statement.where(Warranty.until >= today, Warranty.until <= today + timedelta(days=within))
        rows = [tuple(row) for row in session.execute(statement)]
    empty = "Nessuna garanzia." if crm.lang == "it" else "No warranties."
    current_output().rows(_COLUMNS, rows, empty=empty)
