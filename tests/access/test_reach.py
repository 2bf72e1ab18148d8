"""How far users reach: story S06, scopes of every kind, and what profiles grant (A03 to A08)."""

from __future__ import annotations

from datetime import date
from types import ModuleType

import pytest
from sqlalchemy import func, select

from crmcore import Account, Actor, PluginInfo, hookimpl
from crmcore.access.functions import part_of, reads_freely
from crmcore.errors import AccessDenied, RecordNotFound, UsageError, ValidationFailed
from crmcore.model import (
    AUDIT,
    ENTITIES,
    AccountPortfolio,
    BusinessUnit,
    GroupMember,
    Person,
    Portfolio,
    Profile,
    Salesperson,
    Site,
    User,
    UserGroup,
    Zone,
    ZoneRule,
)

FUNCTIONS = ["customers.*", "contacts.*", "searches.*"]
# Customers of story S06 by seller.
SELLERS = ["A1"] * 4 + ["A2"] * 3 + ["A3"] * 4 + [None]


def seller(s, code):
    return s.scalar(select(Salesperson).where(Salesperson.code == code))


@pytest.fixture
def firm(open_crm):
    """The sales force and the twelve customers of story S06: agents A1 to A3, Marco who manages A1 and A2, and an administrator."""
    crm = open_crm()
    with crm.session(Actor.system("setup")) as s:
        marco = s.add(Salesperson(code="MARCO", kind="agent", name="Marco"))
        s.flush()
        agents = {}
        for code in ("A1", "A2", "A3"):
            managed = marco.id if code != "A3" else None
            agents[code] = s.add(Salesperson(code=code, kind="agent", name=f"Agente {code}", manager_id=managed))
        s.flush()
        profile = s.add(Profile(code="AGENTE", label_it="Agente", functions=FUNCTIONS, scopes=[{"kind": "own"}]))
        area = s.add(Profile(code="CAPOAREA", label_it="Capo area", functions=FUNCTIONS, scopes=[{"kind": "subtree"}]))
        s.flush()
        s.add(User(login="admin", name="Amministratore"))
        for code, agent in agents.items():
            s.add(User(login=code.lower(), profile_id=profile.id, salesperson_id=agent.id))
        s.add(User(login="marco", profile_id=area.id, salesperson_id=marco.id))
        for number, code in enumerate(SELLERS, 1):
            options = {"seller_id": agents[code].id, "seller_source": "manual"} if code else {}
            s.add(Account(name=f"K{number:02}", phone1=f"+39 0424 {number:06}", **options))
        s.commit()
    return crm


def names(crm, login):
    with crm.session(login) as s:
        return {account.name for account in s.scalars(select(Account))}


def profile_of(crm, login, **changes):
    with crm.session(Actor.system("setup")) as s:
        user = s.scalar(select(User).where(User.login == login))
        profile = s.require(Profile, user.profile_id)
        for field, value in changes.items():
            setattr(profile, field, value)
        s.commit()


@pytest.mark.feature("S06", "A03", "A04", "I-27")
def test_each_sees_the_customers_of_the_story_however_they_are_asked_for(firm):
    for login, count in {"a1": 4, "a2": 3, "a3": 4, "marco": 7, "admin": 12}.items():
        with firm.session(login) as s:
            assert len(s.scalars(select(Account)).all()) == count
            assert s.scalar(select(func.count()).select_from(Account)) == count
            page = s.accounts.find(sort="name", count="exact")
            assert (len(list(page)), page.count.value) == (count, count)
            assert len(list(s.search.values("account", ["name"]))) == count
            assert len(s.search.text("K")) == count


@pytest.mark.feature("S06", "I-27")
def test_what_is_hidden_is_not_found_and_not_forbidden(firm):
    with firm.session("a1") as s:
        for key in (5, 999):
            with pytest.raises(RecordNotFound):
                s.require(Account, key)
        assert s.search.text("K05") == ()
        # The same while this session has the write lock, and then it is told with the commit.
        s.require(Account, 1).notes = "x"
        s.flush()
        with pytest.raises(RecordNotFound):
            s.require(Account, 6)
        s.commit()
        s.require(Account, 1).seller_id = seller(s, "A2").id
        with pytest.raises(AccessDenied):
            s.commit()
    with firm.engine.connect() as connection:
        told = connection.execute(select(AUDIT).where(AUDIT.c.verb == "refused").order_by(AUDIT.c.id)).all()
    assert [(row.actor, row.entity, row.entity_id, row.changes["code"][1], row.changes["verb"][1]) for row in told] == [
        ("a1", "account", 5, "ACCESS_DENIED", "read"),
        ("a1", "account", 6, "ACCESS_DENIED", "read"),
        ("a1", "account", 1, "ACCESS_DENIED", "write"),
    ]


