"""Fault: a revision changes rows of the core, and takes the table back as it should.

Expected: KIT_MIGRATION_FOREIGN account
Found by: migrations_stay_home
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="foreign_rows")


class ForeignRowsEntity(Entity, plugin="foreign_rows"):
    __abstract__ = True


class Thing(ForeignRowsEntity):
    __tablename__ = "foreign_rows_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("foreign_rows")
