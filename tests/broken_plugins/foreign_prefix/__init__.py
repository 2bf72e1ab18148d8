"""Fault: a table does not carry the name of the plugin.

Expected: TABLE_PREFIX somebody_thing
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="foreign_prefix")


class ForeignPrefixEntity(Entity, plugin="foreign_prefix"):
    __abstract__ = True


class Thing(ForeignPrefixEntity):
    __tablename__ = "somebody_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("foreign_prefix")
