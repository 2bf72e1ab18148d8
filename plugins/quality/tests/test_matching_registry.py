"""Duplicates in the registry: groups with reasons, answers for ever, the check of a new account, who sees what."""

from __future__ import annotations

import pytest
from crmcore_quality.matching import (
    MATCH_KEY,
    DuplicateAnswer,
    auto_groups,
    changed_since,
    check,
    check_many,
    list_groups,
    list_pairs,
    merge,
    reject,
    scan,
)
from crmcore_quality.matching.keeping import keep
from sqlalchemy import insert, select

from crmcore import Account, Actor, ValidationFailed
from crmcore.errors import RecordNotFound, UsageError
from crmcore.model import Profile, Salesperson, User

SYSTEM = Actor.system("test")
M, B, C = 101, 205, 309
ROSSI = (
    {"id": M, "name": "Rossi Impianti S.r.l.", "vat_code": "00000019992", "phone1": "+390424000012"},
    {"id": B, "name": "ROSSI IMPIANTI SRL", "vat_code": "00000019992", "phone1": "+390445000077"},
    {"id": C, "name": "Rossi Impianti", "vat_code": None, "phone1": "+390424000012"},
)
HOUSEHOLD = (
    {"id": 401, "name": "Rossi Mario", "phone1": "+390424000013", "vat_code": None},
    {"id": 402, "name": "Rossi Anna", "phone1": "+390424000013", "vat_code": None},
)


def put(session, *rows):
    """Write accounts with the ids of the story, and their keys."""
    now = session.now()
    stamps = {"version": 1, "created_at": now, "updated_at": now, "created_by": "test", "updated_by": "test"}
    plain = {"kind": "business", "language": "it", "seller_source": "zone", "private": False, "incomplete": False, "characteristics": {}}
    values = [{**plain, **stamps, "uid": f"{row['id']:032x}", "seller_id": None, **row} for row in rows]
    session.orm.connection().execute(insert(Account.__table__), values)
    keep(session, [row["id"] for row in rows])
    session.commit()


@pytest.fixture
def crm(open_crm):
    return open_crm("italy", "quality")


def said(pair):
    return {each.field for each in pair.reasons if each.weight > 3}


@pytest.mark.feature("S07", "D02")
def test_story_s07_one_group_with_its_reasons(crm):
    with crm.session(SYSTEM) as s:
        put(s, *ROSSI, {"id": 500, "name": "Bianchi Giulia", "phone1": "+390424000099", "vat_code": None})
        found = scan(s)
        s.commit()
        assert (found.records, found.groups) == (4, 1)
        [group] = list_groups(s)
        assert group.accounts == (M, B, C)
        by_pair = {(pair.one, pair.other): pair for pair in group.pairs}
        assert "vat_code" in said(by_pair[M, B])
        assert "phones" in said(by_pair[M, C])
        texts = {each.text.it for each in by_pair[M, B].reasons} | {each.text.en for each in by_pair[M, C].reasons}
        assert {"stessa partita IVA", "same phone"} <= texts
        # Sure, and the survivor is the oldest, as no other system knows any of them.
        assert auto_groups(s) == [[M, B, C]]


@pytest.mark.feature("D03", "S07")
def test_a_merge_goes_through_the_core_and_is_kept_as_an_answer(crm):
    with crm.session(SYSTEM) as s:
        put(s, *ROSSI)
        scan(s)
        s.commit()
        done = merge(s, M, [B, C], rule="newest", reason="same VAT code")
        assert sorted(s.execute(select(DuplicateAnswer.account_id, DuplicateAnswer.other_id, DuplicateAnswer.answer)).all()) == [
            (M, M, "same"),
            (M, M, "same"),
        ]
        s.commit()
        assert s.merges.history(M)[0].reason == "duplicates: same VAT code"
        # Nothing is a duplicate any more, and nobody has keys who is no more.
        scan(s)
        s.commit()
        assert pairs_of(s) == set()
        with s.guard.lifted():
            assert set(s.scalars(select(MATCH_KEY.c.record_id))) == {M}
        s.merges.undo(done.id)
        s.commit()
        with s.guard.lifted():
            assert set(s.scalars(select(MATCH_KEY.c.record_id))) == {M, B, C}
        assert sorted(s.execute(select(DuplicateAnswer.account_id, DuplicateAnswer.other_id, DuplicateAnswer.answer)).all()) == [
            (M, B, "same"),
            (M, C, "same"),
        ]


