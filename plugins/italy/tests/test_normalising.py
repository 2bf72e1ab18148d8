"""What is Italian about accounts is brought into one form at every commit, and what was given is kept beside it."""

from __future__ import annotations

import pytest
from crmcore_italy import normalising
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crmcore import Actor
from crmcore.model import ContactPoint, Person, Site

pytestmark = pytest.mark.feature("D01", "D05", "I-4", "I-9")


@pytest.fixture
def session(open_crm):
    with open_crm("italy").session(Actor.system("test")) as opened:
        yield opened


def site_of(session, account):
    return session.scalar(select(Site).where(Site.account_id == account.id))


def test_an_account_is_written_in_one_form(session):
    account = session.accounts.create(
        name="  Rossi   Impianti S.r.l. ",
        phone1="0424 000012",
        email="Info@Example.COM",
        vat_code="IT 00000019992",
        contact_points=[{"kind": "phone", "value": "cell. 320 0000012"}, {"kind": "email", "value": "Mario <M@example.com>"}],
        people=[{"last_name": "ROSSI", "first_name": "Anna Maria", "phone": "0424 000013"}],
        sites=[
            {
                "kind": "legal",
                "street": "v.le  stazione 2",
                "postcode": "36061",
                "municipality": "BASSANO DEL GRAPPA",
                "province": "Vicenza",
            }
        ],
    )
    session.commit()
    assert (account.name, account.phone1, account.email, account.vat_code) == (
        "Rossi Impianti S.r.l.",
        "+390424000012",
        "info@example.com",
        "00000019992",
    )
    points = {row.raw: row.value for row in session.scalars(select(ContactPoint))}
    assert points == {
        "cell. 320 0000012": "+393200000012",
        "Mario <M@example.com>": "m@example.com",
        "0424 000013": "+390424000013",
    }
    assert session.scalar(select(Person.last_name)) == "Rossi"
    site = site_of(session, account)
    assert (site.street, site.civic, site.municipality, site.province, site.istat_code) == (
        "Viale Stazione",
        "2",
        "Bassano del Grappa",
        "VI",
        "024012",
    )
    assert site.raw == "v.le  stazione 2, 36061 BASSANO DEL GRAPPA (Vicenza)"
    assert not site.address_unverified


def test_a_text_alone_is_read_and_a_wrong_province_is_flagged(session):
    read = session.accounts.create(name="Uno", sites=[{"kind": "legal", "raw": "Via Roma 1, 36061 Bassano del Grappa (VI)"}])
    wrong = session.accounts.create(
        name="Due", sites=[{"kind": "legal", "street": "Via Roma", "municipality": "Vicenza", "province": "PD"}]
    )
    session.commit()
    site = site_of(session, read)
    assert (site.street, site.civic, site.postcode, site.istat_code) == ("Via Roma", "1", "36061", "024012")
    site = site_of(session, wrong)
    assert (site.province, site.istat_code, site.address_unverified) == ("PD", None, True)
    site.province = "VI"
    session.commit()
    assert (site.istat_code, site.address_unverified) == ("024116", False)


def test_what_cannot_be_read_is_left_for_the_rules(session):
    account = session.accounts.create(
        name="Uno", phone1="0424 000012 int. 3", email="non c'è", sites=[{"kind": "legal", "country": "DE", "street": "Hauptstr. 1"}]
    )
    session.commit()
    assert (account.phone1, account.email) == ("0424 000012 int. 3", "non c'è")
    assert site_of(session, account).street == "Hauptstr. 1"


def test_saying_the_same_in_other_words_changes_nothing(session):
    account = session.accounts.create(name="Uno", phone1="0424 000012")
    session.commit()
    version = account.version
    account.phone1 = "+39 0424 000012"
    session.commit()
    assert (account.version, account.phone1) == (version, "+390424000012")


@settings(max_examples=60)
@given(st.from_regex(r"(\+39 ?)?(0424|320|02) ?/?[0-9]{5,7}( int\. 2)?", fullmatch=True))
def test_normal_forms_are_normal(text):
    try:
        normal = normalising.phone(text)
    except ValueError:
        return
    assert normalising.phone(normal) == normal
