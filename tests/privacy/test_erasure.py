"""Nothing of who was erased is left anywhere, what the law wants is, and nobody else loses anything (S18, GDPR art. 17)."""

from __future__ import annotations

import logging
import os
import signal
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from crmcore import Account
from crmcore.errors import AccessDenied, UsageError, ValidationFailed
from crmcore.model import EVENT, ChangeSet, ContactPoint, Person, Profile, SavedSearch, User
from crmcore.privacy import scrub
from tests.processes import fork, wait_for

from .conftest import SETUP, Nest, places, plant, tables_of, tells

pytestmark = pytest.mark.feature("S18", "A12")


def settle(crm, nest, **fields):
    """Make an account with a person through the API, so that history, events and search know it, and plant canaries all around."""
    with crm.session(SETUP) as s:
        account = s.accounts.create(
            name=f"{nest.text()} {nest.text()}",
            phone1=nest.phone(),
            email=f"{nest.text()}@example.com",
            kind="retail",
            notes=nest.text(),
            people=[{"last_name": nest.text(), "first_name": nest.text(), "phone": nest.phone()}],
            contact_points=[{"kind": "email", "value": f"{nest.text()}@example.com"}],
            characteristics={"canary_hobby": nest.text(), "canary_sector": "metal"},
            **fields,
        )
        s.commit()
        point = s.scalar(select(ContactPoint).where(ContactPoint.account_id == account.id, ContactPoint.kind == "email"))
        person = s.scalar(select(Person).where(Person.account_id == account.id))
        account.notes = nest.text()
        account.set_characteristic("canary_hobby", nest.text())
        s.delete(point)
        s.commit()
        s.add(SavedSearch(owner="anna", name=f"like {account.name}", entity="account", filter={"phone1": account.phone1}))
        s.add(ChangeSet(kind="characteristics", owner="anna", description={"phone1": account.phone1}))
        s.jobs.enqueue("core.prune", {"whom": account.email})
        from crm_canary.model import Told

        s.publish(Told(account_id=account.id, text=nest.text(), note=f"call {account.phone1}"))
        s.commit()
        return {Account: account.id, Person: person.id}


@pytest.fixture
def two(crm):
    """Two people who are alike in everything but who they are."""
    nests = Nest("Zq9w", "Hj4p"), Nest("Xk7v", "Wm2d")
    return crm, [(nest, plant(crm, nest, settle(crm, nest))) for nest in nests]


def test_no_canary_is_left_in_any_table_or_file_or_log_and_nobody_else_loses_anything(two, caplog):
    crm, [(nest, keys), (other, _)] = two
    caplog.set_level(logging.DEBUG, logger="crmcore")
    before = tables_of(crm)
    planted = {cls.__tablename__ for cls in keys if cls.__personal__}
    assert planted == {cls.__tablename__ for cls in crm.registry.entities.values() if cls in keys and cls.__personal__}
    assert {"account", "interaction", "consent", "canary_sheet", "canary_page", "canary_tag", "canary_stamp", "state_change"} <= planted
    with crm.session(SETUP) as s:
        done = s.privacy.erase(s.require(Account, keys[Account][0]), reason="request of 11 May")
        s.commit()
    assert scrub(crm).done
    assert places(crm, nest.marks) == set()
    # The server keeps no statistics of a column in so few rows; a file holds what its tables hold.
    assert {name for name in places(crm, {f"{nest.kept.lower()}-"}) if name in before} == {"canary_bill", "external_key"}
    assert not tells(caplog.text, nest.marks)
    after = tables_of(crm)
    assert places(crm, other.marks) >= {name for name, rows in before.items() if any(tells(row, other.marks) for row in rows)}
    # The history of a characteristic goes as a whole, also of one that is not personal: it has no canary to be known by.
    # The mark of the suppression list changes, because that has a key from now on.
    mine = nest.marks | {nest.kept.lower(), "'account', 1, 'canary_sector'", "'suppression', 0"}
    for name, rows in before.items():
        assert {row for row in rows if not tells(row, mine)} <= set(after[name]), name
        assert len(after[name]) >= len(rows), name
    kept = {table.entity: table for table in done.tables if table.kept}
    assert {name: (table.kept, table.keeps) for name, table in kept.items()} == {
        "canary.bill": (1, ("holder",)),
        "external_key": (1, ("key",)),
    }
    assert kept["canary.bill"].until.isoformat() == "2036-05-11"
    assert done.due == kept["canary.bill"].until


