"""S07: three cards of one firm become one, with all that belongs to them, and three again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from crm_trade.model import Attempt, Campaign, Document, Invoice, ListEntry, Offer, Order, Party, Ticket, Visit
from merge_checks import dangling, dump
from sqlalchemy import func, select

from crmcore import CharacteristicDef, Choice, Label
from crmcore.accounts.values import KeyRef
from crmcore.errors import UsageError
from crmcore.model import ExternalKey, Interaction, Person, Site

pytestmark = pytest.mark.feature("S07", "D03", "I-5", "I-17", "I-18", "I-19", "I-20")

# The story's table: contacts, sites, history, offers, orders, visits, tickets, documents, invoices, external keys.
CHILDREN = {
    "Rossi Impianti S.r.l.": (2, 1, 12, 3, 2, 4, 1, 6, 5, 1),
    "ROSSI IMPIANTI SRL": (1, 1, 5, 2, 0, 1, 1, 2, 0, 1),
    "Rossi Impianti": (1, 0, 3, 1, 1, 0, 0, 0, 0, 0),
}
TABLES = ("person", "site", "interaction", "trade_offer", "trade_order", "trade_visit", "trade_ticket", "trade_document", "trade_invoice")
BEGUN = datetime(2025, 11, 1, 9, tzinfo=UTC)
ENTRIES = [("C1", 0, "Negativo"), ("C1", 1, "Da chiamare"), ("C2", 1, "In attesa"), ("C2", 2, "Positivo")]
L = Label("Etichetta", "Label")


@pytest.fixture
def crm(open_crm, trade, frozen_clock):
    frozen_clock.freeze(BEGUN)
    return open_crm(trade)


@pytest.fixture
def firms(crm, frozen_clock):
    """Make the three cards as they came to be, and return their ids."""
    suppliers = tuple(Choice(code=code, label=Label(code, code)) for code in ("Enel", "Edison"))
    with crm.session("setup") as s:
        s.characteristics.define(CharacteristicDef(key="gestore", label=L, type="choice", choices=suppliers))
        s.characteristics.define(CharacteristicDef(key="consumo_kwh", label=L, type="decimal"))
        s.commit()
        ids = [make_firm(s, name, counts) for name, counts in CHILDREN.items()]
        campaigns = {name: s.add(Campaign(name=name)) for name in ("C1", "C2")}
        s.flush()
        for name, place, state in ENTRIES:
            entry = s.add(ListEntry(campaign_id=campaigns[name].id, account_id=ids[place], state=state))
            s.flush()
            s.add(Attempt(entry_id=entry.id, text=state))
        s.commit()
    for month, day, place, key, value in (
        (12, 1, 1, "consumo_kwh", "5400"),
        (1, 10, 0, "gestore", "Enel"),
        (2, 1, 2, "consumo_kwh", "6000"),
        (3, 2, 1, "gestore", "Edison"),
    ):
        frozen_clock.freeze(datetime(2025 if month == 12 else 2026, month, day, 9, tzinfo=UTC))
        with crm.session("anna") as s:
            s.accounts.require(ids[place]).set_characteristic(key, value)
            s.commit()
    frozen_clock.freeze(datetime(2026, 5, 11, 7, tzinfo=UTC))
    return ids


def make_firm(s, name, counts):
    people, sites, notes, offers, orders, visits, tickets, documents, invoices, keys = counts
    account = s.accounts.create(
        name=name,
        portfolio="GENERICO",
        phone1="+39 0424 000012",
        vat_code="12345670017" if keys else None,
        external_keys=[KeyRef("onda", f"C{name}") for _ in range(keys)],
        sites=[{"kind": "legal", "street": name} for _ in range(sites)],
        people=[{"last_name": f"{name} {number}"} for number in range(people)],
    )
    s.flush()
    for number in range(notes):
        s.interactions.add(account, "note", text=f"{name} {number}")
    for cls, count in ((Offer, offers), (Order, orders), (Visit, visits), (Ticket, tickets), (Invoice, invoices)):
        for number in range(count):
            s.add(cls(account_id=account.id, text=str(number)))
    for number in range(documents):
        s.add(Document(entity="account", record_id=account.id, text=str(number)))
    s.flush()
    offer = s.scalars(select(Offer).where(Offer.account_id == account.id)).first()
    s.add(Party(offer_id=offer.id, account_id=account.id, role=f"role {len(name)}"))
    return account.id


def children(s, account_id):
    def count(cls, *where):
        return s.scalar(select(func.count()).select_from(cls).where(*where))

    mine = [count(cls, cls.account_id == account_id) for cls in (Person, Site, Interaction, Offer, Order, Visit, Ticket)]
    documents = count(Document, Document.entity == "account", Document.record_id == account_id)
    keys = count(ExternalKey, ExternalKey.entity == "account", ExternalKey.entity_id == account_id)
    return (*mine, documents, count(Invoice, Invoice.account_id == account_id), keys)


def lists(s, ids):
    rows = s.execute(select(Campaign.name, ListEntry.account_id, ListEntry.state).join(Campaign, Campaign.id == ListEntry.campaign_id))
    return sorted((name, ids.index(account), state) for name, account, state in rows)


def test_three_cards_become_one_and_three_again(crm, firms, frozen_clock):
    survivor, second, third = firms
    before = dump(crm)
    roles = {f"role {len(name)}" for name in CHILDREN}
    with crm.session("anna") as s:
        assert [sum(children(s, key)) for key in firms] == [37, 14, 6]
        result = s.merges.merge(survivor, [second, third], rule="newest", reason="stessa partita IVA")
        s.commit()
    with crm.session("anna") as s:
        assert children(s, survivor) == (4, 2, 20, 6, 3, 5, 2, 8, 5, 2)
        assert sum(children(s, survivor)) == 57
        assert sum(result.relinked.get(name, 0) for name in (*TABLES, "external_key")) == 20
        assert dangling(crm, [second, third]) == []
        assert [children(s, key) for key in (second, third)] == [(0,) * 10] * 2
        assert set(s.scalars(select(Party.role).where(Party.account_id == survivor))) == roles
        assert lists(s, firms) == [("C1", 0, "Negativo"), ("C2", 0, "Positivo")]
        # The calls of the entries that went into the journal are with those that stayed.
        assert s.scalar(select(func.count()).select_from(Attempt).join(ListEntry, ListEntry.id == Attempt.entry_id)) == 4
        assert dict(s.accounts.require(survivor).characteristics) == {"gestore": "Edison", "consumo_kwh": "6000"}
        for key in (second, third, KeyRef("onda", "CROSSI IMPIANTI SRL")):
            assert s.accounts.require(key).id == survivor
        assert s.merges.resolve(second) == s.merges.resolve(survivor) == survivor
        assert [account.id for account in s.accounts.find()] == [survivor]
    frozen_clock.freeze(datetime(2026, 5, 13, 7, tzinfo=UTC))
    with crm.session("anna") as s:
        s.interactions.add(s.accounts.require(survivor), "note", text="dopo")
        s.commit()
        undone = s.merges.undo(result.id)
        s.commit()
        assert undone.done
        assert undone.questions == ()
        assert [sum(children(s, key)) for key in firms] == [38, 14, 6]
        assert [s.accounts.require(key).id for key in firms] == firms
        with pytest.raises(UsageError) as error:
            s.merges.undo(result.id)
        assert error.value.code == "MERGE_UNDONE"
    after = dump(crm)
    note = [row for row in after["interaction"] if row not in before["interaction"]]
    assert len(note) == 1
    assert after | {"interaction": [row for row in after["interaction"] if row not in note]} == before


def test_with_survivor_wins_its_own_values_stay_and_what_it_lacks_comes_from_the_newest(crm, firms):
    survivor, *others = firms
    with crm.session("anna") as s:
        s.merges.merge(survivor, others, rule="survivor")
        s.commit()
        assert dict(s.accounts.require(survivor).characteristics) == {"gestore": "Enel", "consumo_kwh": "6000"}


def test_what_a_later_merge_built_on_is_undone_after_it(crm, firms):
    survivor, second, third = firms
    with crm.session("anna") as s:
        whole = dump(crm)
        first = s.merges.merge(second, [third]).id
        s.commit()
        between = dump(crm)
        last = s.merges.merge(survivor, [second]).id
        s.commit()
        # A chain is as short as can be, and leads on when its middle goes.
        assert s.merges.resolve(third) == survivor
        assert dangling(crm, [second, third]) == []
        with pytest.raises(UsageError) as error:
            s.merges.undo(first)
        assert error.value.code == "MERGE_LATER"
        assert error.value.params["later"] == str(last)
        assert s.merges.undo(last).done
        s.commit()
        assert dump(crm) == between
        assert s.merges.undo(first).done
        s.commit()
        assert dump(crm) == whole
        assert [(each.id, each.undone_by) for each in s.merges.history(second)] == [(last, "anna"), (first, "anna")]
