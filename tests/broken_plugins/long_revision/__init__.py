"""Fault: a revision has more characters than PostgreSQL stores.

Expected: MIGRATIONS_REVISION long_revision_0001_the_first_of_many
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="long_revision")


class LongRevisionEntity(Entity, plugin="long_revision"):
    __abstract__ = True


class Thing(LongRevisionEntity):
    __tablename__ = "long_revision_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("long_revision")
