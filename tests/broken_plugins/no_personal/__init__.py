"""Fault: a class does not say which columns are personal.

Expected: TABLE_PERSONAL Thing
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="no_personal")


class NoPersonalEntity(Entity, plugin="no_personal"):
    __abstract__ = True


class Thing(NoPersonalEntity):
    __tablename__ = "no_personal_thing"
    __visibility__ = Visibility.public()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("no_personal")
