"""Who feeds the CRM: the numbers of story S15, what never counts, and through which index it is asked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from crmcore import Account, Actor, CharacteristicDef, ContributionKind, Label
from crmcore.changesets import Planned
from crmcore.errors import StartError, UsageError
from crmcore.model import AUDIT, Profile, Salesperson, User
from crmcore.monitoring import Diligence, bars, svg
from crmcore.monitoring.counting import Period, counts
from crmcore.monitoring.kinds import CORE_CONTRIBUTIONS
from crmcore.testing import make_plugin

pytestmark = [pytest.mark.feature("A11", "E02", "I-71")]
SELLERS = ("A1", "A2", "A3")
SETTINGS = {"core": {"required_account_fields": ["name"], "monitoring": {"expected": 10}}}


@pytest.fixture
def firm(open_crm, frozen_clock):
    """The users of story S15, and four, three and four accounts of the agents."""
    crm = open_crm(clock=frozen_clock, settings=SETTINGS)
    with crm.session(Actor.system("setup")) as s:
        profile = s.add(Profile(code="AGENTE", label_it="Agente", functions=["customers.*", "contacts.*"], scopes=[{"kind": "own"}]))
        sellers = [s.add(Salesperson(code=code, kind="agent", name=code)) for code in SELLERS]
        s.flush()
        for login in ("administration", "back.office"):
            s.add(User(login=login, name=login.title()))
        for seller in sellers:
            s.add(User(login=seller.code.lower(), name=seller.name, profile_id=profile.id, salesperson_id=seller.id))
        for seller, count in zip(sellers, (4, 3, 4), strict=True):
            for number in range(count):
                s.add(Account(name=f"{seller.code}-{number}", seller_id=seller.id, seller_source="manual"))
        s.commit()
    return crm


def contribute(crm, login, count, keys, *, source="ui"):
    """Write as somebody about accounts in turn."""
    with crm.session(login, source=source) as s:
        for number in range(count):
            s.interactions.add(s.require(Account, keys[number % len(keys)]), "visit", text=f"{number}")
            s.commit()


def of_story(crm):
    # A2 also visits one more account than those that count: it is the same one twice.
    for login, count, keys in (("a1", 22, [1, 2, 3]), ("a2", 3, [5]), ("back.office", 41, [1, 8]), ("administration", 7, [9])):
        contribute(crm, login, count, keys)
    # The ERP writes 118 records for A3, half of them in the name of A3.
    contribute(crm, Actor.system("erp"), 59, [8, 9], source="erp:onda")
    contribute(crm, "a3", 59, [8, 9], source="erp:onda")


@pytest.mark.feature("S15")
def test_the_numbers_of_the_story(firm, frozen_clock):
    of_story(firm)
    frozen_clock.advance(timedelta(days=29))
    with firm.session("administration") as s:
        found = s.monitoring.contributions()
    assert (found.first, found.last) == (date(2026, 5, 11), date(2026, 6, 9))
    assert [(row.login, row.total, row.expected, row.diligence.value) for row in found.rows] == [
        ("back.office", 41, 10, "ok"),
        ("a1", 22, 10, "ok"),
        ("administration", 7, 10, "poor"),
        ("a2", 3, 10, "poor"),
        ("a3", 0, 10, "inactive"),
    ]
    assert [found.count(each) for each in Diligence] == [2, 2, 1]
    assert [row.login for row in found.missing()] == ["a3", "a2", "administration"]
    touched = {row.login: (row.touched, row.assigned, row.share) for row in found.rows}
    assert {login: touched[login] for login in ("a1", "a2", "a3")} == {
        "a1": (3, 4, Decimal("75.00")),
        "a2": (1, 3, Decimal("33.33")),
        "a3": (0, 4, Decimal("0.00")),
    }
    assert touched["administration"] == (0, 0, None)
    assert found.rows[1].last_at == frozen_clock.now() - timedelta(days=29)
    # A day later the first day is over.
    with firm.session("administration") as s:
        later = s.monitoring.contributions(date(2026, 5, 12), date(2026, 6, 10))
        assert [(row.total, row.diligence) for row in later.rows] == [(0, Diligence.INACTIVE)] * 5
        with pytest.raises(UsageError, match="PERIOD_INVALID"):
            s.monitoring.contributions(date(2026, 6, 2), date(2026, 6, 1))


@pytest.mark.feature("A10")
def test_who_is_no_administrator_sees_oneself_and_whom_one_supervises(firm):
    with firm.session(Actor.system("setup")) as s:
        users = {user.login: user for user in s.scalars(select(User))}
        users["a2"].supervisor_id = users["a1"].id
        s.commit()
    for login, seen in {"a1": ["a1", "a2"], "a3": ["a3"], "back.office": ["a1", "a2", "a3", "administration", "back.office"]}.items():
        with firm.session(login) as s:
            assert [row.login for row in s.monitoring.contributions().rows] == seen


def test_each_kind_is_counted_and_machines_never_are(firm, frozen_clock):
    with firm.session("a1", source="ui") as s:
        account = s.require(Account, 1)
        account.notes = "x"
        s.interactions.add(account, "visit", text="x")
        s.accounts.add_person(account, last_name="Verdi")
        s.commit()
    with firm.session("back.office") as s:
        s.accounts.create(name="Rossi")
        s.commit()
    for source in ("import", "import:fiera", "rule:sconti", "job:core.x", "event:italy.y", "sync:caldav"):
        contribute(firm, "a1", 1, [1], source=source)
    with firm.session("administration") as s:
        kinds = {row.login: row.kinds for row in s.monitoring.contributions().rows if row.kinds}
    assert kinds == {"a1": {"core.updates": 1, "core.contacts": 1, "core.people": 1}, "back.office": {"core.accounts": 1}}


def test_a_mass_change_is_no_hundred_contributions(open_crm):
    crm = open_crm(make_plugin("toy", crm_characteristics=[CharacteristicDef(key="toy_size", label=Label("M", "S"), type="integer")]))
    with crm.session(Actor.system("setup")) as s:
        s.add(User(login="anna"))
        accounts = [s.add(Account(name=f"K{number}", owner="anna")) for number in range(5)]
        s.commit()
    with crm.session("anna") as s:
        made = s.changesets.preview("characteristics", [Planned(account.id, "toy_size", 7) for account in accounts])
        s.commit()
        assert s.changesets.confirm(made.token).records == 5
        s.commit()
        s.require(Account, accounts[0].id).notes = "x"
        s.commit()
        [row] = s.monitoring.contributions().rows
    assert (row.kinds, row.touched, row.assigned) == ({"core.updates": 1}, 1, 5)


def test_what_is_expected_follows_the_profile_and_the_days(open_crm, frozen_clock):
    crm = open_crm(clock=frozen_clock, settings={"core": {"monitoring": {"expected": 10, "profiles": {"AGENTE": 30, "OSPITE": 0}}}})
    with crm.session(Actor.system("setup")) as s:
        for code in ("AGENTE", "OSPITE"):
            profile = s.add(Profile(code=code, label_it=code, functions=["customers.*"], scopes=[]))
            s.flush()
            s.add(User(login=code.lower(), profile_id=profile.id))
        s.add(User(login="admin"))
        s.add(User(login="gone", status="blocked"))
        s.commit()
    with crm.session("admin") as s:
        found = s.monitoring.contributions(date(2026, 5, 1), date(2026, 5, 7)).rows
    assert {row.login: (row.expected, row.diligence.value) for row in found} == {
        "admin": (3, "inactive"),
        "agente": (7, "inactive"),
        "ospite": (0, "ok"),
    }


def test_bars_and_picture(firm):
    of_story(firm)
    with firm.session("administration") as s:
        found = s.monitoring.contributions()
    assert bars(found, 10) == [
        "back.office     ██████████  41/10",
        "a1              █████▎      22/10",
        "administration  █▋          7/10",
        "a2              ▋           3/10",
        "a3                          0/10",
    ]
    picture = ET.fromstring(svg(found))
    space = "{http://www.w3.org/2000/svg}"
    assert [(bar.get("width"), bar.get("fill")) for bar in picture.iter(f"{space}rect")] == [
        ("400", "#2e7d32"),
        ("214", "#2e7d32"),
        ("68", "#f9a825"),
        ("29", "#f9a825"),
        ("0", "#c62828"),
    ]


def test_the_days_are_those_of_the_deployment(firm, frozen_clock):
    # Half an hour before midnight in Rome, which is the day before in UTC.
    night = datetime(2026, 5, 13, 0, 30, tzinfo=ZoneInfo("Europe/Rome"))
    frozen_clock.advance(night - frozen_clock.now())
    contribute(firm, "a1", 1, [1])
    with firm.session("administration") as s:
        for day, total in ((date(2026, 5, 12), 0), (date(2026, 5, 13), 1), (date(2026, 5, 14), 0)):
            assert sum(row.total for row in s.monitoring.contributions(day, day).rows) == total


def test_a_plugin_declares_what_counts(open_crm, frozen_clock):
    sold = ContributionKind(name="shop.roles", label=Label("Ruoli", "Roles"), entity="account_role")
    crm = open_crm(make_plugin("shop", crm_contributions=[sold]), clock=frozen_clock)
    with crm.session(Actor.system("setup")) as s:
        s.add(User(login="anna"))
        s.commit()
    with crm.session("anna") as s:
        account = s.accounts.create(name="Rossi")
        s.accounts.add_role(account, "supplier")
        s.commit()
        [row] = s.monitoring.contributions().rows
    assert row.kinds == {"core.accounts": 1, "shop.roles": 1}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ({"name": "shop.a", "entity": "nothing"}, "CONTRIBUTION_INVALID"),
        ({"name": "shop.a", "entity": "change_set_item"}, "CONTRIBUTION_INVALID"),
        ({"name": "shop.a", "entity": "account", "verbs": ("read",)}, "CONTRIBUTION_INVALID"),
        ({"name": "shop.a", "entity": "person", "account": "customer_id"}, "CONTRIBUTION_INVALID"),
        ({"name": "a", "entity": "person"}, "NAME_INVALID"),
    ],
)
def test_a_kind_that_is_not_sound_stops_the_start(open_crm, kind, code):
    with pytest.raises(StartError) as refused:
        open_crm(make_plugin("shop", crm_contributions=[ContributionKind(label=Label("A", "A"), **kind)]))
    assert [problem.code for problem in refused.value.problems] == [code]


def test_one_period_of_some_people_is_read_through_its_index(firm, frozen_clock):
    with firm.engine.begin() as connection:
        contribute(firm, "a1", 2, [1])
        connection.execute(text(crowd(connection.dialect.name)))
        connection.execute(text("ANALYZE crm_audit"))
        assert connection.execute(select(func.count()).select_from(AUDIT)).scalar() > 20_000
    kinds = {kind.name: kind for kind in CORE_CONTRIBUTIONS}
    asked = []
    with firm.engine.connect() as connection:
        recorded = Recorder(connection, asked)
        counts(recorded, kinds, ["a1", "a2"], Period(frozen_clock.now() - timedelta(days=1), frozen_clock.now()))
        [statement] = asked
        compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        prefix = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{prefix} {compiled}".replace("%", "%%")))
    assert "ix_crm_audit_actor_at" in plan
    assert [line for line in plan.splitlines() if "SCAN crm_audit" in line or "Seq Scan" in line] == []


class Recorder:
    """A connection that notes what is asked of it."""

    def __init__(self, connection, asked):
        self._connection, self._asked = connection, asked

    def execute(self, statement):
        self._asked.append(statement)
        return self._connection.execute(statement)


def crowd(dialect):
    """Return the statement that writes the contributions of a year of ten people."""
    columns = "at, actor, source, correlation_id, entity, entity_id, verb, changes"
    if dialect == "postgresql":
        return (
            f"INSERT INTO crm_audit ({columns}) SELECT timestamptz '2025-05-01' + n * interval '26 minutes', 'u' || (n % 10), 'ui', "
            "gen_random_uuid(), 'interaction', n, 'created', '{}' FROM generate_series(1, 20000) n"
        )
    return (
        f"INSERT INTO crm_audit ({columns}) WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20000) "
        "SELECT datetime('2025-05-01', '+' || (n * 26) || ' minutes') || '.000000', 'u' || (n % 10), 'ui', "
        "printf('%032x', n), 'interaction', n, 'created', '{}' FROM s"
    )
