"""Fault: it has a table and no migrations.

Expected: MIGRATIONS_MISSING crm_migrations
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="unmigrated")


class UnmigratedEntity(Entity, plugin="unmigrated"):
    __abstract__ = True


class Thing(UnmigratedEntity):
    __tablename__ = "unmigrated_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return None
