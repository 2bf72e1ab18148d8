"""SQLite's one write lock: waited for, refused with a code, and nothing leaks."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from crmcore import Account, Crm
from crmcore.errors import DatabaseBusy

pytestmark = pytest.mark.feature("P2.5")

RELAXED = {"core": {"required_account_fields": ["name"]}}


def test_a_lock_that_cannot_be_had_is_refused_with_a_code_and_nothing_leaks(tmp_path):
    with Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", migrate=True, busy_timeout=0.05, settings=RELAXED) as crm:
        with crm.session("anna") as holder:
            holder.add(Account(name="Held"))
            holder.flush()
            for _ in range(30):
                with crm.session("bruno") as s:
                    s.scalar(select(func.count()).select_from(Account))
                    s.add(Account(name="Late"))
                    with pytest.raises(DatabaseBusy):
                        s.commit()
                with crm.session("bruno") as s, pytest.raises(DatabaseBusy):
                    s.add(Account(name="Late"))
                    s.flush()
            holder.commit()
        with crm.session("bruno") as s:
            s.add(Account(name="Next"))
            s.commit()
            assert s.scalar(select(func.count()).select_from(Account)) == 2


def test_readers_go_on_while_somebody_writes(tmp_path):
    with (
        Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", migrate=True, busy_timeout=0.05, settings=RELAXED) as crm,
        crm.session("anna") as writer,
    ):
        writer.add(Account(name="Half done"))
        writer.flush()
        with crm.session("bruno") as reader:
            assert reader.scalar(select(func.count()).select_from(Account)) == 0
        writer.commit()
        with crm.session("bruno") as reader:
            assert reader.scalar(select(func.count()).select_from(Account)) == 1
