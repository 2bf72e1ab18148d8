"""The list of story S03, and a deployment that is ready for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from crmcore_quality.importing import Imports, Structure, Target

from crmcore import Actor
from crmcore.model import BusinessUnit, Portfolio

DATA = Path(__file__).parents[4] / "examples" / "data"
REQUIRED = {"core": {"required_account_fields": ["name", "phone1", "primary_portfolio"]}}
COLUMNS = {
    "Ragione sociale": "name",
    "Indirizzo": "address",
    "CAP": "postcode",
    "Città": "municipality",
    "Prov": "province",
    "Telefono": "phone",
    "E-mail": "email",
    "Portafoglio": "portfolio",
    "Consumo annuo (kWh)": "c.consumo",
    "Gestore attuale": "c.gestore_attuale",
    "Scadenza contratto": "c.scadenza",
    "Opposizione": "c.opposizione",
}
TYPES = {"consumo": "decimal", "gestore_attuale": "text", "scadenza": "date", "opposizione": "flag"}


def structure(columns=None, **more):
    """Return the mapping of the story, or another one."""
    given = COLUMNS if columns is None else columns
    found = {"portfolio": {"1": "GENERICO"}, **more}
    if columns is None:
        found["characteristics"] = {key: {"type": kind, "label": {"it": key}} for key, kind in TYPES.items()}
    return Structure(name="s03", columns=tuple(Target(column=column, field=field) for column, field in given.items()), **found)


def make_portfolios(crm):
    with crm.session(Actor.system("test")) as session:
        unit = session.execute(BusinessUnit.__table__.select().where(BusinessUnit.number == 1)).one()
        for code in ("RESID", "SMALL"):
            session.add(Portfolio(business_unit_id=unit.id, code=code, label_it=code))
        session.commit()


def make_existing(crm):
    """Write the fifty accounts that are there before."""
    given = json.loads((DATA / "accounts.json").read_text("utf-8"))
    with crm.session(Actor.system("test")) as session:
        for phone, entry in given.items():
            session.accounts.create(name=entry["name"], phone1=phone, portfolio="GENERICO")
        session.commit()


@pytest.fixture
def crm(open_crm):
    """A CRM with the portfolios of the story, and what an account must have by default."""
    found = open_crm("italy", "quality", settings=REQUIRED)
    make_portfolios(found)
    return found


@pytest.fixture
def imports(crm):
    return Imports(crm)


@pytest.fixture
def write(tmp_path):
    """Write a list, and return its path."""

    def writer(text, name="lista.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return writer