@pytest.mark.feature("D02")
def test_not_a_duplicate_is_for_ever(crm):
    with crm.session(SYSTEM) as s:
        put(s, *ROSSI)
        scan(s)
        s.commit()
        with pytest.raises(ValidationFailed, match="QUALITY_SAME_RECORD"):
            reject(s, M, M)
        given = reject(s, C, M, "two branches")
        s.commit()
        assert given.odds > 7
        assert (given.notes, given.created_by) == ("two branches", "system:test")
        assert (M, C) not in pairs_of(s)
        assert not changed_since(s, given)
        # It holds through scans, and when the accounts change so that they look even more alike.
        s.accounts.update(s.accounts.require(C), vat_code="00000019992", email="info@example.com")
        s.accounts.update(s.accounts.require(M), email="info@example.com")
        s.commit()
        scan(s)
        s.commit()
        assert changed_since(s, s.require(DuplicateAnswer, given.id))
        assert (M, C) not in pairs_of(s)
        # And nobody else brings them together: no group has both.
        assert all(not {M, C} <= set(group.accounts) for group in list_groups(s))


def pairs_of(session):
    return {(pair.one, pair.other) for pair in list_pairs(session)}


@pytest.mark.feature("D02", "D04")
def test_a_new_account_is_told_who_it_may_be_and_why(crm):
    with crm.session(SYSTEM) as s:
        put(s, *ROSSI, *HOUSEHOLD)
        for scanned in (False, True):
            if scanned:
                scan(s)
                s.commit()
            told = check(s, {"name": "Rossi Impianti SRL", "vat_code": "IT00000019992", "phone1": "0424 000012"})
            assert {each.account_id for each in told} == {M, B, C}
            assert told[0].account_id == M
            assert "stessa partita IVA" in [reason.text.it for reason in told[0].reasons]
            assert told[0].sure
        # A valid VAT code that differs is of somebody else, whatever else agrees.
        other = check(s, {"name": "Rossi Impianti SRL", "vat_code": "00000020008", "phone1": "0424 000012"})
        assert [each.account_id for each in other] == [C]
        # A household: the names contradict, so it is never sure.
        for each in check(s, {"name": "Rossi Luca", "phone1": "0424 000013"}):
            assert not each.sure
        assert check(s, {"name": "Nessuno Mai Visto"}) == ()
        assert (
            check(s, {"name": "Rossi Impianti", "phone1": "0424 000012"}, but=[M, B])
            == check_many(s, [{"name": "Verdi"}, {"name": "Rossi Impianti", "phone1": "0424 000012"}], but=[M, B])[1]
        )


@pytest.mark.feature("A06", "I-27")
def test_who_does_not_see_an_account_sees_no_pair_with_it(crm):
    with crm.session(SYSTEM) as s:
        seller = s.add(Salesperson(code="A1", kind="agent", name="A1"))
        profile = s.add(Profile(code="AG", label_it="Agente", functions=["customers.*", "quality.*"], scopes=[{"kind": "own"}]))
        s.add(User(login="admin"))
        s.flush()
        s.add(User(login="a1", profile_id=profile.id, salesperson_id=seller.id))
        s.commit()
        mine = [{**row, "seller_id": seller.id} for row in ROSSI[:2]]
        put(s, *mine, ROSSI[2])
        scan(s)
        s.commit()
        assert pairs_of(s) == {(M, B), (M, C), (B, C)}
    with crm.session("a1") as s:
        assert pairs_of(s) == {(M, B)}
        assert [group.accounts for group in list_groups(s)] == [(M, B)]
        told = check(s, {"name": "Rossi Impianti", "phone1": "0424 000012", "vat_code": "00000019992"})
        assert {each.account_id for each in told} == {M, B}
        with pytest.raises(RecordNotFound):
            reject(s, M, C)
        with pytest.raises(UsageError, match="QUALITY_SCAN_LIMITED"):
            scan(s)
        s.rollback()
        reject(s, M, B)
        s.commit()
    with crm.session(SYSTEM) as s:
        assert pairs_of(s) == {(M, C), (B, C)}
        profile = s.scalar(select(Profile))
        profile.functions = ["customers.*"]
        s.commit()
    with crm.session("a1") as s, pytest.raises(UsageError, match="QUALITY_FORBIDDEN"):
        reject(s, M, B)
