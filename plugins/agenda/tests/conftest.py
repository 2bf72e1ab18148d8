"""A firm with agents, back office and a fake plugin that publishes offers, as in the stories."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

import attrs
import pytest

from crmcore import Actor, Event
from crmcore.hooks import hookimpl
from crmcore.model import Profile, Salesperson, User
from crmcore.testing import make_plugin

ROME = ZoneInfo("Europe/Rome")


@attrs.frozen(kw_only=True)
class OfferPublished(Event):
    """What the plugin ``offers`` will publish."""

    TYPE: ClassVar[str] = "offers.published"
    offer_id: int
    account_id: int
    revision: int
    taxable: Decimal
    probability: int


ITEMS: dict[str, object] = {}
"""What the fake plugin ``turnover`` feeds; emptied by the fixture."""


@hookimpl
def agenda_feed(session, feed, keys, until):
    if feed != "turnover.open_items":
        return None
    return [item for item in ITEMS.values() if item.due_on <= until or item.key in keys]


def _offers():
    return make_plugin("offers", crm_events=[OfferPublished])


def _turnover():
    module = make_plugin("turnover", requires=["agenda"])
    module.agenda_feed = agenda_feed
    return module


OFFERS, TURNOVER = _offers(), _turnover()


@pytest.fixture
def items():
    ITEMS.clear()
    yield ITEMS
    ITEMS.clear()


def rome(year, month, day, hour=9, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=ROME)


@pytest.fixture
def firm(open_crm, frozen_clock, items):
    """Open the firm; `firm.at` sets the clock, `firm.work` lets a worker do what waits."""
    settings = {"agenda": {"trigger_events": ["offers.published", "account.created", "agenda.action.created"], "company": "Metropolis spa"}}
    return Firm(open_crm("agenda", "italy", OFFERS, TURNOVER, settings=settings), frozen_clock)


class Firm:
    def __init__(self, crm, clock):
        self.crm = crm
        self.clock = clock

    def session(self, login="admin"):
        return self.crm.session(login)

    def system(self):
        return self.crm.session(Actor.system("test"))

    def at(self, *when):
        self.clock.freeze(rome(*when))

    def work(self):
        return self.crm.worker(name="test").run_until_idle()

    def add(self, *records):
        with self.system() as session:
            for record in records:
                session.add(record)
            session.commit()
        return records[0]

    def people(self):
        """Add the users of the stories: A1 and A2 under Marco, Carla alone, Giulia in the back office, an administrator."""
        with self.system() as session:
            marco = session.add(Salesperson(code="M", kind="agent", name="Marco Ferri"))
            session.flush()
            names = (("A1", "Anna Basso", marco.id), ("A2", "Bruno Costa", marco.id), ("A3", "Carla Dal Pozzo", None))
            sellers = {code: session.add(Salesperson(code=code, kind="agent", name=name, manager_id=boss)) for code, name, boss in names}
            every = ["customers.*", "contacts.*", "agenda.*", "searches.*"]
            agent = session.add(Profile(code="AGENTE", label_it="Agente", functions=every, scopes=[{"kind": "own"}]))
            chief = session.add(Profile(code="CAPO", label_it="Capo area", functions=every, scopes=[{"kind": "subtree"}]))
            office = session.add(Profile(code="UFFICIO", label_it="Ufficio", functions=every, scopes=[]))
            session.flush()
            session.add(User(login="admin"))
            boss = session.add(User(login="marco", profile_id=chief.id, salesperson_id=marco.id))
            session.flush()
            for login, code, above in (("anna", "A1", boss.id), ("bruno", "A2", boss.id), ("carla", "A3", None)):
                session.add(User(login=login, profile_id=agent.id, salesperson_id=sellers[code].id, supervisor_id=above))
            session.add(User(login="giulia", profile_id=office.id))
            session.commit()
            return {code: seller.id for code, seller in sellers.items()}

    def account(self, name, **fields):
        with self.system() as session:
            found = session.accounts.create(name=name, phone1="+39 0424 000012", portfolio="GENERICO")
            session.flush()
            for key, value in fields.items():
                setattr(found, key, value)
            session.commit()
            return found

    def offer(self, **fields):
        """Publish an offer, and let the rules look at it."""
        given = {"offer_id": 123, "account_id": 1, "revision": 0, "taxable": Decimal("18396.00"), "probability": 40}
        with self.system() as session:
            session.publish(OfferPublished(**{**given, **fields}))
            session.commit()
        self.work()

    def count(self, cls, *where):
        from sqlalchemy import func, select

        with self.system() as session:
            return session.scalar(select(func.count()).select_from(cls).where(*where))

    def all(self, cls, *order):
        from sqlalchemy import select

        with self.system() as session:
            return session.scalars(select(cls).order_by(*(order or (cls.id,)))).all()


def day(text):
    return date.fromisoformat(text)
