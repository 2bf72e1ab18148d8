"""A flush writes past the ORM, and the session knows the records as after a flush of the ORM's own."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmcore import Account, StaleVersion, ValidationFailed
from crmcore.model import Person, Site
from crmcore.session.orm import OrmSession
from tests.session.test_commit import add

pytestmark = pytest.mark.feature("P2.6")


@pytest.fixture
def flushes(monkeypatch):
    """Count what the ORM flushes itself."""
    seen = []
    own = OrmSession.flush

    def flush(self, *args):
        if not self.is_clean:
            seen.append(self)
        return own(self, *args)

    monkeypatch.setattr(OrmSession, "flush", flush)
    return seen


def test_several_records_change_by_one_statement_and_the_loser_of_a_race_by_none(open_crm, flushes, count_statements):
    crm = open_crm()
    keys = [add(crm, name=f"Ditta {number}").id for number in range(3)]
    flushes.clear()
    with crm.session("anna") as mine:
        accounts = [mine.require(Account, key) for key in keys]
        for account in reversed(accounts):
            account.notes = "Fiera"
        with count_statements(crm) as statements:
            mine.commit()
        assert [text.split()[0] for text in statements].count("UPDATE") == 1
        assert [account.version for account in accounts] == [2, 2, 2]
        assert not flushes
        for account in accounts:
            account.notes = "Visita"
        with crm.session("bruno") as theirs:
            theirs.require(Account, keys[1]).notes = "Telefonata"
            theirs.commit()
        with pytest.raises(StaleVersion) as caught:
            mine.commit()
        assert caught.value.params == {"entity": "account", "id": keys[1], "expected": 2, "found": 3}
        # What the loser has is read again.
        assert [(account.notes, account.version) for account in accounts] == [("Fiera", 2), ("Telefonata", 3), ("Fiera", 2)]


def test_what_a_refused_commit_made_is_new_again(open_crm):
    crm = open_crm()
    add(crm, name="Prima")
    with crm.session("anna") as session:
        account = session.add(Account(name="Seconda"))
        site = session.add(Site(account_id=None, kind="legal"))
        site.account = account
        session.flush()
        first = account.id
        session.add(Person(account_id=first, last_name="Rossi", site_id=10**9))
        with pytest.raises(ValidationFailed):
            session.commit()
        assert account not in session.orm
        assert session.get(Account, first) is None
        session.add(account).notes = "Di nuovo"
        session.commit()
        assert session.get(Account, account.id) is account
        assert account.version == 1
    with crm.session("anna") as session:
        assert [each.name for each in session.scalars(select(Account).order_by(Account.id))] == ["Prima", "Seconda"]


@pytest.mark.feature("P2.6", "B17")
def test_what_is_written_after_a_savepoint_goes_with_it(open_crm):
    crm = open_crm()
    key = add(crm, name="Prima").id
    with crm.session("anna") as session:
        account = session.require(Account, key)
        session.take_write_lock()
        for note in ("Fiera", "Visita"):
            nested = session.orm.begin_nested()
            account.notes = note
            session.add(Account(name="Seconda"))
            session.flush()
            nested.rollback()
            session.orm.expire_all()
            assert (account.notes, account.version) == (None, 1)
            assert session.scalars(select(Account.name)).all() == ["Prima"]
