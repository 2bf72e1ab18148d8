"""Fault: a record can never be changed.

Expected: KIT_RECORD changed
Found by: records
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Problem, Visibility, hookimpl

PLUGIN = PluginInfo(name="stubborn_record")


class StubbornRecordEntity(Entity, plugin="stubborn_record"):
    __abstract__ = True


class Thing(StubbornRecordEntity):
    __tablename__ = "stubborn_record_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("stubborn_record")


@hookimpl
def crm_validate(session, changes):
    return [Problem(code="VALUE_INVALID", params={"entity": "stubborn_record.thing"}) for change in changes if change.verb == "updated"]
