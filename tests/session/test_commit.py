"""The life of a change: what a commit checks, writes and tells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

import attrs
import pytest
from sqlalchemy import func, insert, select, text, update

from crmcore import (
    Account,
    Actor,
    CharacteristicDef,
    Choice,
    CrmError,
    Event,
    Handler,
    Label,
    Phase,
    Problem,
    StaleVersion,
    ValidationFailed,
)
from crmcore.errors import ErrorCode, PluginError, RecordNotFound, UsageError
from crmcore.model import AUDIT, EVENT, JOB, BusinessUnit
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P2.6")
L = Label("Etichetta", "Label")
COLOURS = tuple(Choice(code=code, label=L, obsolete=code == "grey") for code in ("red", "blue", "grey"))


@attrs.frozen(kw_only=True)
class Greeted(Event):
    TYPE: ClassVar[str] = "toy.greeted"

    name: str
    on: date


def rows(crm, table, *columns):
    with crm.engine.connect() as connection:
        return connection.execute(select(*(table.c[name] for name in columns))).all()


def add(crm, **values):
    with crm.session("anna") as s:
        account = s.add(Account(**{"name": "Bellini"} | values))
        s.commit()
    return account


def rename(session, event):
    if event.type == "account.created":
        session.require(Account, event.id).name = "Renamed"


def explode(session, event):
    raise ZeroDivisionError


def refuse(session, event):
    raise ValidationFailed("CONSTRAINT_VIOLATED", reason="no")


def again(session, event):
    account = session.require(Account, event.id)
    account.phone1 = f"+39 0424 {int((account.phone1 or '0').split()[-1]) + 1:06}"


def greet(session, event):
    session.publish(Greeted(name="ciao", on=date(2026, 5, 11)))


def test_a_commit_writes_the_record_its_history_and_its_event(open_crm, frozen_clock):
    crm = open_crm()
    account = add(crm, phone1="+39 0424 000012")
    assert (account.id, account.version, account.created_by, account.created_at) == (1, 1, "anna", frozen_clock.now())
    given = {"name": "Bellini", "kind": "business", "phone1": "+39 0424 000012", "characteristics": {}, "state": "prospect"}
    defaults = {"language": "it", "seller_source": "zone", "private": False, "incomplete": False}
    changes = {field: [None, value] for field, value in {**given, **defaults}.items()}
    assert rows(crm, AUDIT, "actor", "source", "entity", "entity_id", "verb", "changes", "at") == [
        ("anna", "api", "account", 1, "created", changes, frozen_clock.now())
    ]
    assert rows(crm, EVENT, "type", "version", "actor", "entity", "entity_id", "depth", "changes", "payload") == [
        ("account.created", 1, "anna", "account", 1, 0, changes, {})
    ]
    assert rows(crm, JOB, "id") == []


def test_an_update_tells_only_what_changed_and_an_empty_one_nothing(open_crm):
    crm = open_crm()
    key = add(crm).id
    with crm.session(Actor.user("bruno", device="pc-7"), source="ui") as s:
        account = s.require(Account, key)
        account.name = "Bellini S.r.l."
        account.kind = "business"
        s.commit()
        s.commit()
        account.name = account.name
        s.commit()
    assert rows(crm, AUDIT, "actor", "device", "source", "verb", "changes")[1:] == [
        ("bruno", "pc-7", "ui", "updated", {"name": ["Bellini", "Bellini S.r.l."]})
    ]
    assert account.version == 2
    assert (account.created_by, account.updated_by) == ("anna", "bruno")


def test_a_deleted_record_leaves_its_values_in_the_history(open_crm):
    crm = open_crm()
    key = add(crm).id
    with crm.session("anna") as s:
        s.delete(s.require(Account, key))
        s.commit()
        assert s.get(Account, key) is None
        with pytest.raises(RecordNotFound, match="account 1 does not exist"):
            s.require(Account, key)
    assert rows(crm, AUDIT, "verb", "entity_id")[1:] == [("deleted", key)]
    assert rows(crm, AUDIT, "changes")[1][0]["name"] == ["Bellini", None]


def test_leaving_without_commit_keeps_nothing(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        s.add(Account(name="Bellini"))
        s.flush()
    with crm.session("anna") as s:
        assert s.scalar(select(func.count()).select_from(Account)) == 0
    assert rows(crm, AUDIT, "id") == []


def test_the_loser_of_a_race_gets_stale_version_and_writes_nothing(open_crm):
    crm = open_crm()
    key = add(crm).id
    with crm.session("anna") as mine, crm.session("bruno") as theirs:
        account = mine.require(Account, key)
        other = mine.add(Account(name="Beside"))
        theirs.require(Account, key).name = "Theirs"
        theirs.commit()
        account.name = "Mine"
        with pytest.raises(StaleVersion) as caught:
            mine.commit()
        assert caught.value.params == {"entity": "account", "id": key, "expected": 1, "found": 2}
        assert other.id is None or mine.get(Account, other.id) is None
    with crm.session("anna") as s:
        assert [account.name for account in s.scalars(select(Account))] == ["Theirs"]


def test_deleting_what_somebody_else_changed_is_stale_too(open_crm):
    crm = open_crm()
    key = add(crm).id
    with crm.session("anna") as mine, crm.session("bruno") as theirs:
        account = mine.require(Account, key)
        theirs.require(Account, key).name = "Theirs"
        theirs.commit()
        mine.delete(account)
        with pytest.raises(StaleVersion):
            mine.commit()
    with crm.session("anna") as s:
        assert s.require(Account, key).name == "Theirs"


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": None}, "VALUE_MISSING", "name"),
        ({"name": 7}, "VALUE_INVALID", "name"),
        ({"name": "x" * 201}, "VALUE_INVALID", "name"),
        ({"name": "a\0b"}, "VALUE_INVALID", "name"),
        ({"characteristics": "x"}, "VALUE_INVALID", "characteristics"),
    ],
)
def test_values_are_checked_before_the_database_sees_them(open_crm, values, code, field):
    crm = open_crm()
    with pytest.raises(ValidationFailed) as caught:
        add(crm, **values)
    assert [(problem.code, problem.params["field"]) for problem in caught.value.problems] == [(code, field)]
    assert "obbligatorio" in caught.value.text("it") or "non è valido" in caught.value.text("it")


def test_all_problems_of_all_records_come_together(open_crm):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(ValidationFailed) as caught:
        s.add(Account(name=None))
        s.add(Account(name="x" * 300, phone1="1" * 50))
        s.commit()
    assert len(caught.value.problems) == 3


def test_what_only_the_database_knows_is_refused_with_a_code(open_crm):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(ValidationFailed) as caught:
        s.add(BusinessUnit(number=1, code="TWICE", label_it="Due volte"))
        s.commit()
    assert caught.value.code == "CONSTRAINT_VIOLATED"
    assert rows(crm, AUDIT, "id") == []


def test_every_plugin_is_asked_and_all_refusals_are_reported_with_their_plugin(open_crm):
    def one(session, changes):
        return [Problem(code="ONE_NO", params={"name": change.record.name}) for change in changes]

    def two(changes):
        return (
            Problem(code="VALUE_INVALID", params={"entity": "account", "field": "name", "value": "x", "expected": "y"}) for _ in changes
        )

    code = ErrorCode("ONE_NO", "{name} may not", "{name} non può", "Choose another.")
    crm = open_crm(make_plugin("one", crm_validate=one, crm_error_codes=[code]), make_plugin("two", crm_validate=two))
    with pytest.raises(ValidationFailed) as caught:
        add(crm)
    assert caught.value.problems[0].text("it") == "Bellini non può"
    assert [problem.plugin for problem in caught.value.problems] == ["one", "two"]


def test_a_validate_hook_that_raises_is_a_fault_of_its_plugin(open_crm):
    def crm_validate(changes):
        return 1 / 0

    crm = open_crm(make_plugin("bad", crm_validate=crm_validate))
    with pytest.raises(PluginError, match=r"plugin bad.*ZeroDivisionError"):
        add(crm)
    assert rows(crm, AUDIT, "id") == []


def test_a_handler_in_the_transaction_changes_records_of_the_same_commit(open_crm):
    crm = open_crm(make_plugin("toy", crm_handlers=[Handler(event="account.created", fn=rename, phase=Phase.IN_TRANSACTION)]))
    account = add(crm)
    assert (account.name, account.version) == ("Renamed", 2)
    events = rows(crm, EVENT, "type", "depth", "event_id", "causation_id", "correlation_id")
    assert [(event.type, event.depth) for event in events] == [("account.created", 0), ("account.updated", 1)]
    assert events[1].causation_id == events[0].event_id
    assert events[1].correlation_id == events[0].correlation_id


@pytest.mark.parametrize(("fn", "error"), [(explode, PluginError), (refuse, ValidationFailed)])
def test_a_handler_in_the_transaction_that_raises_undoes_everything(open_crm, fn, error):
    crm = open_crm(make_plugin("toy", crm_handlers=[Handler(event="account.created", fn=fn, phase=Phase.IN_TRANSACTION)]))
    with pytest.raises(error) as caught:
        add(crm)
    assert "toy" in str(caught.value) + " ".join(caught.value.__notes__ if hasattr(caught.value, "__notes__") else [])
    with crm.session("anna") as s:
        assert s.scalar(select(func.count()).select_from(Account)) == 0
    assert rows(crm, EVENT, "event_id") == []


def test_before_commit_sees_all_changes_and_may_add_some(open_crm):
    seen = []

    def crm_before_commit(session, changes):
        seen.extend((change.entity, change.verb, change.id, sorted(change.fields)) for change in changes)
        changes[0].record.phone1 = "+39 0424 000012"

    crm = open_crm(make_plugin("toy", crm_before_commit=crm_before_commit))
    account = add(crm)
    fields = ["characteristics", "incomplete", "kind", "language", "name", "private", "seller_source", "state"]
    assert seen == [("account", "created", 1, fields)]
    assert rows(crm, AUDIT, "verb", "changes")[1] == ("updated", {"phone1": [None, "+39 0424 000012"]})
    assert account.version == 2


@pytest.mark.feature("F07")
def test_a_chain_that_triggers_itself_stops_at_the_limit_and_says_so(open_crm):
    loop = [Handler(event="account.updated", fn=again, phase=Phase.IN_TRANSACTION)]
    crm = open_crm(make_plugin("toy", crm_handlers=loop))
    account = add(crm)
    with crm.session("anna") as s:
        s.require(Account, account.id).name = "Start"
        s.commit()
    told = rows(crm, EVENT, "type", "depth", "payload")
    assert [event.depth for event in told if event.type == "account.updated"] == list(range(9))
    [detected] = [event for event in told if event.type == "automation.loop_detected"]
    assert detected.payload == {"limit": 8, "chain": ["account.updated"] * 9}


def test_published_events_are_stored_with_their_fields_and_read_back(open_crm):
    plugin = make_plugin("toy", crm_events=[Greeted], crm_handlers=[Handler(event="account.created", fn=greet, phase=Phase.IN_TRANSACTION)])
    crm = open_crm(plugin)
    with crm.session("anna") as s:
        envelope = s.publish(Greeted(name="Ciao", on=date(2026, 5, 11)))
        s.commit()
    assert envelope.read(Greeted) == Greeted(name="Ciao", on=date(2026, 5, 11))
    assert rows(crm, EVENT, "type", "payload") == [("toy.greeted", {"name": "Ciao", "on": "2026-05-11"})]


def test_an_event_that_nobody_declares_is_refused(open_crm):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(UsageError, match="EVENT_UNDECLARED"):
        s.publish(Greeted(name="x", on=date(2026, 1, 1)))


@pytest.mark.feature("I-12", "C01")
def test_characteristics_are_checked_by_type_and_stored_in_one_form(open_crm):
    definitions = [
        CharacteristicDef(key="toy_kwh", label=L, type="decimal"),
        CharacteristicDef(key="toy_since", label=L, type="date"),
        CharacteristicDef(key="toy_colour", label=L, type="choice", choices=COLOURS),
    ]
    crm = open_crm(make_plugin("toy", crm_characteristics=definitions))
    account = add(crm, characteristics={"toy_kwh": Decimal("1200.50"), "toy_since": date(2026, 5, 11), "toy_colour": "red"})
    with crm.session("anna") as s:
        stored = s.require(Account, account.id)
        assert stored.characteristics == {"toy_kwh": "1200.5", "toy_since": "2026-05-11", "toy_colour": "red"}
        with pytest.raises(TypeError):
            stored.characteristics["toy_kwh"] = 1
        stored.set_characteristic("toy_kwh", None)
        s.commit()
        assert "toy_kwh" not in stored.characteristics
    for key, value in (("toy_kwh", 1.5), ("toy_kwh", True), ("toy_since", "31/02/2026"), ("toy_colour", "grey"), ("toy_kw", 1)):
        with pytest.raises(ValidationFailed, match=key):
            add(crm, characteristics={key: value})


@pytest.mark.feature("I-27")
def test_statements_that_write_are_refused(open_crm):
    crm = open_crm()
    add(crm)
    statements = (
        update(Account).values(name="x"),
        insert(Account).values(name="x"),
        text("UPDATE account SET name = 'x'"),
        text("DELETE FROM account"),
        insert(JOB).values(kind="x"),
    )
    with crm.session("anna") as s:
        for statement in statements:
            with pytest.raises(UsageError, match="DIRECT_WRITE_REFUSED"):
                s.execute(statement)
        assert s.execute(text("SELECT name FROM account")).scalar() == "Bellini"


def test_a_commit_costs_a_fixed_number_of_statements(open_crm, count_statements):
    crm = open_crm()
    add(crm)
    numbers = []
    for count in (5, 20, 20):
        with crm.session("anna") as s:
            for n in range(count):
                s.add(Account(name=f"Firm {n}"))
            with count_statements(crm) as counted:
                s.commit()
        numbers.append(len(counted))
    # A look whether state tables and characteristics are as they were, the records, the journal, and the words of the full-text index;
    # SQLite has a question for the keys beside it, and its journal takes two statements.
    assert len(set(numbers)) == 1, numbers
    assert numbers[0] <= (4 if crm.engine.dialect.name == "postgresql" else 6), counted


@pytest.mark.parametrize("actor", ["", "  ", "a:b", "x" * 101])
def test_nobody_is_nobody(open_crm, actor):
    crm = open_crm()
    with pytest.raises(UsageError, match="ACTOR_INVALID"):
        crm.session(actor)


def test_a_closed_session_and_a_closed_crm_say_so(open_crm):
    crm = open_crm()
    s = crm.session("anna")
    s.close()
    with pytest.raises(UsageError, match="SESSION_CLOSED"):
        s.add(Account(name="x"))
    crm.close()
    crm.close()
    with pytest.raises(UsageError, match="CRM_CLOSED"):
        crm.session("anna")


def test_every_error_can_be_shown_in_italian_and_english(open_crm):
    crm = open_crm()
    with crm.session("anna") as s, pytest.raises(CrmError) as caught:
        s.require(Account, 99)
    assert caught.value.text("it") == "NOT_FOUND: account 99 non esiste"
    assert caught.value.text("en") == str(caught.value) == "NOT_FOUND: account 99 does not exist"
