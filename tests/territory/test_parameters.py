"""The general parameters: those of the deployment file, and the one that people change while they work (N02, B13)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from crmcore import ValidationFailed
from crmcore.errors import ConfigurationError
from crmcore.model import AUDIT, Parameter

pytestmark = pytest.mark.feature("N02", "B13")


def test_parameters_of_the_deployment_have_defaults_and_take_only_what_fits(open_crm):
    crm = open_crm(settings={"core": {"large_table": 5}})
    found = crm.settings("core")
    # What is not said is the default.
    assert (found["large_table"], found["unique_tax_codes"]) == (5, "warning")
    assert found["required_account_fields"] == ("name", "phone1", "primary_portfolio")
    with crm.session("anna") as s:
        assert s.settings("core") == found
    with pytest.raises(ConfigurationError) as caught:
        open_crm(settings={"core": {"large_table": -1, "unique_tax_codes": "maybe", "larg_table": 1}})
    text = caught.value.text("en")
    assert [key for key in ("large_table", "unique_tax_codes", "larg_table") if key not in text] == []


def test_a_parameter_that_people_change_lasts_is_seen_by_all_and_is_audited(open_crm):
    one, two = open_crm(), open_crm()
    with one.session("anna") as s:
        assert (s.territory.system_date, s.territory.assignment_date) == (None, date(2026, 5, 11))
        s.territory.set_system_date(date(2026, 6, 1))
        s.commit()
    with two.session("bruno") as s:
        assert (s.territory.system_date, s.territory.assignment_date) == (date(2026, 6, 1), date(2026, 6, 1))
        s.territory.set_system_date(None)
        s.commit()
    with one.session("anna") as s:
        assert (s.territory.system_date, s.territory.assignment_date) == (None, date(2026, 5, 11))
        s.add(Parameter(name="assignment_date", value="2026-06-31"))
        with pytest.raises(ValidationFailed, match="VALUE_INVALID"):
            s.commit()
        rows = s.execute(select(AUDIT.c.actor, AUDIT.c.changes).where(AUDIT.c.entity == "parameter").order_by(AUDIT.c.id))
        assert [(actor, changes["value"]) for actor, changes in rows] == [("anna", [None, "2026-06-01"]), ("bruno", ["2026-06-01", ""])]