@pytest.mark.feature("I-19", "I-71")
def test_journals_of_merges_keep_nothing_of_who_was_erased_and_the_audit_still_holds(crm):
    nest, other = Nest("Zq9w"), Nest("Xk7v")
    kept = []
    for each in (nest, other):
        keys = []
        for number in (1, 2):
            with crm.session(SETUP) as s:
                mail = {"kind": "email", "value": "same@example.com"}
                made = s.accounts.create(name=each.text(), phone1=each.phone(), notes=each.text(), contact_points=[mail])
                s.commit()
                keys.append(made.id)
                if number > 1:
                    s.accounts.relate("partner", made, s.require(Account, keys[0]), notes=each.text())
                s.commit()
        with crm.session(SETUP) as s:
            merged = s.merges.merge(keys[0], keys[1:], reason="one and the same")
            s.commit()
            kept.append((keys[0], merged.id))
    with crm.session(SETUP) as s:
        s.audit.seal()
        s.commit()
        head = s.audit.verify().heads
    assert "crm_merge_row" in places(crm, nest.marks)
    with crm.session(SETUP) as s:
        s.privacy.erase(s.require(Account, kept[0][0]), reason="request")
        s.commit()
        s.audit.seal()
        s.commit()
    assert scrub(crm).done
    assert places(crm, nest.marks) == set()
    assert "crm_merge_row" in places(crm, other.marks)
    with crm.session(SETUP) as s:
        verdict = s.audit.verify(head)
        assert verdict.sound, verdict.findings
        assert verdict.redacted > 0
        with pytest.raises(UsageError, match="MERGE_FORGOTTEN"):
            s.merges.undo(kept[0][1])
        s.merges.undo(kept[1][1])


def test_what_is_not_committed_never_happened_and_a_killed_erasure_neither(two):
    crm, [(_nest, keys), _] = two
    before = tables_of(crm)

    def die_while_erasing():
        crm.engine.dispose(close=False)
        with crm.session(SETUP) as s:
            s.privacy.erase(s.require(Account, keys[Account][0]), reason="request")
            s.unit.finishers.append(lambda _: os.kill(os.getpid(), signal.SIGKILL))
            s.commit()

    with crm.session(SETUP) as s:
        s.privacy.erase(s.require(Account, keys[Account][0]), reason="request")
        s.rollback()
    assert tables_of(crm) == before
    if crm.engine.dialect.name == "sqlite":
        assert wait_for(fork(die_while_erasing)) == -signal.SIGKILL
        assert tables_of(crm) == before


def test_a_contact_person_goes_and_the_firm_stays(two):
    crm, [(_nest, _keys), _] = two
    with crm.session(SETUP) as s:
        firm = s.accounts.create(
            name="Bellini S.r.l.", phone1="+39 0424 000012", people=[{"last_name": "Gatti", "phone": "+39 0424 000099"}]
        )
        s.commit()
        gatti = s.scalar(select(Person).where(Person.account_id == firm.id))
        firm_id, person_id = firm.id, gatti.id
        visit = s.interactions.add(firm, "note", text="Gatti has twins", person=gatti)
        s.commit()
        s.privacy.erase(gatti, reason="request")
        s.commit()
        assert (gatti.last_name, gatti.erased_at) == ("—", s.now())
        assert visit.text == ""
    with crm.session(SETUP) as s:
        assert s.require(Account, firm_id).name == "Bellini S.r.l."
        assert [hit.account.id for hit in s.search.text("Bellini")] == [firm_id]
        assert list(s.search.text("Gatti")) == []
        assert s.privacy.suppressed(phones=["0424 000099", "0424000012"]).phones == {"0424 000099"}
        assert s.get(Person, person_id) is not None
        assert [each["type"] for each in events(crm, "person.erased")] == ["person.erased"]


def events(crm, kind):
    with crm.engine.connect() as connection:
        return connection.execute(select(EVENT).where(EVENT.c.type == kind)).mappings().all()


def test_a_preview_tells_what_will_be_done_and_its_token_confirms_just_that(two):
    crm, [(_nest, keys), _] = two
    with crm.session(SETUP) as s:
        account = s.require(Account, keys[Account][0])
        shown = s.privacy.preview_erasure(account)
        assert s.privacy.preview_erasure(account).token == shown.token
        s.interactions.add(account, "note", text="one more")
        with pytest.raises(UsageError, match="ERASURE_CHANGED"):
            s.privacy.erase(account, reason="request", token=shown.token)
        s.rollback()
        account = s.require(Account, keys[Account][0])
        done = s.privacy.erase(account, reason="request", token=shown.token)
        assert (done.tables, done.suppressed) == (shown.tables, shown.suppressed)
        s.commit()
        assert [(each.kind, each.record_id, each.tables, each.scrubbed_at) for each in s.privacy.log()] == [
            ("erasure", account.id, done.tables, None)
        ]
    assert scrub(crm).erasures == 1
    assert scrub(crm).erasures == 0


