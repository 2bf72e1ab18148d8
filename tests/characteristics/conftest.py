"""A registry to try characteristics on."""

from __future__ import annotations

import pytest

from crmcore import Account, Label
from crmcore.hooks import CharacteristicDef, Choice
from crmcore.model import AccountPortfolio, BusinessUnit, Portfolio

L = Label("Etichetta", "Label")


def definition(key, type="text", **options):  # noqa: A002 - as in the definition itself
    return CharacteristicDef(key=key, label=options.pop("label", L), type=type, **options)


def choices(*codes, obsolete=()):
    return tuple(Choice(code=code, label=Label(code.title(), code.title()), obsolete=code in obsolete) for code in codes)


@pytest.fixture
def define():
    """Add definitions to a Crm and commit them."""

    def add(crm, *specs):
        with crm.session("anna") as s:
            for spec in specs:
                s.characteristics.define(spec)
            s.commit()

    return add


@pytest.fixture
def account():
    """Add an account and return its id."""

    def add(crm, name="Bellini", actor="anna", **values):
        with crm.session(actor) as s:
            record = s.add(Account(name=name, characteristics=values))
            s.commit()
            return record.id

    return add


@pytest.fixture
def archive():
    """Make business units 1 and 2 with portfolios CASA > SMALL > TINY and ALTRO; return the ids by code."""

    def make(crm):
        with crm.session("anna") as s:
            units = {unit.number: unit for unit in s.orm.query(BusinessUnit)}
            for number in (1, 2):
                if number not in units:
                    units[number] = s.add(BusinessUnit(number=number, code=f"U{number}", label_it="Unità"))
            s.flush()
            found = {}
            for code, parent, number in (
                ("CASA", None, 1),
                ("SMALL", "CASA", 1),
                ("TINY", "SMALL", 1),
                ("ALTRO", None, 1),
                ("SMALL2", None, 2),
            ):
                record = Portfolio(business_unit_id=units[number].id, code=code, label_it=code, parent_id=found.get(parent))
                s.add(record)
                s.flush()
                found[code] = record.id
            s.commit()
            return found

    return make


@pytest.fixture
def put():
    """Put an account into a portfolio."""

    def into(crm, account_id, portfolio_id):
        with crm.session("anna") as s:
            place = s.require(Portfolio, portfolio_id)
            held = s.orm.query(AccountPortfolio).filter_by(account_id=account_id, business_unit_id=place.business_unit_id).one_or_none()
            if held is None:
                s.add(AccountPortfolio(account_id=account_id, business_unit_id=place.business_unit_id, portfolio_id=portfolio_id))
            else:
                held.portfolio_id = portfolio_id
            s.commit()

    return into
