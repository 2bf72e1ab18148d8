"""Match keys are kept with every change, however it is made."""

from __future__ import annotations

import random

import pytest
from crmcore_quality.matching import MATCH_KEY, rebuild, stale
from crmcore_quality.matching.keeping import keeper
from crmcore_quality.matching.keysets import KEY_SETS
from crmcore_quality.matching.reading import read_records
from sqlalchemy import event, select

from crmcore import Account, Actor, CharacteristicDef, Label
from crmcore.hooks import Item, Step, StepKind
from crmcore.model import ContactPoint, Site

pytestmark = pytest.mark.feature("D02", "D04")
NAMES = ("Rossi Impianti S.r.l.", "Edil Veneta snc", "Bianchi Giulia", "Officina Verdi", "Arredi Bellini")
VATS = (None, "00000019992", "00000020008")


@pytest.fixture
def crm(open_crm):
    return open_crm("italy", "quality")


def stored(session):
    return sorted(tuple(row) for row in session.execute(select(MATCH_KEY)))


def from_scratch(session):
    """What the rows should be, made of the accounts as they are now."""
    living = session.scalars(select(Account.id).where(Account.merged_into_id.is_(None))).all()
    kept = keeper(session)
    rows = kept.rows(read_records(session, kept.own, living))
    return sorted((key, account, kind) for account, mine in rows.items() for key, kind in mine.items())


def draw(session, chance):
    return session.accounts.create(
        kind="retail",
        name=chance.choice(NAMES),
        phone1=f"+39 0424 0000{chance.randrange(10, 20)}",
        vat_code=chance.choice(VATS),
        sites=[{"kind": "legal", "street": "Via Roma", "civic": str(chance.randrange(5)), "municipality": "Vicenza", "province": "VI"}],
        contact_points=[{"kind": "email", "value": f"a{chance.randrange(5)}@example.com"}],
    )


def change_something(session, chance):
    accounts = session.scalars(select(Account).where(Account.merged_into_id.is_(None))).all()
    one, other = chance.sample(accounts, 2)
    site = session.scalar(select(Site).where(Site.account_id == one.id))
    point = session.scalar(select(ContactPoint).where(ContactPoint.account_id == one.id))
    what = chance.randrange(7)
    if what == 0:
        session.accounts.update(one, name=chance.choice(NAMES), phone1=f"+39 0424 0000{chance.randrange(10, 20)}")
    elif what == 1 and site is not None:
        site.civic = str(chance.randrange(100))
    elif what == 2 and site is not None:
        site.account_id, site.kind = other.id, "operative"
    elif what == 3 and point is not None:
        point.account_id = other.id
    elif what == 4 and point is not None:
        session.delete(point)
    elif what == 5:
        one.merged_into_id = other.id
    else:
        merged = session.scalar(select(Account).where(Account.merged_into_id.is_not(None)))
        if merged is not None:
            merged.merged_into_id = None
        else:
            draw(session, chance)


@pytest.mark.parametrize("seed", [1])
def test_keys_that_are_kept_are_those_of_a_new_start(crm, seed):
    chance = random.Random(seed)
    with crm.session(Actor.system("test")) as s:
        for _ in range(12):
            draw(s, chance)
        s.commit()
        for _ in range(20):
            change_something(s, chance)
            s.commit()
            assert stored(s) == from_scratch(s)
        before = stored(s)
        s.execute(MATCH_KEY.delete())
        s.commit()
        assert stale(s)
        list(rebuild(s))
        s.commit()
        assert stored(s) == before
        assert not stale(s)


def test_an_account_that_is_deleted_leaves_no_keys(crm):
    with crm.session(Actor.system("test")) as s:
        account = s.accounts.create(name="Rossi Impianti", phone1="+39 0424 000012")
        s.commit()
        assert stored(s)
        s.delete(account)
        s.commit()
        assert stored(s) == []


def test_what_is_rolled_back_leaves_no_keys(crm):
    with crm.session(Actor.system("test")) as s:
        s.accounts.create(name="Rossi Impianti", phone1="+39 0424 000012")
        s.flush()
        s.rollback()
        assert stored(s) == []


def count_key_statements(crm, number):
    """Return how many statements about keys a commit of so many accounts takes."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        if "quality_" in statement:
            seen.append(statement)

    event.listen(crm.engine, "before_cursor_execute", note)
    try:
        with crm.session("anna") as s:
            for each in range(number):
                s.accounts.create(name=f"Rossi {each}", phone1=f"+39 0424 {each:06}")
            s.commit()
    finally:
        event.remove(crm.engine, "before_cursor_execute", note)
    return len(seen)


def test_a_thousand_accounts_cost_as_many_statements_as_two(crm):
    count_key_statements(crm, 2)
    assert count_key_statements(crm, 1_000) == count_key_statements(crm, 2)


def write_key_set(session, code, fields, *, cap=60, evidence=True):
    values = {"label": {"it": code, "en": code}, "fields": fields, "cap": cap, "evidence": evidence, "obsolete": False}
    step = Step(collection="quality.key_sets", key=(code,), kind=StepKind.ADD, after=Item(values))
    KEY_SETS.store.write(session, [step])
    session.commit()


@pytest.mark.feature("I-72")
def test_a_key_set_of_the_customer_is_kept_by_mass_changes_that_stay_in_bulk(crm):
    with crm.session(Actor.system("test")) as s:
        s.characteristics.define(CharacteristicDef(key="tessera", label=Label("Tessera", "Card")))
        keys = [s.accounts.create(name=f"Cliente {number}", phone1=f"+39 0424 00002{number}") for number in range(4)]
        s.commit()
        write_key_set(s, "card", [{"field": "c.tessera", "normalise": "code"}])
        assert "set:card" in stale(s).outdated
        crm.worker(name="test").run_until_idle()
    with crm.session(Actor.system("test")) as s:
        assert not stale(s)
        number = keeper(s).numbers["set:card"]
        preview = s.characteristics.preview([each.id for each in keys[:3]], "tessera", "A-0017")
        s.commit()
        seen = []
        event.listen(crm.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
        s.changesets.confirm(preview.token)
        s.commit()
        # In bulk: accounts are written by one statement, and none is loaded for it.
        assert sum(statement.startswith("UPDATE account ") and " FROM " in statement for statement in seen) == 1
        assert sorted(row[1] for row in stored(s) if row[2] == number) == [each.id for each in keys[:3]]
        assert stored(s) == from_scratch(s)
        s.changesets.undo(preview.id)
        s.commit()
        assert [row for row in stored(s) if row[2] == number] == []
