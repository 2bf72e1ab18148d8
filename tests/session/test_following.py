"""Who takes part in every change: normalisers before the rules, watchers at the end, also of what one statement wrote."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, select

from crmcore import Account, Actor, CharacteristicDef, Label, Normaliser, StartError, ValidationFailed, Watcher
from crmcore.errors import PluginError
from crmcore.model import ContactPoint, Site
from crmcore.testing import make_plugin

pytestmark = pytest.mark.feature("P2.4", "I-72")
SYSTEM = Actor.system("test")


class Told:
    """A watcher that remembers, and reads what it is told of as it is stored."""

    def __init__(self, fields=("name",), through=None):
        self.calls = []
        self.watcher = Watcher(entity="account", fields=fields, fn=self.tell, through=through or {})

    def tell(self, session, keys, changes):
        self.seen = changes
        there = set(session.scalars(select(Account.id).where(Account.id.in_(keys))))
        self.calls.append((set(keys), there))


def tidy(session, changes):
    for change in changes:
        if isinstance(change.record.name, str):
            change.set("name", " ".join(change.record.name.split()))


def test_a_normaliser_comes_before_the_rules_and_its_form_is_what_is_told(open_crm):
    seen = []

    def look(session, changes):
        seen.extend(change.changes.get("name") for change in changes)

    plugin = make_plugin("toy", crm_normalisers=[Normaliser(entity="account", fields=("name",), fn=tidy)], crm_validate=look)
    with open_crm(plugin).session(SYSTEM) as s:
        account = s.accounts.create(name="  Rossi   Mario ")
        s.commit()
        assert (account.name, seen) == ("Rossi Mario", [(None, "Rossi Mario")])
        version = account.version
        account.name = "Rossi  Mario"
        s.commit()
        assert account.version == version
        s.accounts.create(name="   ")
        with pytest.raises(ValidationFailed, match="VALUE_MISSING"):
            s.commit()


def test_a_watcher_is_told_once_of_all_that_a_commit_touches(open_crm):
    told = Told(
        fields=("name", "merged_into_id"),
        through={"account": ("merged_into_id", ()), "site": ("account_id", ("street",)), "contact_point": ("account_id", ("value",))},
    )
    with open_crm(make_plugin("toy", crm_watchers=[told.watcher])).session(SYSTEM) as s:
        one, two, three = (s.accounts.create(name=name, kind="retail") for name in ("Uno", "Due", "Tre"))
        s.commit()
        keys = {one.id, two.id, three.id}
        assert told.calls.pop() == (keys, keys)
        assert {change.id for change in told.seen} == keys
        one.notes = "…"
        s.commit()
        assert told.calls == []
        site = s.add(Site(account_id=one.id, street="Via Roma"))
        s.flush()
        point = s.add(ContactPoint(account_id=three.id, kind="phone", value="0424 000012"))
        s.commit()
        assert told.calls.pop()[0] == {one.id, three.id}
        site.account_id = two.id
        s.delete(point)
        s.commit()
        assert told.calls.pop()[0] == keys
        site.civic = "3"
        s.commit()
        assert told.calls == []
        two.merged_into_id = one.id
        s.commit()
        assert told.calls.pop()[0] == {one.id, two.id}
        s.delete(three)
        s.rollback()
        s.delete(s.require(Account, three.id))
        s.commit()
        assert told.calls == [({three.id}, set())]


def test_a_mass_change_stays_one_statement_and_tells_the_watchers(open_crm):
    told = Told(fields=("characteristics",))
    fixed = Normaliser(entity="account", fields=("name",), fn=tidy)
    crm = open_crm(make_plugin("toy", crm_watchers=[told.watcher], crm_normalisers=[fixed]))
    with crm.session(SYSTEM) as s:
        s.characteristics.define(CharacteristicDef(key="classe", label=Label("Classe", "Class")))
        accounts = [s.accounts.create(name=f"Ditta {number}") for number in range(3)]
        s.commit()
        told.calls.clear()
        keys = {account.id for account in accounts}
        preview = s.characteristics.preview(sorted(keys), "classe", "A")
        s.commit()
        statements = []
        event.listen(crm.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        s.changesets.confirm(preview.token)
        s.commit()
        assert sum(text.startswith("UPDATE account ") and " FROM " in text for text in statements) == 1
        assert told.calls == [(keys, keys)]
        # What one statement wrote is in no change.
        assert told.seen is None


def test_what_a_watcher_raises_undoes_all_and_names_its_plugin(open_crm):
    def fail(session, keys, changes):
        raise RuntimeError("no keys today")

    crm = open_crm(make_plugin("toy", crm_watchers=[Watcher(entity="account", fields=("name",), fn=fail)]))
    with crm.session(SYSTEM) as s:
        s.accounts.create(name="Rossi")
        with pytest.raises(PluginError, match="in plugin toy"):
            s.commit()
        assert s.scalar(select(Account.id)) is None


def test_what_names_nothing_stops_the_start():
    from crmcore import Crm

    def nothing(session, keys, changes):
        pass

    lost = Table("elsewhere", MetaData(), Column("id", Integer, primary_key=True))
    plugin = make_plugin(
        "toy",
        crm_watchers=[Watcher(entity="account", fields=("nome",), fn=nothing, through={"sede": ("account_id", ())})],
        crm_normalisers=[Normaliser(entity="conto", fields=("name",), fn=nothing)],
        crm_derived_tables=[lost],
    )
    with pytest.raises(StartError) as caught:
        Crm.open("sqlite://", plugins=[plugin])
    reasons = [problem.params["reason"] for problem in caught.value.problems if problem.code == "FOLLOWING_INVALID"]
    assert reasons == [
        "there is no entity 'conto'",
        "account has no column 'nome'",
        "there is no entity 'sede'",
        "the name must start with toy_",
        "it is not in the METADATA of all",
    ]
