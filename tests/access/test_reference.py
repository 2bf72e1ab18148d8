"""Who sees what of one organisation: guards, questions about somebody and explanations say what plain Python says (I-27, I-28)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crmcore import Account, Actor
from crmcore.access import postgres
from crmcore.access.explain import Explainer
from crmcore.access.predicates import LiteralTerms, predicate
from crmcore.model import SavedSearch, Zone

from .world import DAY, FOLLOWED, SELLER_KEYS, USERS, expectations, fill, organisation_of, plain_database

pytestmark = pytest.mark.feature("I-27", "I-7", "I-28", "A03", "A04", "A05", "A06", "A09")


@pytest.fixture
def world(open_crm, leaky):
    crm = open_crm(leaky)
    with crm.engine.begin() as connection:
        fill(connection, leaky)
    return crm


def reaches(crm):
    organisation = organisation_of()
    with crm.engine.connect() as connection:
        return {login: crm.access.reach_in(organisation, login, DAY, connection) for login in USERS}


def guarded(crm, reach):
    """Return a connection on which a user works."""
    if crm.engine.dialect.name == "sqlite":
        return crm.access.guarded_engine(reach).connect()
    connection = crm.engine.connect()
    postgres.limit(connection, reach)
    return connection


def test_guards_show_what_the_rules_say(world, leaky):
    wrong = []
    for login, reach in reaches(world).items():
        if reach.blocked:
            continue
        with guarded(world, reach) as connection:
            for cls, (keys, sees) in expectations(leaky).items():
                if cls is leaky.LeakQueue:
                    continue  # of what is the system's, not even the question is answered
                found = set(connection.execute(select(cls.__table__.c.id).where(cls.__table__.c.id.in_(keys))).scalars())
                if found != {key for key in keys if sees(login, key)}:
                    wrong.append((login, cls.__name__, found))
    assert wrong == []


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_who_takes_the_guarded_role_and_says_not_for_whom_sees_nothing(world):
    reach = reaches(world)["all"]
    with world.engine.connect() as connection:
        for _ in range(2):
            connection.exec_driver_sql(f"SET LOCAL ROLE {postgres.ROLE}")
            assert connection.execute(select(Account.__table__.c.id)).all() == []
            connection.rollback()
            # Of settings that were there once, PostgreSQL leaves empty texts behind.
            postgres.limit(connection, reach)
            assert len(connection.execute(select(Account.__table__.c.id)).all()) > 1
            connection.rollback()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_questions_about_somebody_are_answered_as_the_guard_would(world, leaky):
    wrong = []
    with world.engine.connect() as connection:
        for login, reach in reaches(world).items():
            for cls in (Account, SavedSearch, Zone, leaky.LeakMemo, leaky.LeakNotice, leaky.LeakQueue):
                keys, sees = expectations(leaky)[cls]
                table = cls.__table__
                seen = predicate(cls, table.c, LiteralTerms(reach), {})
                assert (seen is None) is (cls is Zone)  # without any condition
                query = select(table.c.id).where(table.c.id.in_(keys))
                found = set(connection.execute(query if seen is None else query.where(seen)).scalars())
                if found != {key for key in keys if sees(login, key)}:
                    wrong.append((login, cls.__name__, found))
    assert wrong == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_follows_records_of_a_plugin_that_is_not_there_is_seen_only_by_who_works_on_it(world, leaky):
    reach = reaches(world)["private"]
    organisation, terms = organisation_of(), LiteralTerms(attrs.evolve(reach, login="lead", all=False, see_private=False))
    with world.session(Actor.system("look")) as session:

        def keys(cls, *parents):
            seen = predicate(cls, cls.__table__.c, terms, {parent.__tablename__: parent for parent in parents})
            return set(session.scalars(select(cls.__table__.c.id).where(seen)))

        assert (keys(leaky.LeakItem, Account), keys(leaky.LeakItem)) == (set(FOLLOWED), set())
        assert keys(leaky.LeakTask, Account, leaky.LeakHand) - keys(leaky.LeakTask, Account) == {7}
        assert keys(leaky.LeakTask, Account) - keys(leaky.LeakTask) == {10, 11, 13, 14}
        alone = SimpleNamespace(execute=session.execute, scalar=session.scalar, registry=SimpleNamespace(entities={}))
        explainer = Explainer(alone, organisation, DAY, dated=False)
        found = [explainer.explain(reach, "private", cls, 1, "read") for cls in (leaky.LeakItem, leaky.LeakPart)]
        assert [(each.granted, each.deciding.rule) for each in found] == [(False, "path"), (False, "path")]
        lead = explainer.explain(reaches(world)["lead"], "lead", leaky.LeakTask, 7, "read")
        assert (lead.granted, lead.deciding.rule) == (False, "private")


class Asked:
    """What is explained of one organisation, also were a user another."""

    def __init__(self, session):
        self.session = session
        self._explainers = {}

    def __call__(self, login, cls, key, verb="read", *, changed=None):
        known = login if changed is None else (login, str(changed))
        if known not in self._explainers:
            organisation = organisation_of(USERS if changed is None else {**USERS, login: changed})
            self._explainers[known] = Explainer(self.session, organisation, DAY, dated=False), organisation.reach(login, DAY)
        explainer, reach = self._explainers[known]
        return explainer.explain(reach, login, cls, key, verb)


@pytest.fixture
def asked(leaky):
    engine, entities = plain_database(leaky)
    with Session(engine) as orm:
        registry = SimpleNamespace(entities=entities)
        yield Asked(SimpleNamespace(orm=orm, execute=orm.execute, scalar=orm.scalar, scalars=orm.scalars, registry=registry))
    engine.dispose()


def records(leaky):
    for login in USERS:
        for cls, (keys, sees) in expectations(leaky).items():
            yield from ((login, cls, key, not USERS[login].blocked and sees(login, key)) for key in keys)


def given(user, missing):
    """Return a user who has what was missing; one without a profile gets one that grants as much."""
    kind, _, what = missing.partition(":")
    if user.functions is None:
        user = SimpleNamespace(**{**vars(user), "functions": ("*",), "scopes": ("all",)})
    changes = {
        "function": {"functions": (*user.functions, what)},
        "scope": {"own_scopes": (*user.own_scopes, what)},
        "see_private": {"sees_private": True},
        "active": {"blocked": False},
    }
    return SimpleNamespace(**{**vars(user), **changes[kind]})


def test_explanations_say_what_the_rules_say_and_what_they_name_as_missing_helps(asked, leaky):
    almighty = {"functions": ("*",), "scopes": ("all",), "sees_private": True, "blocked": False}
    wrong = []
    for login, cls, key, expected in records(leaky):
        found = asked(login, cls, key)
        if found.granted is not expected:
            wrong.append((login, cls.__name__, key, found.text("en")))
        if found.granted:
            assert found.missing == ()
            continue
        for each in found.missing:
            after = asked(login, cls, key, changed=given(USERS[login], each))
            if not after.granted and (after.deciding.rule, after.missing) == (found.deciding.rule, found.missing):
                wrong.append((login, cls.__name__, key, each, "does not help", found.text("en")))
        if not found.missing and asked(login, cls, key, changed=SimpleNamespace(**{**vars(USERS[login]), **almighty})).granted:
            wrong.append((login, cls.__name__, key, "is not told what would help", found.text("en")))
    assert wrong == []


def test_without_the_scopes_that_an_explanation_names_there_is_no_access(asked, leaky):
    wrong = []
    for login, cls, key, expected in records(leaky):
        user = USERS[login]
        named = asked(login, cls, key).grants
        assert bool(named) is expected
        scopes = {each.removeprefix("scope:") for each in named if each.startswith("scope:")}
        if not named or len(scopes) < len(named) or user.functions is None:
            continue
        less = {name: tuple(each for each in getattr(user, name) if each not in scopes) for name in ("scopes", "own_scopes")}
        if asked(login, cls, key, changed=SimpleNamespace(**{**vars(user), **less})).granted:
            wrong.append((login, cls.__name__, key, named))
    assert wrong == []


TOLD = (
    ("own", "account", 1),
    ("own", "account", 4),
    ("two", "account", 15),
    ("three", "account", 10),
    ("private", "account", 10),
    ("portfolio", "account", 16),
    ("unassigned", "account", 8),
    ("agency", "account", 7),
    ("owner", "account", 1),
    ("owner", "account", 12),
    ("past", "account", 1),
    ("nothing", "account", 1),
    ("blocked", "account", 1),
    ("stranger", "account", 1),
    ("own", "account", 999),
    ("own", "zone", 301),
    ("all", "leak.notice", 1),
    ("all", "leak.queue", 1),
    ("own", "leak.part", 1),
    ("no-customers", "leak.part", 1),
    ("free", "saved_search", 3),
    ("own", "saved_search", 2),
    ("boss", "saved_search", 3),
    ("lead", "leak.task", 7),
    ("lead", "leak.task", 3),
    ("boss", "leak.task", 16),
    ("own", "leak.task", 16),
    ("boss", "leak.task", 8),
    ("nothing", "leak.task", 3),
    ("nothing", "leak.task", 10),
    ("all", "leak.item", 99),
    ("lead", "account", 1, "delete"),
    ("lead", "zone", 301, "update"),
)


def test_explanations_read_so(asked, leaky):
    entities = {cls.entity_name(): cls for cls in expectations(leaky)}
    told = [asked(login, entities[entity], *more) for login, entity, *more in TOLD]
    found = "\n\n".join(
        f"{each.text()}\n{each.text('en')}\n{' '.join(step.rule for step in each.steps)} | {' '.join(each.grants) or '-'}" for each in told
    )
    assert found == (Path(__file__).parent / "explanations.txt").read_text(encoding="utf-8").rstrip("\n")
    assert {each.login: (each.entity, each.id, each.verb, each.day) for each in told[:1]} == {"own": ("account", 1, "read", DAY)}


def test_on_another_day_the_seller_of_that_day_counts(asked):
    organisation, later = organisation_of(), date(2026, 9, 1)
    sold = {(1, later): SELLER_KEYS["A2"], (4, later): None}
    asked.session.territory = SimpleNamespace(seller_of=lambda key, day: SimpleNamespace(seller_id=sold[key, day]))
    explainer = Explainer(asked.session, organisation, later, dated=True)

    def explain(login, key):
        found = explainer.explain(organisation.reach(login, later), login, Account, key, "read")
        assert found.day == later
        return found.granted, found.steps[-1].text.text("en"), found.missing

    assert explain("two", 1)[0] is True
    assert explain("own", 1) == (False, "scope own: seller in {A1}: account 1.seller=A2 → denied", ("scope:seller:A2", "scope:all"))
    assert explain("seller", 4) == (
        False,
        "scope seller:A4: seller in {A4}: account 4.seller=— → denied",
        ("scope:unassigned", "scope:all"),
    )
