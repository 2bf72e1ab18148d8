"""A firm in which everything that a profile may hide has a canary, and two users who see every row: from one of them it is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import attrs
from crmcore_agenda.actions import Actions
from crmcore_agenda.model import ActionTemplate
from crmcore_offers.archive import Documents, NewRow
from crmcore_offers.model import OrderType, PrintTemplate, Product, VatCode
from crmcore_quality.matching.keeping import rebuild
from crmcore_quality.matching.scanning import scan

from crmcore import Account, Actor, CharacteristicDef, Label
from crmcore.access.showing import Showing
from crmcore.errors import CrmError, Problem
from crmcore.model import Entity, Profile, User

PLUGINS = ("italy", "agenda", "offers", "quality")
MARKS = ("zq9w", "9797", "8686")
"""What tells of a canary: words have the first in them, numbers the second, amounts of documents the third."""
MASK = {
    "account": {"hidden": ["phone1", "email", "vat_code", "notes", "c.hobby", "owner"]},
    "person": {"hidden": ["first_name", "notes"]},
    "contact_point": {"hidden": ["value", "raw"]},
    "site": {"hidden": ["raw", "street", "phone"]},
    "interaction": {"hidden": ["text"]},
    "relation": {"hidden": ["notes"]},
    "agenda.action": {"hidden": ["text", "report"]},
    "offers.document": {"hidden": ["notes", "needs"]},
    "offers.row": {"hidden": ["notes", "cost"]},
}
AMOUNTS = {
    **MASK,
    "offers.document": {"hidden": ["notes", "needs", "taxable", "vat_amount", "total"]},
    "offers.row": {"hidden": ["notes", "cost", "price", "net"]},
}
PHONE, MAIL, VAT = "+39 0424 979701", "zq9wmail@example.com", "97970000010"


@attrs.frozen
class World:
    """The firm, and the keys of what is in it."""

    crm: object
    account: int
    other: int
    document: int
    person: int
    merge: int
    changes: int


def settle(crm):
    """Fill a Crm, and return what is there; the users are ``plain``, ``masked`` and, without amounts besides, ``poor``."""
    with crm.session(Actor.system("setup")) as s:
        _users(s)
        for key in ("hobby", "sector"):
            s.characteristics.define(CharacteristicDef(key=key, label=Label(key, key), type="text"))
        s.commit()
        account, other, third = (_account(s, name) for name in ("Bellini Impianti S.r.l.", "Bellini Impianti SRL", "Gatti Arredi S.p.A."))
        s.commit()
        person = s.search.find("person", {"field": "account_id", "op": "eq", "value": account.id}).items[0]
        s.accounts.relate("partner", account, third, notes="zq9wrelation")
        s.interactions.add(account, "phone", subject="Chiamata", text="zq9wcall", person=person)
        s.characteristics.set(account, "hobby", "zq9wgolf")
        s.commit()
        document = _document(s, account)
        merged = _account(s, "Verdi Infissi")
        merged.notes = "zq9wmerged and longer"
        s.commit()
        merge = s.merges.merge(third.id, [merged.id], rule="longest", reason="uguali")
        s.commit()
        s.require(Account, third.id).notes = "zq9wafter"
        s.commit()
        preview = _mass(s, other)
        s.commit()
        for _ in rebuild(s):
            s.commit()
        scan(s)
        s.commit()
        return World(crm, account.id, other.id, document.id, person.id, merge.id, preview)


def _users(s):
    for code, mask in (("PIENO", {}), ("MASCHERA", MASK), ("SENZA", AMOUNTS)):
        s.add(Profile(code=code, label_it=code, functions=["*"], scopes=[{"kind": "all"}], masks=mask, administrator=True))
    s.flush()
    profiles = {each.code: each.id for each in s.search.find("profile")}
    s.add(User(login="admin"))
    for login, code in (("plain", "PIENO"), ("masked", "MASCHERA"), ("poor", "SENZA")):
        s.add(User(login=login, profile_id=profiles[code]))
    s.commit()


def _account(s, name):
    return s.accounts.create(
        name=name,
        phone1=PHONE,
        email=MAIL,
        vat_code=VAT,
        notes="zq9wnotes",
        owner="zq9wowner",
        portfolio="GENERICO",
        characteristics={"hobby": "zq9whobby", "sector": "metal"},
        people=[{"last_name": "Gatti", "first_name": "Zq9wfirst"}],
        contact_points=[{"kind": "email", "value": "zq9wpoint@example.com"}],
        sites=[{"kind": "legal", "raw": "zq9wraw", "phone": "+39 0424 979702"}],
    )


def _document(s, account):
    s.add(VatCode(code="S22", label_it="Aliquota", rate=Decimal(22)))
    s.add(OrderType(code="T-OFF", label_it="Offerta", meaning="offer", counts_in=["pipeline"], series="T-OFF"))
    s.add(OrderType(code="T-ORD", label_it="Ordine", meaning="order", counts_in=["order_book"], series="T-ORD"))
    s.flush()
    s.add(Product(code="CUC", label_it="Cucina", vat="S22"))
    letter = "{account.name} {account.phone} {account.email} {account.c.hobby} {person.first_name} {document.notes} {site.phone}"
    s.add(PrintTemplate(code="LETTERA", label_it="Lettera", format="text", body=letter, missing="blank"))
    s.add(PrintTemplate(code="SOLE", label_it="Totale", format="text", body="{document.total}", missing="blank"))
    script = "Chiama {account.phone1}, {contact.first_name}: {account.c.hobby}"
    steps = [{"name": "Chiama", "kind": "phone", "role": "starter", "offset": 1, "script": script}]
    s.add(ActionTemplate(code="SCRIPT", label_it="Script", steps=steps))
    s.flush()
    rows = [NewRow(product="CUC", quantity=1, price=Decimal("8686.00"), cost=Decimal("97.97"), notes="zq9wrow")]
    made = Documents(s).create("T-OFF", account, rows=rows, title="Cucina", notes="zq9wdocument", needs="zq9wneeds", probability=50)
    s.commit()
    Documents(s).revise(made, "prima")
    made.notes = "zq9wlater"
    s.commit()
    for login in ("plain", "masked"):
        Actions(s).add("phone", "Richiama", date(2026, 5, 12), assignee=login, owner=login, account=account, text="zq9wtext")
    s.commit()
    return made


def _mass(s, account):
    made = s.characteristics.preview([account.id], "hobby", "zq9wmass")
    s.changesets.confirm(made.token)
    return made.id


def text_of(value, *, records=False):  # noqa: PLR0911 - one for each kind of value
    """Return everything that a value shows as text. A record shows nothing by itself, unless it was handed on as what is shown of it."""
    if isinstance(value, Showing | Entity):
        if isinstance(value, Entity) and not records:
            return ""
        cls = type(value) if isinstance(value, Entity) else type(object.__getattribute__(value, "_record"))
        return text_of({column.key: getattr(value, column.key) for column in cls.__table__.columns})
    if isinstance(value, CrmError):
        return f"{value} {text_of(value.params)} {text_of(value.problems)}"
    if isinstance(value, Problem):
        return f"{value.text('it')} {value.text('en')} {text_of(value.params)}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if attrs.has(type(value)):
        return " ".join(text_of(getattr(value, field.name), records=records) for field in attrs.fields(type(value)))
    if isinstance(value, Mapping):
        return " ".join(f"{key} {text_of(each, records=records)}" for key, each in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return " ".join(text_of(each, records=records) for each in value)
    return str(value)


def tells(text, marks=MARKS):
    """Return the canaries in a text, with a bit of what is around them: numbers are found however they are written."""
    bare = "".join(each for each in text.lower() if each not in " .,'/-")
    return sorted({bare[max(0, bare.find(mark) - 20) : bare.find(mark) + 20] for mark in marks if mark in bare})
