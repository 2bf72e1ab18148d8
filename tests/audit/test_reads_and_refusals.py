"""Reads of sensitive records and refusals are in the audit, also when nothing is ever committed, and do not fill the disk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from crmcore import Account, Actor
from crmcore.errors import AccessDenied, RecordNotFound, ValidationFailed
from crmcore.model import AUDIT, Interaction, Profile, Salesperson, User
from crmcore.model.sensitive import watch_reads

pytestmark = pytest.mark.feature("A09", "I-7", "I-27", "A05", "A06", "A08")


@pytest.fixture
def firm(open_crm, frozen_clock):
    """Anna with two private cards and one that is not, Bruno with none, and an administrator."""
    crm = open_crm(clock=frozen_clock)
    with crm.session(Actor.system("setup")) as s:
        masks = {"account": {"readonly": ["vat_code"]}}
        profile = s.add(
            Profile(
                code="AGENTE", label_it="Agente", functions=["customers.read", "customers.update"], scopes=[{"kind": "own"}], masks=masks
            )
        )
        seller = s.add(Salesperson(code="A1", kind="agent", name="A1"))
        s.add(Salesperson(code="A2", kind="agent", name="A2"))
        s.flush()
        s.add(User(login="admin"))
        s.add(User(login="anna", profile_id=profile.id, salesperson_id=seller.id))
        s.add(User(login="bruno", profile_id=profile.id, salesperson_id=seller.id))
        for number, private in enumerate((True, False, True), 1):
            s.add(Account(name=f"K{number}", owner="anna", private=private, seller_id=seller.id, seller_source="manual"))
        s.commit()
    return crm


def told(crm, verb, *, actor=None):
    query = select(AUDIT).where(AUDIT.c.verb == verb).order_by(AUDIT.c.id)
    with crm.engine.connect() as connection:
        return [row for row in connection.execute(query) if actor in {None, row.actor}]


def reads(crm):
    return [(row.actor, row.entity, row.entity_id) for row in told(crm, "read")]


CHANNELS = {
    "get": lambda s: [s.get(Account, key) for key in (1, 2, 3)],
    "list": lambda s: s.scalars(select(Account)).all(),
    "page": lambda s: list(s.accounts.find(sort="name")),
    "values": lambda s: list(s.search.values("account", ["name"], sort="name")),
    "text": lambda s: s.search.text("K"),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_reading_a_private_card_is_told_once_for_each_session_although_nothing_is_committed(firm, channel):
    with firm.session("anna") as s:
        CHANNELS[channel](s)
        CHANNELS[channel](s)
        assert reads(firm) == []
    assert sorted(reads(firm)) == [("anna", "account", 1), ("anna", "account", 3)]
    # Whoever does not see them, the system, and what is not sensitive leave nothing.
    for actor in ("bruno", Actor.system("report")):
        with firm.session(actor) as s:
            CHANNELS[channel](s)
    with firm.session("anna") as s:
        s.get(Account, 2)
    assert len(reads(firm)) == 2


def test_what_the_platform_reads_for_its_own_checks_is_not_the_users_reading(firm):
    with firm.session("anna") as s:
        s.accounts.find(filter={"field": "name", "op": "eq", "value": "K2"}).items[0].notes = "x"
        s.commit()
    assert reads(firm) == []
    # With a commit, and with one that fails.
    with firm.session("anna") as s:
        s.require(Account, 1).notes = "x"
        s.commit()
        s.require(Account, 3).name = ""
        with pytest.raises(ValidationFailed):
            s.commit()
    assert reads(firm) == [("anna", "account", 1), ("anna", "account", 3)]


def test_many_reads_are_written_in_few_statements(open_crm):
    crm = open_crm()
    with crm.session(Actor.system("setup")) as s:
        for number in range(1_200):
            s.add(Account(name=f"K{number}", private=True))
        s.commit()
    with crm.session("anna") as s:
        assert len(s.scalars(select(Account)).all()) == 1_200
        # What waits is bounded: the rest is written when the session ends.
        assert len(reads(crm)) == 1_000
    assert len(reads(crm)) == 1_200


def test_an_entity_may_be_sensitive_as_a_whole(monkeypatch, open_crm):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "access" / "support")
    import crm_leak
    from crm_leak.model import LeakMemo

    crm = open_crm(crm_leak)
    with crm.session(Actor.system("setup")) as s:
        s.add(LeakMemo(author="anna", text="x"))
        s.commit()
    for read in (lambda s: s.get(LeakMemo, 1), lambda s: list(s.search.values("leak.memo", ["text"]))):
        with crm.session("anna") as s:
            read(s)
    assert reads(crm) == [("anna", "leak.memo", 1)] * 2


def test_a_flag_that_is_no_column_is_refused():
    class Wrong:
        __sensitive__ = "secret"
        __tablename__ = "wrong"
        __table__ = Account.__table__

    with pytest.raises(TypeError, match="names 'secret', which is no column of wrong"):
        watch_reads(Wrong)


@pytest.mark.parametrize("hosted", [False, True])
def test_refusals_by_scope_function_and_field_are_told_once_for_each_session(firm, hosted):
    if hosted and firm.engine.dialect.name == "sqlite":
        return  # limited users do not work on a host's connection there
    with firm.engine.connect() as connection, connection.begin(), firm.session("anna", connection=connection if hosted else None) as s:
        for _ in range(3):
            with pytest.raises(RecordNotFound):
                s.require(Account, 99)
            s.add(Account(name="K4"))
            with pytest.raises(ValidationFailed, match="FUNCTION_NOT_GRANTED"):
                s.commit()
            s.require(Account, 2).vat_code = "00000029991"
            with pytest.raises(ValidationFailed, match="FIELD_NOT_GRANTED"):
                s.commit()
            with pytest.raises(ValidationFailed):
                s.guard.require(Interaction, ["text"])
        with pytest.raises(AccessDenied):
            s.require(Account, 2).seller_id = s.scalar(select(Salesperson.id).where(Salesperson.code == "A2"))
            s.commit()
    found = [(row.entity, row.entity_id, *(pair[1] for pair in row.changes.values())) for row in told(firm, "refused", actor="anna")]
    assert found == [
        ("account", 0, "FUNCTION_NOT_GRANTED", "customers.create"),
        ("account", 2, "FIELD_NOT_GRANTED", "vat_code"),
        ("interaction", 0, "FUNCTION_NOT_GRANTED", "contacts.update"),
        ("account", 2, "ACCESS_DENIED", "write"),
    ]


def test_who_is_blocked_and_goes_on_is_told_a_hundred_times_and_not_for_ever(firm, frozen_clock):
    with firm.session("admin") as s:
        s.access.block("anna")
        s.commit()

    def knock():
        with firm.session("anna") as s:
            for _ in range(2):
                with pytest.raises(AccessDenied, match="USER_BLOCKED"):
                    s.get(Account, 1)

    knock()
    [row] = told(firm, "refused")
    assert (row.actor, row.entity, row.changes) == ("anna", "crm_user", {"code": [None, "USER_BLOCKED"]})
    with firm.session(Actor.system("test")) as s:
        assert s.scalar(select(User.login).where(User.id == row.entity_id)) == "anna"
    for _ in range(120):
        knock()
    assert len(told(firm, "refused")) == 100
    frozen_clock.advance(timedelta(minutes=15))
    knock()
    assert len(told(firm, "refused")) == 101


@pytest.mark.feature("A08", "I-26")
def test_who_is_blocked_and_comes_in_by_a_host_is_told_when_the_host_commits(firm):
    with firm.session("admin") as s:
        s.access.block("anna")
        s.commit()
    for commits in (False, True):
        with firm.engine.connect() as host, host.begin() as transaction:
            with firm.session("anna", connection=host) as s, pytest.raises(AccessDenied, match="USER_BLOCKED"):
                s.get(Account, 1)
            if not commits:
                transaction.rollback()
    [row] = told(firm, "refused")
    assert (row.actor, row.changes) == ("anna", {"code": [None, "USER_BLOCKED"]})


@pytest.mark.feature("A01", "A02")
def test_who_cannot_sign_in_is_told_and_what_was_typed_is_not(firm):
    for login, password in (("anna", "wrong"), ("a password in the wrong field", "x")):
        with pytest.raises(AccessDenied):
            firm.signin.open(login, password)
    rows = told(firm, "refused")
    assert [(row.actor, row.changes["login"][1]) for row in rows] == [("system:signin", "anna"), ("system:signin", None)]
    assert (rows[0].entity_id > 0, rows[1].entity_id) == (True, 0)