@pytest.mark.feature("A06")
def test_until_there_is_a_user_everybody_does_everything(open_crm):
    crm = open_crm()
    with crm.session("anybody") as s:
        s.add(Account(name="K01"))
        s.commit()
        assert s.access.reach().open
        assert s.may("customers.delete")
        explained = s.access.explain("anybody", "account", 1)
        assert (explained.granted, explained.deciding.rule) == (True, "open")


@pytest.mark.feature("A06")
def test_a_user_without_a_profile_does_everything_and_sees_all_but_private_cards(firm):
    with firm.session(Actor.system("setup")) as s:
        account = s.require(Account, 5)
        account.owner, account.private = "a2", True
        s.commit()
    assert len(names(firm, "admin")) == 11
    with firm.session("admin") as s:
        assert s.may("anything.at.all")


@pytest.mark.feature("S06", "A09", "I-7", "B10")
def test_a_private_card_is_for_its_owner_and_who_may_see_private_ones(firm):
    with firm.session(Actor.system("setup")) as s:
        account = s.require(Account, 5)
        account.owner, account.private = "a2", True
        s.commit()
    assert {login: len(names(firm, login)) for login in ("a2", "marco", "a1")} == {"a2": 3, "marco": 6, "a1": 4}
    profile_of(firm, "marco", see_private=True)
    assert len(names(firm, "marco")) == 7


@pytest.mark.feature("A08", "I-26")
def test_a_blocked_user_is_refused_in_the_next_transaction_of_an_open_session(firm):
    with firm.session("a1") as open_session:
        assert len(open_session.scalars(select(Account)).all()) == 4
        open_session.commit()
        with firm.session("admin") as s:
            s.access.block("a1")
            s.commit()
        with pytest.raises(AccessDenied, match="USER_BLOCKED"):
            open_session.scalars(select(Account)).all()
        open_session.rollback()
        open_session.add(Account(name="Later"))
        with pytest.raises(AccessDenied, match="USER_BLOCKED"):
            open_session.commit()
    with firm.session("admin") as s:
        s.access.unblock("a1")
        s.commit()
    assert len(names(firm, "a1")) == 4


@pytest.mark.feature("A08")
def test_nobody_unknown_works_once_there_are_users(firm):
    with firm.session("stranger") as s, pytest.raises(AccessDenied, match="USER_UNKNOWN"):
        s.scalars(select(Account)).all()


@pytest.mark.feature("I-29")
def test_the_last_administrator_cannot_be_blocked_or_limited(firm):
    with firm.session("admin") as s:
        s.access.block("admin")
        with pytest.raises(ValidationFailed, match="LAST_ADMINISTRATOR"):
            s.commit()
        s.rollback()
        s.scalar(select(User).where(User.login == "admin")).profile_id = s.scalar(select(Profile.id))
        with pytest.raises(ValidationFailed, match="LAST_ADMINISTRATOR"):
            s.commit()


@pytest.mark.feature("A05", "A06")
def test_only_administrators_change_users_and_profiles(firm):
    profile_of(firm, "a1", functions=["*"])
    with firm.session("a1") as s:
        s.scalar(select(User).where(User.login == "a1")).profile_id = None
        with pytest.raises(ValidationFailed, match="ADMINISTRATOR_NEEDED"):
            s.commit()


@pytest.mark.feature("A05", "A06")
def test_a_function_that_the_profile_lacks_hides_the_rows_and_refuses_the_change(firm):
    profile_of(firm, "a1", functions=["customers.read"])
    with firm.session("a1") as s:
        assert not s.may("customers.update")
        account = s.require(Account, 1)
        account.notes = "x"
        with pytest.raises(ValidationFailed, match="FUNCTION_NOT_GRANTED"):
            s.commit()
    profile_of(firm, "a1", functions=["contacts.*"])
    assert names(firm, "a1") == set()


@pytest.mark.feature("A05")
def test_a_hidden_field_does_not_exist_for_lists_whoever_asked_before(firm):
    asked = {"field": "notes", "op": "is_null", "value": True}
    ways = (
        lambda s: s.search.values("account", ["name", "notes"]),
        lambda s: s.search.count("account", asked),
        lambda s: s.search.find("account", sort="notes"),
        lambda s: s.search.find("site", {"field": "account.notes", "op": "is_null", "value": True}),
    )

    def outcomes():
        found = []
        for way in ways:
            with firm.session("a1") as s:
                try:
                    way(s)
                    found.append("")
                except UsageError as error:
                    found.append(error.problems[0].code)
        return found

    before = outcomes()
    profile_of(firm, "a1", masks={"account": {"hidden": ["notes"]}})

    assert (before, outcomes()) == ([""] * 4, ["QUERY_FIELD"] * 4)


