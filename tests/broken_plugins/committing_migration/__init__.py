"""Fault: a revision commits by itself.

Expected: KIT_MIGRATION_FAILED committing_migration_0001
Found by: migrations_reverse
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="committing_migration")


class CommittingMigrationEntity(Entity, plugin="committing_migration"):
    __abstract__ = True


class Thing(CommittingMigrationEntity):
    __tablename__ = "committing_migration_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("committing_migration")
