"""Fault: a class has a table that no revision creates.

Expected: KIT_PURGE_REPORT never_created_thing
Found by: purge
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="never_created")


class NeverCreatedEntity(Entity, plugin="never_created"):
    __abstract__ = True


class Thing(NeverCreatedEntity):
    __tablename__ = "never_created_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("never_created")
