"""What tables say about clashes, what fields become, and what may not be merged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from crm_trade.model import Billing, BillingNote, Pair, Visit
from merge_checks import dangling, dump
from sqlalchemy import Integer, func, select

from crmcore import Account, Actor, CharacteristicDef, Label, ValidationFailed
from crmcore.changesets import Planned
from crmcore.errors import CrmError, RecordNotFound
from crmcore.merge.survivorship import Candidate, Rules
from crmcore.model import (
    AUDIT,
    ENTITIES,
    EVENT,
    LOG,
    MERGE,
    MERGE_ROW,
    PLATFORM_TABLES,
    AccountMerge,
    ChangeSetItem,
    CharacteristicChange,
    Consent,
    ContactPoint,
    ExternalKey,
    Interaction,
    Person,
    Profile,
    Relation,
    RelationKind,
    Salesperson,
    Site,
    User,
)

pytestmark = pytest.mark.feature("D03", "I-17", "I-18", "I-19")

L = Label("Etichetta", "Label")


@pytest.fixture
def crm(open_crm, trade):
    return open_crm(trade)


def make(s, *names, **fields):
    accounts = [s.accounts.create(name=name, portfolio="GENERICO", **fields) for name in names]
    s.commit()
    return accounts


def merged(s, *accounts, **options):
    result = s.merges.merge(accounts[0].id, [each.id for each in accounts[1:]], **options)
    s.commit()
    return result


def refused(call, *args, **options):
    with pytest.raises(CrmError) as error:
        call(*args, **options)
    return [problem.code for problem in error.value.problems] or error.value.code


def test_every_column_of_the_core_that_looks_like_a_reference_is_one_or_says_what_it_is():
    tables = [(cls.__table__, {*cls.__references__, *cls.__not_references__}) for cls in ENTITIES]
    tables += [(table, set()) for table in PLATFORM_TABLES if table.info.get(MERGE) != LOG]
    bare = [
        f"{table.name}.{column.name}"
        for table, known in tables
        for column in table.columns
        if column.name.endswith("_id") and isinstance(column.type, Integer) and not column.foreign_keys and column.name not in known
    ]
    assert bare == []
    assert {AUDIT.info[MERGE], EVENT.info[MERGE]} == {LOG}


@pytest.mark.feature("I-8", "I-11")
def test_the_children_of_the_core_come_together_and_part_again(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B", kind="business")
        before = dump(crm)
    with crm.session("anna") as s:
        one, two = (s.accounts.require(each.id) for each in (one, two))
        other = s.accounts.create(name="C", portfolio="GENERICO")
        for account, number in ((one, "1"), (two, "2")):
            s.accounts.add_site(account, kind="legal", street=number)
            s.accounts.add_contact_point(account, kind="phone", value="+39 0424 000055")
            s.accounts.add_role(account, "customer")
        s.accounts.add_role(two, "supplier")
        s.flush()
        kind = s.scalar(select(RelationKind.code))
        for first, second in ((one, two), (two, other), (one, other)):
            s.accounts.relate(kind, first, second)
        s.consents.record(one, "marketing", "email", given=True, source="web", proof="form")
        s.consents.record(two, "marketing", "email", given=False, source="phone")
        s.consents.record(two, "offers", "email", given=True, source="web", proof="form")
        s.commit()
        before = dump(crm)
        result = merged(s, one, two)
        mine = one.id
        kinds = s.execute(select(Site.kind).where(Site.account_id == mine).order_by(Site.id)).scalars().all()
        assert kinds == ["legal", "operative"]
        assert s.scalar(select(func.count()).select_from(ContactPoint).where(ContactPoint.account_id == mine)) == 1
        assert s.accounts.roles(s.accounts.require(mine)) == {"customer", "supplier"}
        assert s.scalar(select(func.count()).select_from(Relation)) == 1
        assert result.archived == {"account_portfolio": 1, "account_role": 1, "contact_point": 1, "relation": 2}
        last = {}
        for consent in s.scalars(select(Consent).where(Consent.account_id == mine).order_by(Consent.at, Consent.id)):
            last[consent.purpose] = consent.given
        assert last == {"marketing": False, "offers": True}
        assert s.merges.undo(result.id).done
        s.commit()
    assert dump(crm) == before


@pytest.mark.feature("I-11")
def test_a_later_consent_of_the_survivor_does_not_overrule_a_revocation_of_the_other(crm, frozen_clock):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.consents.record(two, "marketing", "email", given=False, source="phone")
        s.commit()
        frozen_clock.freeze(datetime(2026, 6, 1, tzinfo=UTC))
        s.consents.record(one, "marketing", "email", given=True, source="web", proof="form")
        s.commit()
        before = dump(crm)
        result = merged(s, one, two)
        last = s.scalars(select(Consent).order_by(Consent.id.desc())).first()
        assert (last.account_id, last.given, last.source) == (one.id, False, "merge")
        s.merges.undo(result.id)
        s.commit()
        assert dump(crm) == before


def test_clashing_rows_of_a_plugin_are_joined_as_its_table_says_with_their_children(crm):
    with crm.session("anna") as s:
        accounts = make(s, "A", "B", "C")
        for account, terms, credit, notes in zip(accounts[1:], ("30", "60"), (5, 9), (("x", "y"), ("y", "z")), strict=True):
            billing = s.add(Billing(account_id=account.id, terms=terms, credit=credit))
            s.flush()
            for note in notes:
                s.add(BillingNote(billing_id=billing.id, text=note))
        s.commit()
        before = dump(crm)
        result = merged(s, *accounts)
        [billing] = s.scalars(select(Billing)).all()
        assert (billing.account_id, billing.terms, billing.credit) == (accounts[0].id, "30+60", 9)
        assert sorted(s.scalars(select(BillingNote.text))) == ["x", "y", "z"]
        assert result.archived["trade_billing_note"] == 1
        s.merges.undo(result.id)
        s.commit()
        assert dump(crm) == before


def test_a_constraint_that_nobody_declared_refuses_the_merge_and_names_itself(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.add(Pair(one_id=one.id, other_id=two.id))
        s.commit()
        before = dump(crm)
        assert refused(s.merges.merge, one.id, [two.id]) == "MERGE_CLASH"
    assert dump(crm) == before


RULES = Rules("newest", {}, {}, ("erp", "ui"))


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ("newest", [("b", 1, "ui"), ("aaa", 3, "x"), ("c", 2, "erp:onda")], "aaa"),
        ("survivor", [("b", 1, "ui"), ("aaa", 3, "x")], "b"),
        ("survivor", [(None, 1, "ui"), ("aaa", 2, "x"), ("c", 3, "x")], "c"),
        ("longest", [("b", 1, "ui"), ("aaa", 3, "x")], "aaa"),
        ("verified", [("b", 1, "ui"), ("aaa", 3, "x"), ("c", 2, "erp:onda")], "c"),
        ("union", [("b", 1, "ui"), ("aaa", 3, "x"), ("b", 2, "x")], "b\naaa"),
        ("union", [([1, 2], 1, "ui"), ([2, 3], 3, "x")], [1, 2, 3]),
        ("any", [(False, 1, "ui"), (True, 3, "x")], True),
        ("all", [(True, 1, "ui"), (False, 3, "x")], False),
    ],
)
def test_each_rule_chooses_among_what_is_filled(rule, values, expected):
    candidates = [
        Candidate(place, place + 1, value, datetime(2026, 1, day, tzinfo=UTC), source)
        for place, (value, day, source) in enumerate(values)
        if value is not None
    ]
    assert RULES.choose(rule, candidates)[0] == expected


@pytest.mark.feature("C09")
def test_fields_follow_the_settings_and_what_is_left_over_becomes_a_contact_point(open_crm, frozen_clock):
    merge = {"rule": "survivor", "fields": {"web": "newest", "phone1": "union", "notes": "union"}, "characteristics": {"opposed": "any"}}
    crm = open_crm(settings={"core": {"required_account_fields": ["name"], "merge": merge}})
    with crm.session("anna") as s:
        s.characteristics.define(CharacteristicDef(key="opposed", label=L, type="flag"))
        s.characteristics.define(CharacteristicDef(key="parent", label=L, type="reference", target="account"))
        one = s.accounts.create(name="A", phone1="+39 0424 000012", web="old.example", notes="prima", characteristics={"opposed": False})
        two = s.accounts.create(name="B", phone1="+39 0424 000013", notes="poi", email="b@example.com", characteristics={"opposed": True})
        s.commit()
        third = s.accounts.create(name="C", characteristics={"parent": two.id})
        s.accounts.update(one, characteristics={"parent": two.id})
        frozen_clock.freeze(datetime(2026, 6, 1, tzinfo=UTC))
        s.accounts.update(two, web="new.example")
        s.commit()
        before = dump(crm)
        result = merged(s, one, two)
        one = s.accounts.require(one.id)
        assert (one.name, one.phone1, one.web, one.notes, one.email) == (
            "A",
            "+39 0424 000012",
            "new.example",
            "prima\npoi",
            "b@example.com",
        )
        # Who referred to the other in a characteristic refers to the survivor, which does not refer to itself.
        assert dict(one.characteristics) == {"opposed": True}
        assert s.accounts.require(third.id).characteristics["parent"] == one.id
        assert s.execute(select(ContactPoint.kind, ContactPoint.value, ContactPoint.account_id)).all() == [
            ("phone", "+39 0424 000013", one.id)
        ]
        assert [hit.account.id for hit in s.search.text("000013")] == [one.id]
        history = s.scalars(select(CharacteristicChange.source).where(CharacteristicChange.source.startswith("event:"))).all()
        assert history == [f"event:account.merged:{result.id}"] * 2
        assert [each.id for each in s.merges.history(two.id)] == [result.id]
        s.merges.undo(result.id)
        s.commit()
        assert dump(crm) == before
        assert [hit.account.id for hit in s.search.text("000013")] == [two.id]


def test_what_may_not_be_merged_is_refused_with_its_code(crm):
    with crm.session("anna") as s:
        one, two, three = make(s, "A", "B", "C")
        private = s.accounts.create(name="P", portfolio="GENERICO", private=True)
        s.commit()
        assert refused(s.merges.merge, one.id, []) == "MERGE_ACCOUNTS"
        assert refused(s.merges.merge, one.id, [two.id, one.id]) == "MERGE_ACCOUNTS"
        assert refused(s.merges.merge, one.id, [two.id], rule="best") == "MERGE_RULE"
        assert refused(s.merges.merge, one.id, [999]) == "NOT_FOUND"
        assert refused(s.merges.merge, one.id, [private.id]) == ["MERGE_PRIVATE"]
        assert [each.code for each in s.merges.preview(one.id, [private.id]).refusals] == ["MERGE_PRIVATE"]
        result = merged(s, one, two)
        assert refused(s.merges.merge, three.id, [two.id]) == ["ACCOUNT_MERGED"]
        assert refused(s.merges.undo, 999) == "NOT_FOUND"
        assert refused(s.merges.undo, result.id, {"person:1": "keep"}) == "MERGE_CHOICE"
        assert refused(s.merges.resolve, 999) == "NOT_FOUND"
        with pytest.raises(ValidationFailed, match="ACCOUNT_MERGED"):
            s.add(ExternalKey(entity="account", entity_id=two.id, source="onda", key="X"))
            s.commit()


def test_what_somebody_changed_since_is_asked_and_both_answers_are_given(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        people = [s.accounts.add_person(two, name, phone=["+39 0424 000055"]) for name in ("Rossi", "Bianchi", "Verdi")]
        s.accounts.update(two, email="b@example.com", web="b.example")
        s.commit()
        keys = [person.id for person in people]
        result = merged(s, one, two)
        for person, name in zip(s.scalars(select(Person).order_by(Person.id)), ("Rosso", "Bianco"), strict=False):
            person.last_name = name
        s.accounts.update(s.accounts.require(one.id), email="a@example.com", web="b.example")
        s.commit()
        note = s.interactions.add(s.accounts.require(one.id), "note", person=s.require(Person, keys[2]), text="di Verdi")
        s.commit()
        found = s.merges.undo(result.id)
        assert not found.done
        asked = {each.key: (each.old, each.merged, each.now) for each in found.questions}
        moved = ({"account_id": two.id}, {"account_id": one.id})
        assert asked == {
            f"account:{one.id}:email": (None, "b@example.com", "a@example.com"),
            f"person:{keys[0]}": (*moved, {"account_id": one.id, "last_name": "Rosso"}),
            f"person:{keys[1]}": (*moved, {"account_id": one.id, "last_name": "Bianco"}),
        }
        assert s.merges.resolve(two.id) == one.id
        choices = dict(zip(sorted(asked), ("keep", "keep", "restore"), strict=True))
        found = s.merges.undo(result.id, choices)
        s.commit()
        assert found.done
        assert found.kept == {"person": 1}
        assert note.account_id == two.id
    with crm.session("anna") as s:
        rows = s.execute(select(Person.last_name, Person.account_id).order_by(Person.id)).all()
        # Nobody's work is lost: who goes back goes back as changed.
        assert rows == [("Rosso", one.id), ("Bianco", two.id), ("Verdi", two.id)]
        points = s.execute(select(ContactPoint.account_id).order_by(ContactPoint.person_id)).scalars().all()
        assert points == [one.id, two.id, two.id]
        # What belongs to a person is where the person is.
        assert s.require(Interaction, note.id).account_id == two.id
        assert (s.accounts.require(one.id).email, s.accounts.require(one.id).web) == ("a@example.com", None)


def test_what_was_deleted_since_stays_deleted_and_what_is_in_the_way_is_told(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.accounts.add_person(two, "Rossi")
        s.add(Billing(account_id=one.id, terms="1", credit=1))
        s.add(Billing(account_id=two.id, terms="2", credit=2))
        s.commit()
        gone, result = two.id, merged(s, one, two)
        s.delete(s.scalars(select(Person)).one())
        s.commit()
        assert s.merges.undo(result.id).gone == {"person": 1}
        s.rollback()
    with crm.session("anna") as s:
        # Somebody who writes past all rules takes the place of the row that is to come back.
        with crm.engine.begin() as connection:
            stamps = {"version": 1, "created_at": s.now(), "created_by": "x", "updated_at": s.now(), "updated_by": "x"}
            connection.execute(Billing.__table__.insert().values(account_id=gone, terms="3", credit=3, **stamps))
        assert refused(s.merges.undo, result.id) == "MERGE_UNDO_CLASH"


def test_a_stale_record_from_before_the_undoing_is_never_taken_for_a_fresh_one(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        version = one.version
        s.accounts.update(two, email="b@example.com")
        s.commit()
        result = merged(s, one, two)
    with crm.session("bruno") as slow:
        held = slow.accounts.require(one.id)
        with crm.session("anna") as s:
            s.merges.undo(result.id)
            s.commit()
            assert s.accounts.require(one.id).version == version
            for number in range(3):
                s.accounts.update(s.accounts.require(one.id), notes=str(number))
                s.commit()
        held.notes = "stale"
        assert refused(slow.commit) == "STALE_VERSION"


def test_a_mass_change_neither_confirms_nor_undoes_what_belonged_to_a_merged_account(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.characteristics.define(CharacteristicDef(key="x", label=L))
        s.commit()
        preview = s.changesets.preview("characteristics", [Planned(two.id, "x", "new")], entity="account")
        s.commit()
        merged(s, one, two)
        assert s.scalar(select(ChangeSetItem.record_id)) == one.id
        outcome = s.changesets.confirm(preview.token)
        s.commit()
        assert outcome.counts == {"STALE_VERSION": 1}
        assert "x" not in s.accounts.require(one.id).characteristics


@pytest.mark.feature("A03", "A05", "I-27")
def test_one_merges_what_one_sees_and_may_and_old_ids_resolve_for_those_who_see_the_survivor(crm):
    with crm.session(Actor.system("setup")) as s:
        sellers = [s.add(Salesperson(code=code, kind="agent", name=code)) for code in ("A1", "A2")]
        grants = (["customers.read", "customers.update", "customers.merge"], ["customers.*"], ["customers.read", "customers.update"])
        profiles = [
            s.add(Profile(code=f"P{n}", label_it="P", functions=functions, scopes=[{"kind": "own"}])) for n, functions in enumerate(grants)
        ]
        s.add(User(login="admin"))
        s.flush()
        for login, profile, seller in (("a1", 0, 0), ("a2", 1, 1), ("a3", 2, 0)):
            s.add(User(login=login, profile_id=profiles[profile].id, salesperson_id=sellers[seller].id))
        accounts = [
            s.accounts.create(
                name=name, portfolio="GENERICO", seller_id=sellers[place].id, seller_source="manual", people=[{"last_name": name}]
            )
            for name, place in (("A", 0), ("B", 0), ("C", 1))
        ]
        s.commit()
        one, two, foreign = (account.id for account in accounts)
    with crm.session("a1") as s:
        with pytest.raises(RecordNotFound):
            s.merges.merge(one, [foreign])
        with pytest.raises(RecordNotFound):
            s.merges.preview(one, [foreign])
        result = s.merges.merge(one, [two])
        s.commit()
        assert s.accounts.require(two).id == one
        assert s.scalar(select(func.count()).select_from(Person)) == 2
    with crm.session("a3") as s:
        assert refused(s.merges.undo, result.id) == ["FUNCTION_NOT_GRANTED"]
    with crm.session("a2") as s:
        with pytest.raises(RecordNotFound):
            s.merges.undo(result.id)
        assert s.accounts.get(two) is None
        assert s.merges.recent() == []
    with crm.session("admin") as s:
        last = s.merges.merge(one, [foreign]).id
        s.commit()
    with crm.session("a1") as s:
        # The card of somebody else is not there; what it became is.
        assert s.get(Account, foreign) is None
        assert s.accounts.require(foreign).id == s.merges.resolve(foreign) == one
        with pytest.raises(RecordNotFound):
            s.merges.undo(last)


def test_merging_and_undoing_are_told_and_audited(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.accounts.update(two, email="b@example.com")
        s.commit()
        result = merged(s, one, two, reason="doppione")
        s.merges.undo(result.id)
        s.commit()
        [record] = s.merges.history(one.id)
        assert (record.reason, record.actor, record.undone_by) == ("doppione", "anna", "anna")
        assert s.scalar(select(AccountMerge.state)) == "undone"
    with crm.engine.connect() as connection:
        told = connection.execute(select(EVENT.c.type, EVENT.c.payload).where(EVENT.c.type.like("account.%merged"))).all()
        assert [row.type for row in told] == ["account.merged", "account.unmerged"]
        assert told[0].payload["merged_ids"] == [two.id]
        rows = connection.execute(select(AUDIT.c.entity_id, AUDIT.c.changes).where(AUDIT.c.verb == "updated").order_by(AUDIT.c.id)).all()
        changed = [(row.entity_id, {name: tuple(pair) for name, pair in row.changes.items()}) for row in rows][1:]
        assert sorted(changed[:2], key=str) == [(one.id, {"email": (None, "b@example.com")}), (two.id, {"merged_into_id": (None, one.id)})]
        assert sorted(changed[2:], key=str) == [(one.id, {"email": ("b@example.com", None)}), (two.id, {"merged_into_id": (one.id, None)})]


def test_the_tables_of_a_plugin_that_was_disabled_are_followed_too(open_crm, trade):
    with open_crm(trade).session("anna") as s:
        one, two = make(s, "A", "B")
        s.add(Visit(account_id=two.id, text="x"))
        for account in (one, two):
            s.add(Billing(account_id=account.id, terms="30", credit=1))
        s.commit()
    crm = open_crm()
    assert "trade.visit" not in crm.registry.entities
    before = dump(crm)
    with crm.session("anna") as s:
        result = merged(s, s.accounts.require(one.id), s.accounts.require(two.id))
        assert (result.relinked["trade_visit"], result.archived["trade_billing"]) == (1, 1)
        assert dangling(crm, [two.id]) == []
        assert s.merges.undo(result.id).done
        s.commit()
    assert dump(crm) == before


@pytest.mark.feature("D03")
def test_what_a_journal_keeps_is_erased_on_request_and_the_merge_lasts(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.accounts.update(two, email="b@example.com")
        s.commit()
        result = merged(s, one, two)
        assert s.merges.forget(two.id) == 1
        s.commit()
    with crm.session("anna") as s:
        assert s.execute(select(func.count()).select_from(MERGE_ROW)).scalar() == 0
        assert s.scalar(select(AccountMerge.decisions)) == []
        assert s.merges.resolve(two.id) == one.id
        assert refused(s.merges.undo, result.id) == "MERGE_FORGOTTEN"


def test_a_merge_that_changed_a_table_of_a_purged_plugin_is_not_undone(crm):
    with crm.session("anna") as s:
        one, two = make(s, "A", "B")
        s.add(Visit(account_id=two.id, text="x"))
        s.commit()
        result = merged(s, one, two)
        with crm.engine.begin() as connection:
            # As after a purge: the journal names what is no longer there.
            connection.execute(MERGE_ROW.update().where(MERGE_ROW.c.table_name == "trade_visit").values(table_name="trade_purged"))
        assert refused(s.merges.undo, result.id) == "MERGE_TABLE_GONE"
