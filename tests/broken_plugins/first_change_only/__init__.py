"""Fault: a hook looks at the first change of a commit only.

Expected: KIT_BULK_DIFFERS first_change_only_thing
Found by: bulk_equals_single
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="first_change_only")


class FirstChangeOnlyEntity(Entity, plugin="first_change_only"):
    __abstract__ = True


class Thing(FirstChangeOnlyEntity):
    __tablename__ = "first_change_only_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("first_change_only")


@hookimpl
def crm_before_commit(session, changes):
    if changes and isinstance(changes[0].record, Thing):
        changes[0].record.word = "first"