def test_what_the_law_kept_goes_when_its_time_is_over_and_what_somebody_asked_to_keep_stays_whole(two, frozen_clock):
    crm, [(nest, keys), _] = two
    with crm.session(SETUP) as s:
        account = s.require(Account, keys[Account][0])
        done = s.privacy.erase(account, reason="request", keep={"interaction": "lawsuit 12/2026"})
        s.commit()
        kept = {table.entity: table for table in done.tables if table.kept}
        assert (kept["interaction"].law, kept["interaction"].emptied) == ("lawsuit 12/2026", 0)
        assert s.privacy.log(due=date(2036, 5, 10)) == []
        assert [each.record_id for each in s.privacy.log(due=date(2036, 5, 11))] == [account.id]
    frozen_clock.advance(datetime(2036, 5, 11, 7, tzinfo=UTC) - frozen_clock.now())
    with crm.session(SETUP) as s:
        account = s.require(Account, keys[Account][0])
        again = s.privacy.erase(account, reason="the ten years are over")
        s.commit()
        assert {table.entity for table in again.tables if table.kept} == {"external_key"}
        assert s.privacy.log(due=date(2099, 1, 1)) == []
    assert {name for name in places(crm, {f"{nest.kept.lower()}-"}) if name in tables_of(crm)} == {"external_key"}


def test_what_was_merged_goes_with_the_survivor_and_a_deleted_record_is_gone_from_history_too(two):
    crm, [(nest, keys), (other, theirs)] = two
    with crm.engine.begin() as connection:
        connection.execute(update(Account.__table__).where(Account.id == theirs[Account][0]).values(merged_into_id=keys[Account][0]))
    with crm.session(SETUP) as s:
        merged = s.require(Account, theirs[Account][0])
        done = s.privacy.erase(merged, reason="request")
        assert (done.record_id, done.merged_ids) == (keys[Account][0], (theirs[Account][0],))
        s.commit()
    assert places(crm, nest.marks | other.marks) & set(tables_of(crm)) == set()


def test_who_was_erased_is_in_no_list_and_gets_neither_data_nor_messages(two):
    crm, [(_nest, keys), _] = two
    with crm.session(SETUP) as s:
        account = s.require(Account, keys[Account][0])
        s.privacy.erase(account, reason="request")
        s.commit()
        assert account.id not in {found.id for found in s.accounts.find().items}
        assert next(problem.code for problem in s.accounts.may_contact(account, "invoices", "email").reasons) == "RECORD_ERASED"
        account.name = "Mario Rossi"
        with pytest.raises(ValidationFailed) as refused:
            s.commit()
        assert [problem.code for problem in refused.value.problems] == ["RECORD_ERASED"]
    with crm.session(SETUP) as s:
        s.interactions.add(s.require(Account, keys[Account][0]), "note", text="he called again")
        with pytest.raises(ValidationFailed, match="RECORD_ERASED"):
            s.commit()


def test_only_with_the_permission_and_a_reason_and_with_all_plugins(two):
    crm, [(_nest, keys), _] = two
    with crm.session(SETUP) as s:
        account = s.require(Account, keys[Account][0])
        with pytest.raises(UsageError, match="ERASURE_REASON"):
            s.privacy.erase(account, reason=" ")
        with pytest.raises(UsageError, match="ACCESS_ENTITY_UNKNOWN"):
            s.privacy.erase(account, reason="request", keep={"acount": "typo"})
        profile = s.add(Profile(code="P", label_it="P", functions=["customers.*"], scopes=[{"kind": "all"}]))
        s.flush()
        s.add(User(login="admin"))
        s.add(User(login="anna", profile_id=profile.id))
        s.commit()
    with crm.session("anna") as s:
        account = s.require(Account, keys[Account][0])
        for attempt in (
            lambda: s.privacy.erase(account, reason="request"),
            lambda: s.privacy.preview_erasure(account),
            lambda: s.privacy.export_subject(account),
            s.privacy.log,
        ):
            with pytest.raises(AccessDenied, match="PERMISSION_NEEDED"):
                attempt()
    with crm.session(SETUP) as s:
        s.scalar(select(Profile)).functions = ["customers.*", "privacy.erase"]
        s.commit()
    with crm.session("anna") as s:
        s.privacy.erase(s.require(Account, keys[Account][0]), reason="request")
        s.commit()
        assert s.require(Account, keys[Account][0]).name == "—"


def test_data_of_a_disabled_plugin_is_in_the_way(open_crm, canary):
    open_crm(canary).close()
    crm = open_crm()
    with crm.session(SETUP) as s:
        account = s.accounts.create(name="Mario Rossi", kind="retail")
        s.commit()
        with pytest.raises(UsageError, match=r"ERASURE_PLUGIN_OFF.*canary"):
            s.privacy.erase(account, reason="request")
