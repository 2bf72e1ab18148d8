"""Fault: a class is on the base of the core.

Expected: TABLE_BASE Thing
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="no_base")


class NoBaseEntity(Entity, plugin="no_base"):
    __abstract__ = True


class Thing(Entity):
    __tablename__ = "no_base_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("no_base")
