"""Fault: a table is not declared, so that nobody would migrate or purge it.

Expected: TABLE_UNDECLARED Thing
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="kept_secret")


class KeptSecretEntity(Entity, plugin="kept_secret"):
    __abstract__ = True


class Thing(KeptSecretEntity):
    __tablename__ = "kept_secret_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_migrations():
    return Migrations("kept_secret")


@hookimpl
def crm_tables():
    return []
