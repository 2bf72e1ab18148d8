"""What people do with warranties."""

from __future__ import annotations

from datetime import date

from crmcore import Problem, Session, ValidationFailed
from dateutil.relativedelta import relativedelta

from crmcore_warranty.model import Warranty
from crmcore_warranty.settings import number


def sell(  # noqa: PLR0913 - what is written on the receipt
    session: Session,
    account_id: int,
    product: str,
    serial: str,
    sold_on: date,
    months: int | None = None,
) -> Warranty:
    """Add the warranty of a product that was sold, for as many ``months`` as agreed, otherwise as many as the setting says."""
    agreed = number(session, "months") if months is None else months
    warranty = Warranty(
        account_id=account_id,
        product=product,
        serial=serial,
        sold_on=sold_on,
        months=agreed,
        until=last_day(sold_on, agreed),
    )
    return session.add(warranty)


def extend(session: Session, warranty: Warranty, months: int) -> None:
    """Let a warranty last longer; its new end will be announced as well.

    Raises:
        ValidationFailed: ``WARRANTY_NOT_ALLOWED`` without the permission ``warranty.extend``.
    """
    if not session.may("warranty.extend"):
        raise ValidationFailed(problems=[Problem(code="WARRANTY_NOT_ALLOWED", plugin="warranty", params={"actor": session.actor.name})])
    warranty.months += months
    warranty.until = last_day(warranty.sold_on, warranty.months)
    warranty.announced_on = None


def last_day(sold_on: date, months: int) -> date:
    """Return the last day of a warranty: sold on 31 January for one month, it holds until 28 February."""
    return sold_on + relativedelta(months=months)
