"""Fault: a revision adds an index to a table of the core.

Expected: KIT_MIGRATION_FOREIGN account
Found by: migrations_stay_home
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="foreign_migration")


class ForeignMigrationEntity(Entity, plugin="foreign_migration"):
    __abstract__ = True


class Thing(ForeignMigrationEntity):
    __tablename__ = "foreign_migration_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("foreign_migration")
