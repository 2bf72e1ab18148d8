"""The contact history: it only grows, and a page of it is one query."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from crmcore import Actor, CrmError, ValidationFailed
from crmcore.interactions.api import TimelineKey, last_contact_query, timeline_query
from crmcore.model import Interaction, InteractionKind

pytestmark = pytest.mark.feature("E01")

NOW = datetime(2026, 5, 11, 7, 0, tzinfo=UTC)


def refused(error):
    return [problem.code for problem in error.value.problems]


@pytest.fixture
def crm(open_crm):
    return open_crm()


@pytest.fixture
def account(crm):
    with crm.session("anna") as s:
        made = s.accounts.create(name="Bellini", people=[{"last_name": "Verdi", "first_name": "Luca"}])
        s.commit()
    return made.id


@pytest.mark.feature("E02", "E03")
def test_anybody_adds_any_kind_and_the_timeline_shows_it(crm, account, frozen_clock):
    with crm.session("anna") as s:
        assert {kind.label_it for kind in s.interactions.kinds()} == {
            "Visita",
            "Telefonata",
            "E-mail",
            "Nota",
            "Reclamo",
            "Richiesta",
            "Valutazione",
        }
        company = s.accounts.require(account)
        s.interactions.add(company, "visit", text="Prima visita", at=NOW - timedelta(days=3), direction="out", function="sales")
        s.commit()
    with crm.session("luca") as s:
        company = s.accounts.require(account)
        person = s.accounts.add_person(company, "Rossi")
        s.interactions.add(company, "complaint", subject="Ritardo", person=person, mark=2, function="administration")
        s.commit()
        page = s.interactions.timeline(company)
        assert [(e.kind, e.label, e.author, e.function, e.person, e.mark, e.at) for e in page] == [
            ("complaint", "Reclamo", "luca", "administration", "Rossi", 2, frozen_clock.now()),
            ("visit", "Visita", "anna", "sales", None, None, NOW - timedelta(days=3)),
        ]
        assert page.next is None
        assert s.interactions.timeline(company, lang="en").entries[0].label == "Complaint"


@pytest.mark.feature("E03")
def test_kinds_are_data(crm, account):
    with crm.session("anna") as s:
        s.add(InteractionKind(code="fair", label_it="Fiera"))
        s.scalar(select(InteractionKind).where(InteractionKind.code == "note")).obsolete = True
        s.commit()
        company = s.accounts.require(account)
        s.interactions.add(company, "fair")
        s.commit()
        for code, problem in (("note", "CODE_OBSOLETE"), ("fax", "CODE_UNKNOWN")):
            with pytest.raises(ValidationFailed, match=problem):
                s.interactions.add(company, code)
        assert "note" not in {kind.code for kind in s.interactions.kinds()}
        assert "note" in {kind.code for kind in s.interactions.kinds(obsolete=True)}


def test_a_mark_is_from_one_to_five_and_a_direction_one_of_three(crm, account):
    with crm.session("anna") as s:
        entry = s.interactions.add(s.accounts.require(account), "visit", mark=6, direction="back")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert [(problem.code, problem.params["field"]) for problem in error.value.problems] == [
            ("VALUE_INVALID", "direction"),
            ("VALUE_INVALID", "mark"),
        ]
        assert "un voto da 1 a 5" in error.value.text("it")
        entry = s.interactions.add(s.accounts.require(account), "visit", mark=5, direction="in")
        s.commit()
        with pytest.raises(ValidationFailed, match="a mark from 1 to 5"):
            s.interactions.correct(entry, mark=0)
            s.commit()


@pytest.mark.feature("I-70")
def test_an_entry_is_never_changed_or_deleted(crm, account):
    with crm.session("anna") as s:
        first = s.interactions.add(s.accounts.require(account), "note", text="a")
        second = s.interactions.add(s.accounts.require(account), "note", text="b")
        s.commit()
        keys = first.id, second.id
    for attempt in (
        lambda s: setattr(s.require(Interaction, keys[0]), "text", "other"),
        lambda s: setattr(s.require(Interaction, keys[0]), "at", NOW - timedelta(days=9)),
        lambda s: setattr(s.require(Interaction, keys[0]), "mark", 5),
        lambda s: setattr(s.require(Interaction, keys[0]), "current", False),
        lambda s: setattr(s.require(Interaction, keys[0]), "replaces_id", keys[1]),
        lambda s: s.delete(s.require(Interaction, keys[0])),
    ):
        with crm.session(Actor.system("anything")) as s:
            attempt(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert refused(error) == ["INTERACTION_FIXED"]
    with crm.session("anna") as s:
        assert [entry.text for entry in s.interactions.timeline(s.accounts.require(account))] == ["b", "a"]


@pytest.mark.feature("I-70")
def test_a_correction_is_a_new_version_and_the_old_one_stays(crm, account):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        first = s.interactions.add(company, "note", text="Sconto 10%", at=NOW - timedelta(days=2), subject="Sconto")
        s.commit()
    with crm.session("bruno") as s:
        second = s.interactions.correct(s.require(Interaction, first.id), text="Sconto 12%")
        s.commit()
        third = s.interactions.correct(second, kind="phone", mark=4)
        s.commit()
        page = s.interactions.timeline(s.accounts.require(account))
        assert [(e.id, e.kind, e.text, e.subject, e.author, e.number, e.at) for e in page] == [
            (third.id, "phone", "Sconto 12%", "Sconto", "bruno", 3, NOW - timedelta(days=2))
        ]
        assert [(v.number, v.text, v.author) for v in s.interactions.versions(third)] == [
            (1, "Sconto 10%", "anna"),
            (2, "Sconto 12%", "bruno"),
            (3, "Sconto 12%", "bruno"),
        ]
        with pytest.raises(ValidationFailed, match="INTERACTION_REPLACED"):
            s.interactions.correct(second, text="late")


@pytest.mark.feature("I-70")
def test_a_correction_in_the_commit_of_the_entry_itself(crm, account):
    with crm.session("anna") as s:
        first = s.interactions.add(s.accounts.require(account), "note", text="a")
        s.interactions.correct(first, text="b")
        s.commit()
        assert [entry.text for entry in s.interactions.timeline(s.accounts.require(account))] == ["b"]


@pytest.mark.feature("I-70")
def test_versions_cannot_be_forged(crm, account):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        other = s.accounts.create(name="Other")
        first = s.interactions.add(company, "note", text="a")
        s.commit()
        first_id, kind, other_id = first.id, first.kind_id, other.id

    def make(**values):
        return Interaction(**{"account_id": account, "kind_id": kind, "at": NOW, "author": "anna"} | values)

    def beside(s):
        made = make()
        made.replaces = s.require(Interaction, first_id)
        s.add(made)

    def by_id(s):
        s.require(Interaction, first_id).current = False
        s.add(make(replaces_id=first_id))

    def elsewhere(s):
        old = s.require(Interaction, first_id)
        made = make(account_id=other_id)
        made.replaces, old.current = old, False
        s.add(made)

    for attempt, code in ((beside, "INTERACTION_REPLACED"), (by_id, "INTERACTION_FIXED"), (elsewhere, "INTERACTION_FIXED")):
        with crm.session("anna") as s:
            attempt(s)
            with pytest.raises(ValidationFailed) as error:
                s.commit()
            assert set(refused(error)) == {code}
    with crm.session("anna") as s:
        made = s.add(make(number=7, current=False))
        s.commit()
        assert (made.number, made.current) == (1, True)


@pytest.mark.feature("I-70")
def test_of_two_who_correct_one_entry_one_wins(crm, account):
    with crm.session("anna") as s:
        key = s.interactions.add(s.accounts.require(account), "note", text="a")
        s.commit()
    barrier = threading.Barrier(2, timeout=30)
    answers = []

    def correct(login):
        with crm.session(login) as s:
            made = s.interactions.correct(s.require(Interaction, key.id), text=login)
            barrier.wait()
            try:
                s.commit()
                answers.append(made.text)
            except CrmError as error:
                answers.append(error.code)

    threads = [threading.Thread(target=correct, args=(login,)) for login in ("anna", "bruno")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({"anna", "bruno"} & set(answers)) == 1
    with crm.session("anna") as s:
        assert len(s.interactions.timeline(s.accounts.require(account))) == 1


@pytest.mark.feature("E02", "I-71")
def test_nobody_signs_for_somebody_else_but_imports_and_the_system(crm, account):
    with crm.session("anna") as s:
        s.interactions.add(s.accounts.require(account), "note", author="bruno")
        with pytest.raises(ValidationFailed) as error:
            s.commit()
        assert refused(error) == ["INTERACTION_AUTHOR"]
    with crm.session("anna", source="import:storico") as s:
        s.interactions.add(s.accounts.require(account), "note", author="bruno", at=NOW - timedelta(days=900))
        s.commit()
    with crm.session(Actor.system("erp")) as s:
        s.interactions.add(s.accounts.require(account), "note", author="carla")
        s.commit()


ENTRIES = st.lists(st.integers(0, 4), max_size=12)


@pytest.mark.feature("E04")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(minutes=ENTRIES, limit=st.integers(1, 5))
def test_pages_neither_repeat_nor_miss_an_entry(crm, account, minutes, limit):
    with crm.engine.begin() as connection:
        connection.execute(delete(Interaction))
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        for minute in minutes:
            s.interactions.add(company, "note", at=NOW - timedelta(minutes=minute))
        s.commit()
        whole = s.execute(select(Interaction.at, Interaction.id)).all()
        pages, before = [], None
        while True:
            page = s.interactions.timeline(company, before=before, limit=limit)
            pages.append([(entry.at, entry.id) for entry in page])
            before = page.next
            if before is None:
                break
            # What comes meanwhile is newer, and moves nothing.
            s.interactions.add(company, "note", at=NOW + timedelta(minutes=1))
            s.commit()
        assert [entry for page in pages for entry in page] == sorted((tuple(row) for row in whole), reverse=True)
        assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.feature("E04", "I-5")
def test_a_page_of_the_timeline_is_one_query(crm, account, count_statements):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        for number in range(30):
            s.interactions.add(company, "note", text=str(number), at=NOW - timedelta(minutes=number))
        s.commit()
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        with count_statements(crm) as statements:
            page = s.interactions.timeline(company, limit=10)
            assert len(statements) == 1
            s.interactions.timeline(company, before=page.next, limit=10)
        assert len(statements) == 2


def plan(crm, statement):
    with crm.engine.connect() as connection:
        compiled = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        if connection.dialect.name == "sqlite":
            return "\n".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
        connection.execute(text("SET enable_seqscan = off"))
        connection.execute(text("SET enable_bitmapscan = off"))
        return "\n".join(connection.execute(text(f"EXPLAIN {compiled}")).scalars())


@pytest.mark.feature("E04")
@pytest.mark.parametrize("before", [None, TimelineKey(NOW, 70)])
def test_the_timeline_is_read_in_order_from_its_index(crm, account, before):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        for number in range(100):
            s.interactions.add(company, "note", at=NOW - timedelta(minutes=number))
        s.commit()
    found = plan(crm, timeline_query(account, before, 51))
    assert "ix_interaction_account_id_current_at_id" in found
    assert "Sort" not in found
    assert "TEMP B-TREE" not in found
    if before is not None and "SEARCH" in found:
        # The page begins where the last one ended: what is newer is not read again.
        assert "at<" in found.replace(" ", "") or "(at,id)<" in found.replace(" ", "")


@pytest.mark.feature("E04")
def test_the_last_contact_of_many_accounts_is_one_query(crm, account, count_statements):
    with crm.session("anna") as s:
        accounts = [s.accounts.create(name=f"A{number}") for number in range(5)]
        s.commit()
        for number, company in enumerate(accounts[:3]):
            for day in (1, 4, 9):
                s.interactions.add(company, "phone", at=NOW - timedelta(days=day + number))
            s.interactions.add(company, "note", at=NOW)
        entry = s.interactions.add(accounts[3], "visit", at=NOW)
        s.interactions.add(accounts[4], "note", at=NOW)
        s.commit()
        s.interactions.correct(entry, at=NOW - timedelta(days=30))
        s.commit()
        ids = [company.id for company in accounts]
        with count_statements(crm) as statements:
            found = s.interactions.last_contacts(ids)
        assert len([each for each in statements if each != "BEGIN"]) == 1
        assert found == {
            ids[0]: NOW - timedelta(days=1),
            ids[1]: NOW - timedelta(days=2),
            ids[2]: NOW - timedelta(days=3),
            ids[3]: NOW - timedelta(days=30),
        }
        assert s.interactions.last_contacts([]) == {}
    found = plan(crm, last_contact_query().where(Interaction.account_id.in_(ids)))
    assert "ix_interaction_account_id_current_at_id" in found


def test_adding_an_entry_takes_few_statements(crm, account, count_statements):
    with crm.session("anna") as s:
        company = s.accounts.require(account)
        with count_statements(crm) as statements:
            s.interactions.add(company, "note", text="x")
            s.commit()
    # Its kind, the entry, whether the account was merged meanwhile, history and event; and the transaction itself.
    written = [each for each in statements if not each.startswith(("BEGIN", "COMMIT"))]
    assert len(written) <= 7, "\n".join(written)
