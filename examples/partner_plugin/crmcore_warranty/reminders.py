"""Tell in time that a warranty ends: an event, the job that publishes it, and the letter that comes of it."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files
from typing import ClassVar, Final

import attrs
from crmcore import Account, Envelope, Event, JobRun, Rule, Session
from sqlalchemy import select

from crmcore_warranty.model import Letter, Warranty
from crmcore_warranty.settings import number

EVERY_MORNING: Final = Rule("FREQ=DAILY;BYHOUR=6;BYMINUTE=0;BYSECOND=0")


@attrs.frozen(kw_only=True)
class Expiring(Event):
    """A warranty ends soon."""

    TYPE: ClassVar[str] = "warranty.expiring"

    warranty_id: int
    until: date


def announce(session: Session, run: JobRun) -> None:
    """Publish `Expiring` for each warranty that ends within the days of notice, once for each end.

    The mark and the event are written by one commit, the job's own: whatever happens, there are both or neither.
    """
    del run
    today = session.now().astimezone(session.crm.zone).date()
    notice = timedelta(days=number(session, "reminder_days"))
    ending = (
        select(Warranty)
        .where(Warranty.until >= today, Warranty.until <= today + notice, Warranty.announced_on.is_(None))
        .order_by(Warranty.until, Warranty.id)
    )
    for warranty in session.scalars(ending).all():
        warranty.announced_on = today
        session.publish(Expiring(warranty_id=warranty.id, until=warranty.until))


def write_letter(session: Session, event: Envelope) -> None:
    """Write the letter to the customer, unless it is written: a delivery may come twice, and the warranty be gone by then."""
    expiring = event.read(Expiring)
    known = select(Letter.id).where(Letter.warranty_id == expiring.warranty_id, Letter.until == expiring.until)
    warranty = session.get(Warranty, expiring.warranty_id)
    if warranty is None or session.scalar(known) is not None:
        return
    account = session.require(Account, warranty.account_id)
    text = render(account, warranty, expiring.until)
    session.add(Letter(warranty_id=warranty.id, until=expiring.until, text=text))


def render(account: Account, warranty: Warranty, until: date) -> str:
    """Return the text of the letter."""
    # Imported here: it is not cheap, and most processes write no letters.
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    source = files("crmcore_warranty").joinpath("templates/letter.txt").read_text("utf-8")
    # Plain text on paper: there is nothing to escape, and quotes in names stay quotes.
    template = SandboxedEnvironment(autoescape=False).from_string(source)
    return template.render(
        account={"name": account.name},
        warranty={"product": warranty.product, "serial": warranty.serial},
        until=until.strftime("%d/%m/%Y"),
    )
