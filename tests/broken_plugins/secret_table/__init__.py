"""Fault: a revision creates a table that no class maps, so that purging leaves it.

Expected: KIT_PURGE_LEFTOVER secret_table_more
Found by: purge
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="secret_table")


class SecretTableEntity(Entity, plugin="secret_table"):
    __abstract__ = True


class Thing(SecretTableEntity):
    __tablename__ = "secret_table_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("secret_table")
