"""Fault: taking the migration back leaves its table.

Expected: KIT_MIGRATION_LEFTOVER left_behind_thing
Found by: migrations_reverse
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="left_behind")


class LeftBehindEntity(Entity, plugin="left_behind"):
    __abstract__ = True


class Thing(LeftBehindEntity):
    __tablename__ = "left_behind_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("left_behind")
