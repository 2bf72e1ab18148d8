"""Who was erased does not come back by any import, and nobody can read who was (S18)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmcore import Account, Actor
from crmcore.errors import AccessDenied, ConfigurationError, UsageError, ValidationFailed
from crmcore.model import SUPPRESSION, SUPPRESSION_KEY, ContactPoint, Profile, User

pytestmark = pytest.mark.feature("S18")

SETUP = Actor.system("import")
ROSSI = {"name": "Mario Rossi", "kind": "retail", "phone1": "+39 0424 000012", "email": "Mario.Rossi@example.com"}
CODE = "RSSMRA80A01A703X"


def erase(crm, **fields):
    with crm.session(SETUP) as s:
        account = s.accounts.create(**{**ROSSI, **fields})
        s.commit()
        s.privacy.erase(account, reason="request")
        s.commit()
        return account.id


def refused(s):
    with pytest.raises(ValidationFailed) as found:
        s.commit()
    assert "0424" not in str(found.value)
    s.rollback()
    return [problem.code for problem in found.value.problems]


def test_an_erased_person_is_recognised_however_the_values_are_written_and_by_each_of_them(open_crm, count_statements):
    crm = open_crm()
    with crm.session(SETUP) as s:
        s.orm.connection()
        with count_statements(crm) as statements:
            assert not s.privacy.suppressed(phones=["0424 000012"])
            assert len(statements) == 1
    erase(crm, fiscal_code=CODE)
    phones = [f"+39 0424 {number:06}" for number in range(10, 3_000)]
    with crm.session(SETUP) as s:
        s.orm.connection()
        with count_statements(crm) as statements:
            found = s.privacy.suppressed(phones=[*phones, "(0424) 00-0012"], emails=["mario.rossi@EXAMPLE.com "], codes=[CODE.lower()])
            assert len(statements) == 3  # whether there is a list, its key, and the values
        assert (found.phones, found.emails, found.codes) == (
            {"+39 0424 000012", "(0424) 00-0012"},
            {"mario.rossi@EXAMPLE.com "},
            {CODE.lower()},
        )
        for fields in ({"phone1": "0424-000012"}, {"email": "mario.rossi@example.com"}, {"fiscal_code": CODE}):
            s.accounts.create(name="M. Rossi", **fields)
            assert refused(s) == ["ERASED_SUBJECT"]
        other = s.accounts.create(name="Bianchi", phone1="+39 0424 000099")
        s.commit()
        s.accounts.add_contact_point(other, kind="phone", value="0424 000012")
        assert refused(s) == ["ERASED_SUBJECT"]
        s.require(Account, other.id).email = "mario.rossi@example.com"
        assert refused(s) == ["ERASED_SUBJECT"]


def test_the_list_cannot_be_read_and_its_key_may_be_kept_elsewhere(open_crm):
    settings = {"core": {"required_account_fields": ["name"], "suppression_key": "k" * 40}}
    crm = open_crm(settings=settings)
    erase(crm)
    with crm.engine.connect() as connection:
        digests = connection.execute(select(SUPPRESSION.c.digest)).scalars().all()
        assert {len(digest) for digest in digests} == {64}
        assert connection.execute(select(SUPPRESSION_KEY.c.value)).scalar() == ""
    other = open_crm(settings={"core": {**settings["core"], "suppression_key": "x" * 40}})
    with other.session(SETUP) as s, pytest.raises(ConfigurationError, match="SUPPRESSION_KEY_CHANGED"):
        s.privacy.suppressed(phones=["0424 000012"])
    with crm.session(SETUP) as s:
        s.add(User(login="anna"))
        s.commit()
    with crm.session("anna") as s:
        assert s.privacy.suppressed(phones=["0424 000012"])
    profile_of(crm, "marco", ["customers.*"])
    with crm.session("marco") as s:
        assert s.privacy.suppressed(phones=["0424 000012"])
        with pytest.raises(Exception, match=r"prohibited|permission denied|not authorized|DATABASE_UNREACHABLE"):
            s.execute(select(SUPPRESSION.c.digest)).all()


def profile_of(crm, login, functions):
    with crm.session(SETUP) as s:
        profile = s.add(Profile(code=login.upper(), label_it=login, functions=functions, scopes=[{"kind": "all"}]))
        s.flush()
        s.add(User(login=login, profile_id=profile.id))
        s.commit()


def test_who_shares_a_phone_with_somebody_who_stays_does_not_take_it_along(open_crm):
    crm = open_crm()
    with crm.session(SETUP) as s:
        s.accounts.create(name="Lucia Rossi", kind="retail", phone1=ROSSI["phone1"])
        s.commit()
    erase(crm)
    with crm.session(SETUP) as s:
        found = s.privacy.suppressed(phones=[ROSSI["phone1"]], emails=[ROSSI["email"]])
        assert (found.phones, found.emails) == (frozenset(), {ROSSI["email"]})
        assert s.scalar(select(Account.phone1).where(Account.name == "Lucia Rossi")) == ROSSI["phone1"]


def test_who_comes_back_is_let_in_by_permission_and_reason_and_the_log_tells(open_crm):
    crm = open_crm()
    erase(crm)
    with crm.session(SETUP) as s:
        s.add(User(login="admin"))
        s.commit()
    profile_of(crm, "marco", ["customers.*"])
    with crm.session("marco") as s, pytest.raises(AccessDenied, match="PERMISSION_NEEDED"), s.privacy.bringing_back(reason="he signed"):
        pass
    with crm.session("admin") as s:
        with pytest.raises(UsageError, match="ERASURE_REASON"), s.privacy.bringing_back(reason=""):
            pass
        with s.privacy.bringing_back(reason="he signed a new contract"):
            back = s.accounts.create(**ROSSI)
        s.commit()
        assert [(each.kind, each.record_id, each.reason) for each in s.privacy.log() if each.kind == "override"] == [
            ("override", back.id, "he signed a new contract")
        ]
        s.accounts.create(**ROSSI)
        assert refused(s) == ["ERASED_SUBJECT", "ERASED_SUBJECT"]
        assert s.scalar(select(ContactPoint.id)) is None