@pytest.mark.feature("A06")
def test_fields_that_the_mask_closes_are_not_written(firm):
    profile_of(firm, "a1", masks={"account": {"readonly": ["notes"], "hidden": ["web"]}})
    for field in ("notes", "web"):
        with firm.session("a1") as s:
            setattr(s.require(Account, 1), field, "x")
            with pytest.raises(ValidationFailed, match="FIELD_NOT_GRANTED"):
                s.commit()
    with firm.session("a1") as s:
        s.require(Account, 1).email = "k01@example.com"
        s.commit()


def deriving():
    """Return a plugin that writes the web address of accounts after their names."""
    made = ModuleType("derive")

    @hookimpl
    def crm_before_commit(session, changes):
        for change in changes:
            if change.entity == "account" and "name" in change.changes:
                change.record.web = f"https://example.com/{len(change.record.name)}"

    made.PLUGIN, made.crm_before_commit = PluginInfo(name="derive"), crm_before_commit
    return made


@pytest.mark.feature("A06")
def test_who_may_not_write_a_field_makes_records_without_it_and_plugins_write_it_all_the_same(open_crm):
    crm = open_crm(deriving())
    with crm.session(Actor.system("setup")) as s:
        mask = {"account": {"readonly": ["notes", "language"], "hidden": ["web", "private"]}}
        profile = s.add(Profile(code="P", label_it="P", functions=["*"], scopes=[{"kind": "all"}], masks=mask))
        s.flush()
        s.add(User(login="admin"))
        s.add(User(login="u", profile_id=profile.id))
        s.commit()
    with crm.session("u") as s:
        made = s.add(Account(name="Bellini"))
        s.commit()
        assert made.web == "https://example.com/7"
        made.name = "Bellini S.r.l."
        s.commit()
        assert made.web == "https://example.com/14"
    for field, value in (("notes", "x"), ("language", "de"), ("web", "https://example.com"), ("private", True)):
        with crm.session("u") as s:
            s.add(Account(name="Rossi", **{field: value}))
            with pytest.raises(ValidationFailed, match="FIELD_NOT_GRANTED"):
                s.commit()


@pytest.mark.feature("I-27")
def test_nothing_is_made_for_or_given_to_others_past_ones_scope(firm):
    with firm.session("a1") as s:
        s.add(Account(name="Of nobody"))
        with pytest.raises(AccessDenied, match="ACCESS_DENIED"):
            s.commit()
    with firm.session("a1") as s:
        s.require(Account, 1).seller_id = seller(s, "A2").id
        with pytest.raises(AccessDenied, match="ACCESS_DENIED"):
            s.commit()
    with firm.session("a1") as s:
        s.add(Person(account_id=5, last_name="Rossi"))
        with pytest.raises(AccessDenied, match="ACCESS_DENIED"):
            s.commit()
    with firm.session("a1") as s:
        s.add(Person(account_id=1, last_name="Rossi"))
        s.commit()
    with firm.session(Actor.system("look")) as s:
        assert [person.account_id for person in s.scalars(select(Person))] == [1]
        assert s.require(Account, 1).seller_id == seller(s, "A1").id


@pytest.mark.feature("I-27")
def test_a_record_that_is_hidden_is_not_changed_by_its_key(firm):
    with firm.session(Actor.system("x")) as system:
        smuggled = system.require(Account, 5)
        system.orm.expunge(smuggled)
    with firm.session("a1") as s:
        s.orm.add(smuggled)
        smuggled.notes = "mine"
        with pytest.raises(AccessDenied, match="ACCESS_DENIED"):
            s.commit()
    with firm.session("a1") as s:
        s.orm.add(smuggled)
        s.delete(smuggled)
        with pytest.raises(AccessDenied, match="ACCESS_DENIED"):
            s.commit()


