"""A firm with the plugin, the usual order types and products, and the people of the stories."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from crmcore_offers.model import OrderType, Product, VatCode
from sqlalchemy import event

from crmcore import Actor
from crmcore.model import GroupMember, Profile, Salesperson, User, UserGroup

ROME = ZoneInfo("Europe/Rome")


def rome(year, month, day, hour=9, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=ROME)


@pytest.fixture
def firm(open_crm, frozen_clock):
    """Open a firm with a VAT code, an offer, an order and a contract type, and three products."""
    return Firm(open_crm("offers", "italy"), frozen_clock)


@pytest.fixture
def open_firm(open_crm, frozen_clock):
    """Open a firm with further plugins beside, or with settings."""
    return lambda *plugins, **options: Firm(open_crm("offers", "italy", *plugins, **options), frozen_clock)


@pytest.fixture
def count_statements():
    """Count what reaches the database, save the question how far the user reaches: `with count_statements(crm) as statements`."""

    @contextmanager
    def counting(crm):
        seen = []

        def note(_connection, _cursor, statement, *_):
            if not statement.startswith((crm.access.question, "BEGIN", "COMMIT", "ROLLBACK", "SET")):
                seen.append(statement)

        event.listen(crm.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(crm.engine, "before_cursor_execute", note)

    return counting


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

    def catalogue(self):
        """Add what documents need: VAT code 22, types offer, order and contract, products of story S01."""
        with self.system() as session:
            session.add(VatCode(code="S22", label_it="Aliquota di prova 22 %", rate=Decimal(22)))
            session.add(OrderType(code="T-OFF", label_it="Offerta di prova", meaning="offer", counts_in=["pipeline"], series="T-OFF"))
            session.add(OrderType(code="T-ORD", label_it="Ordine di prova", meaning="order", counts_in=["order_book"], series="T-ORD"))
            session.add(OrderType(code="T-CON", label_it="Contratto di prova", meaning="contract", counts_in=["commission"]))
            session.flush()
            for code, label in (("CUC-100", "Cucina"), ("ARM-220", "Armadio"), ("MON-001", "Montaggio")):
                session.add(Product(code=code, label_it=label, vat="S22"))
            session.commit()

    def people(self):
        """Add the users of the stories: anna (A1) and bruno (A2) under marco, carla alone, an administrator; return sellers by code."""
        with self.system() as session:
            marco = session.add(Salesperson(code="M", kind="agent", name="Marco Ferri"))
            session.flush()
            names = (("A1", "Anna Basso", marco.id), ("A2", "Bruno Costa", marco.id), ("A3", "Carla Dal Pozzo", None))
            sellers = {code: session.add(Salesperson(code=code, kind="agent", name=name, manager_id=boss)) for code, name, boss in names}
            every = ["customers.*", "contacts.*", "offers.*", "searches.*"]
            agent = session.add(Profile(code="AGENTE", label_it="Agente", functions=every, scopes=[{"kind": "own"}]))
            chief = session.add(Profile(code="CAPO", label_it="Capo area", functions=every, scopes=[{"kind": "subtree"}]))
            session.flush()
            session.add(User(login="admin"))
            boss = session.add(User(login="marco", profile_id=chief.id, salesperson_id=marco.id))
            session.flush()
            for login, code, above in (("anna", "A1", boss.id), ("bruno", "A2", boss.id), ("carla", "A3", None)):
                session.add(User(login=login, profile_id=agent.id, salesperson_id=sellers[code].id, supervisor_id=above))
            session.commit()
            return {code: seller.id for code, seller in sellers.items()}

    def group(self, code, *logins):
        """Add a group with users of these logins, who may do everything else."""
        with self.system() as session:
            group = session.add(UserGroup(code=code, label_it=code))
            users = [session.add(User(login=login)) for login in logins]
            session.flush()
            for user in users:
                session.add(GroupMember(group_id=group.id, user_id=user.id))
            session.commit()

    def account(self, name="Hotel Miramonti S.p.A.", **fields):
        with self.system() as session:
            found = session.accounts.create(name=name, phone1="+39 0424 000012", portfolio="GENERICO")
            session.flush()
            for key, value in fields.items():
                setattr(found, key, value)
            session.commit()
            return found.id


COMPANY = {
    "company_name": "Arredi Bellini S.r.l.",
    "company_street": "Via dell'Industria, 12",
    "company_postcode": "36061",
    "company_municipality": "Bassano del Grappa",
    "company_province": "VI",
    "company_vat_code": "00000019992",
    "company_rea": "VI-123456",
    "company_pec": "arredi@pec.example.com",
    "company_iban": "IT85F0503411801000000012345",
}


class SharedRenderer:
    """The renderer of all printing tests of a process: its processes are started once, and ended at the end."""

    def __init__(self, renderer):
        self.renderer = renderer
        self.pages = []

    def pdf(self, request):
        self.pages.append(request)
        return self.renderer.pdf(request)

    def close(self):
        """Stay open: the next test prints too."""


@pytest.fixture(scope="session")
def shared_renderer():
    from crmcore import Crm
    from crmcore.testing import require_pdf

    with Crm.open("sqlite://", migrate=True) as crm:
        require_pdf(crm.renderer)
        yield SharedRenderer(crm.renderer)


@pytest.fixture
def printing(open_crm, frozen_clock, shared_renderer):
    """Open the firm of the stories with its company data, and hotel Miramonti with its legal site."""
    from crmcore.model import Site

    made = Firm(open_crm("offers", "italy", settings={"offers": COMPANY}), frozen_clock)
    made.crm.renderer = shared_renderer
    made.pages = shared_renderer.pages
    made.pages.clear()
    made.catalogue()
    made.hotel = made.account(vat_code="00000029991", pec="hotel@pec.example.com")
    with made.system() as session:
        address = {"street": "Via delle Dolomiti", "civic": "7", "postcode": "36100", "municipality": "Vicenza", "province": "VI"}
        session.add(Site(account_id=made.hotel, kind="legal", **address))
        session.commit()
    return made
