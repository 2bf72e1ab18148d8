"""Fault: listing records loads a column for each of them.

Expected: KIT_QUERY_BUDGET listing
Found by: query_budgets
"""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="late_column")


class LateColumnEntity(Entity, plugin="late_column"):
    __abstract__ = True


class Thing(LateColumnEntity):
    __tablename__ = "late_column_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    body: Mapped[str | None] = mapped_column(Text, deferred=True, default=None)


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("late_column")