@pytest.mark.feature("A03", "A04", "A06")
def test_each_kind_of_scope_takes_its_accounts_in(firm, frozen_clock):
    with firm.session(Actor.system("setup")) as s:
        s.require(Account, 2).owner = "a1"
        north = s.add(Zone(code="NORD", label_it="Nord"))
        s.flush()
        veneto = s.add(Zone(code="VENETO", label_it="Veneto", parent_id=north.id))
        s.flush()
        s.add(ZoneRule(zone_id=veneto.id, kind="postcode", first="36061"))
        s.flush()
        s.add(Site(account_id=6, postcode="36061", kind="operative"))
        unit = s.scalar(select(BusinessUnit))
        top = s.add(Portfolio(code="TOP", label_it="Top", business_unit_id=unit.id))
        s.flush()
        below = s.add(Portfolio(code="SUB", label_it="Sub", business_unit_id=unit.id, parent_id=top.id))
        s.flush()
        s.add(AccountPortfolio(account_id=7, business_unit_id=unit.id, portfolio_id=below.id))
        agency = s.add(Salesperson(code="AG", kind="agency", name="Agenzia"))
        s.flush()
        seller(s, "A1").agency_id = agency.id
        other = s.add(Salesperson(code="A4", kind="agent", name="A4", agency_id=agency.id))
        s.flush()
        s.add(Account(name="K13", seller_id=other.id, seller_source="manual"))
        s.commit()
    for scopes, expected in (
        ([{"kind": "all"}], 13),
        ([{"kind": "own"}], 4),
        ([{"kind": "seller", "target": "A2"}, {"kind": "seller", "target": "A3"}], 7),
        ([{"kind": "unassigned"}], 1),
        ([{"kind": "owner"}], 1),
        ([{"kind": "zone", "target": "NORD"}], 1),
        ([{"kind": "portfolio", "target": "TOP"}], 1),
        ([{"kind": "agency"}], 5),
        ([], 0),
        ([{"kind": "seller", "target": "A2", "to": "2026-01-31"}], 0),
        ([{"kind": "seller", "target": "A2", "from": "2026-01-31"}], 3),
    ):
        profile_of(firm, "a1", scopes=scopes)
        assert (scopes, len(names(firm, "a1"))) == (scopes, expected)


@pytest.mark.feature("G18", "A07")
def test_groups_of_a_user_are_those_of_the_database(firm):
    with firm.session(Actor.system("setup")) as s:
        group = s.add(UserGroup(code="BACKOFFICE", label_it="Back office"))
        s.flush()
        s.add(GroupMember(group_id=group.id, user_id=s.scalar(select(User.id).where(User.login == "a1"))))
        s.commit()
    with firm.session(Actor.user("a1", groups=["DIREZIONE"])) as s:
        assert s.groups() == {"BACKOFFICE"}


@pytest.mark.feature("A06")
def test_a_profile_that_makes_no_sense_is_refused(firm):
    for field, value, code in (
        ("scopes", [{"kind": "everything"}], "ACCESS_SCOPE_INVALID"),
        ("scopes", [{"kind": "seller", "target": "A9"}], "ACCESS_TARGET_UNKNOWN"),
        ("functions", ["custommers.read"], "ACCESS_FUNCTION_UNKNOWN"),
        ("masks", {"acount": {"hidden": []}}, "ACCESS_MASK_INVALID"),
    ):
        with pytest.raises(ValidationFailed, match=code):
            profile_of(firm, "a1", **{field: value})


@pytest.mark.feature("A04")
def test_supervisors_form_a_tree(firm):
    with firm.session("admin") as s:
        a1, a2 = (s.scalar(select(User).where(User.login == login)) for login in ("a1", "a2"))
        a1.supervisor_id, a2.supervisor_id = a2.id, a1.id
        with pytest.raises(ValidationFailed, match="SUPERVISOR_RING"):
            s.commit()


@pytest.mark.feature("I-27")
def test_every_entity_of_the_core_belongs_to_a_part_or_is_free_for_all():
    assert [
        cls.entity_name()
        for cls in ENTITIES
        if part_of(cls) == "configuration" and not reads_freely(cls) and cls.__visibility__.kind.value != "system"
    ] == []


@pytest.mark.feature("A02")
def test_a_transaction_asks_once_how_far_its_user_reaches(firm, monkeypatch):
    from psycopg import Connection
    from sqlalchemy import event

    asked, execute = [], Connection.execute
    monkeypatch.setattr(Connection, "execute", lambda self, query, *args: (asked.append(query), execute(self, query, *args))[1])
    for login in ("a1", "admin"):
        seen = []

        def note(_connection, _cursor, statement, *_, seen=seen):
            seen.append(statement)

        names(firm, login)
        asked.clear()
        event.listen(firm.engine, "before_cursor_execute", note)
        try:
            with firm.session(login) as s:
                s.scalars(select(Account)).all()
                s.scalars(select(Person)).all()
        finally:
            event.remove(firm.engine, "before_cursor_execute", note)
        if firm.engine.dialect.name == "postgresql":
            # With what limits the transaction in the same statement: nothing but that and the two questions.
            assert (len(asked), len(seen)) == (1, 2)
            assert firm.access.question in asked[0]
        else:
            assert not [statement for statement in seen if firm.access.question in statement]


@pytest.mark.feature("A03")
def test_dates_of_scopes_count_in_the_zone_of_the_deployment(firm, frozen_clock):
    assert firm.access.today() == frozen_clock.now().astimezone(firm.zone).date()
    assert isinstance(firm.access.today(), date)
