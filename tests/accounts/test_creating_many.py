"""Many accounts at once: what is written, told and refused is what single accounts write, tell and are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from crmcore import Account, Actor, CharacteristicDef, Crm, FrozenClock, Handler, Label, Problem
from crmcore.accounts import KeyRef
from crmcore.errors import UsageError
from crmcore.model import AUDIT, EVENT, JOB, CharacteristicChange, Profile
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("B01", "J05")

KEYS = [
    CharacteristicDef(key="toy_kwh", label=Label("Consumo", "Consumption"), type="decimal"),
    CharacteristicDef(key="toy_class", label=Label("Classe", "Class"), compute="'A' if toy_kwh > 100 else 'B'", depends_on=("toy_kwh",)),
]


def data(number):
    return {
        "name": f"Ditta {number}",
        "phone1": f"+39042400{number:04}",
        "vat_code": "IT 07643520567" if number == 1 else None,
        "portfolio": "GENERICO",
        "roles": ["prospect"],
        "sites": [{"kind": "legal", "street": "Via Roma", "civic": str(number), "postcode": "36061", "province": "vi"}],
        "people": [{"last_name": "Rossi", "email": f"rossi{number}@example.com", "preferences": {"offers": {"email": True}}}],
        "contact_points": [{"kind": "phone", "value": "+393200000012", "position": 2}],
        "external_keys": [KeyRef("onda", f"C{number:05}")],
        "characteristics": {"toy_kwh": "0120.50"},
    }


def snapshot(crm):
    """Return the rows of every table, without ids that differ by chance, and what every database starts with."""
    found = {}
    with crm.engine.connect() as connection:
        for table in (*(cls.__table__ for cls in crm.registry.entities.values()), AUDIT, EVENT, JOB):
            columns = [column for column in table.columns if column.name not in {"uid", "event_id", "correlation_id", "causation_id", "id"}]
            rows = [tuple(map(plain, row)) for row in connection.execute(select(*columns)) if "system:core" not in row]
            found[table.name] = sorted(rows, key=repr)
    return found


def plain(value):
    return (
        sorted(((key, plain(each)) for key, each in value.items()), key=repr)
        if isinstance(value, dict) or hasattr(value, "items")
        else value
    )


def ignore(_session, _event):
    """Take an event, and do nothing: its delivery is a row that is compared."""


@pytest.mark.feature("C06", "C09", "I-9")
def test_they_are_written_and_told_of_as_if_each_were_made_by_itself(open_crm, crm_databases, database_kind, tmp_path):
    clock = FrozenClock(datetime(2026, 5, 11, 7, tzinfo=UTC))
    plugin = make_plugin("toy", crm_characteristics=KEYS, crm_handlers=[Handler(event="account.created", fn=ignore)])
    one = open_crm(plugin, settings={"core": {}}, clock=clock)
    folder = tmp_path / "other"
    folder.mkdir()
    with crm_databases.fresh(database_kind, folder) as url, Crm.open(url, plugins=[plugin], clock=clock, migrate=True) as other:
        with one.session(Actor.system("import"), source="import") as s:
            for number in range(60):
                s.accounts.create(**data(number))
            s.commit()
        with other.session(Actor.system("import"), source="import") as s:
            made = s.accounts.create_many(data(number) for number in range(60))
            assert (len(made.ids), made.refused) == (60, {})
            assert [name for name, _ in made.made[0]][:2] == ["account", "account_portfolio"]
            s.commit()
            account = s.get(Account, made.ids[1])
            assert (account.vat_code, dict(account.characteristics)) == ("07643520567", {"toy_kwh": "120.5", "toy_class": "A"})
        expected, found = snapshot(one), snapshot(other)
        for name in expected:
            assert found[name] == expected[name], name
        assert len(found["crm_audit"]) >= 60 * 8
        with other.session("anna") as s:
            assert s.search.text("ditta 42")[0].account.name == "Ditta 42"


def test_those_that_are_refused_are_named_and_the_others_written(open_crm):
    def veto(changes):
        bad = [change for change in changes if isinstance(change.record, Account) and change.record.name == "Vietata"]
        return (
            [Problem(code="VALUE_INVALID", params={"entity": "account", "field": "name", "value": "Vietata", "expected": "x"})]
            if bad
            else []
        )

    crm = open_crm(make_plugin("toy", crm_validate=veto, crm_characteristics=KEYS), settings={"core": {}})
    given = [data(number) for number in range(9)]
    given[2]["name"] = "Vietata"
    given[4]["phone1"] = None
    given[5]["portfolio"] = "MANCA"
    given[6]["nome"] = "x"
    with crm.session(Actor.system("import"), source="import") as s:
        made = s.accounts.create_many(given)
        codes = {place: [problem.code for problem in problems] for place, problems in made.refused.items()}
        assert codes == {2: ["VALUE_INVALID"], 4: ["VALUE_MISSING"], 5: ["CODE_UNKNOWN"], 6: ["FIELD_UNKNOWN"]}
        s.commit()
        assert sorted(s.scalars(select(Account.name))) == [f"Ditta {number}" for number in (0, 1, 3, 7, 8)]
        assert sorted(made.ids) == [0, 1, 3, 7, 8]


def test_a_plugin_that_changes_records_before_the_commit_is_heard(open_crm):
    def before(changes):
        for change in changes:
            if isinstance(change.record, Account) and change.record.notes is None:
                change.record.notes = "vista"

    crm = open_crm(make_plugin("toy", crm_before_commit=before))
    with crm.session(Actor.system("import")) as s:
        s.accounts.create_many([{"name": "Uno"}, {"name": "Due"}])
        s.commit()
    with crm.session("anna") as s:
        assert list(s.scalars(select(Account.notes))) == ["vista", "vista"]


def test_a_rehearsal_refuses_what_a_commit_refuses_and_leaves_nothing(open_crm):
    crm = open_crm()
    with crm.session(Actor.system("import")) as s:
        made = s.accounts.create_many([{"name": "Uno"}])
        assert made.refused == {}
        s.rehearse()
        assert s.scalar(select(func.count()).select_from(Account)) == 0
        s.accounts.create_many([{"name": "Uno"}])
        s.commit()
        assert s.scalar(select(func.count()).select_from(Account)) == 1
        assert s.scalar(select(func.count()).select_from(AUDIT).where(AUDIT.c.entity == "account")) == 1
        assert s.scalar(select(func.count()).select_from(EVENT).where(EVENT.c.type == "account.created")) == 1
        assert s.scalar(select(func.count()).select_from(JOB)) == 0


@pytest.mark.feature("P2.3")
def test_rows_are_inserted_in_bulk_only_where_no_history_is_kept(open_crm):
    crm = open_crm()
    with crm.session(Actor.system("import")) as s:
        with pytest.raises(UsageError, match="DIRECT_WRITE_REFUSED"):
            s.insert(Profile, ("code", "label_it"), [("X", "X")])
        names = ("entity", "record_id", "key", "old", "new", "at", "actor", "source")
        s.insert(CharacteristicChange, names, [("account", 1, "k", 1, {"a": [2]}, s.now(), "x", "import")])
        s.commit()
        row = s.scalars(select(CharacteristicChange)).one()
        assert (row.new, row.version, row.created_by) == ({"a": [2]}, 1, "system:import")
