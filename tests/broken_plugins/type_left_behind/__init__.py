"""Fault: taking the migration back leaves a type, so that it cannot run again.

Expected: KIT_MIGRATION_FAILED up again
Found by: migrations_reverse on postgresql
"""

from sqlalchemy import Enum, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="type_left_behind")


class TypeLeftBehindEntity(Entity, plugin="type_left_behind"):
    __abstract__ = True


class Thing(TypeLeftBehindEntity):
    __tablename__ = "type_left_behind_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(Enum("a", "b", name="type_left_behind_kind"))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("type_left_behind")
