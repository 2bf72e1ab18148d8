"""Fault: a class does not say who may see it.

Expected: TABLE_VISIBILITY Thing
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="seen_by_all")


class SeenByAllEntity(Entity, plugin="seen_by_all"):
    __abstract__ = True


class Thing(SeenByAllEntity):
    __tablename__ = "seen_by_all_thing"
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("seen_by_all")
