"""What gets around row visibility is declared, refused otherwise, and shown (issue: a plugin that asks for the raw engine)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from crmcore import Account, Actor
from crmcore.errors import UsageError
from crmcore.model import Profile, User
from crmcore.testing import make_plugin

pytestmark = pytest.mark.feature("I-27", "P2.8")

BOLD = make_plugin("bold", capabilities=["engine", "unguarded"])
SHY = make_plugin("shy")


@pytest.fixture
def crm(open_crm):
    found = open_crm(BOLD, SHY)
    with found.session(Actor.system("setup")) as s:
        s.add(Account(name="Bellini", phone1="+390424000012", owner="nobody"))
        profile = s.add(Profile(code="NULLA", label_it="Nulla", functions=["customers.*"], scopes=[{"kind": "own"}]))
        s.add(User(login="admin"))
        s.flush()
        s.add(User(login="anna", profile_id=profile.id))
        s.commit()
    return found


def test_reading_past_the_guard_is_for_plugins_that_declare_it(crm):
    everybody = select(func.count()).select_from(Account)
    with crm.session("anna") as s:
        before = s.scalar(everybody)
        with s.unguarded("bold"):
            past = s.scalar(everybody)
        after = s.scalar(everybody)
        with pytest.raises(UsageError) as shy, s.unguarded("shy"):
            pass
        with pytest.raises(UsageError) as stranger, s.unguarded("nobody"):
            pass

    assert (before, past, after) == (0, 1, 0)
    assert [error.value.code for error in (shy, stranger)] == ["PLUGIN_CAPABILITY_MISSING"] * 2


def test_the_raw_engine_is_for_plugins_that_declare_it(crm):
    with crm.raw_engine("bold").connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM account")).scalar() == 1
    with pytest.raises(UsageError, match="shy"):
        crm.raw_engine("shy")
