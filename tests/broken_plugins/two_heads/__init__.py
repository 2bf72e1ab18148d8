"""Fault: its revisions end twice.

Expected: MIGRATIONS_HEADS two_heads_0002, two_heads_0003
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="two_heads")


class TwoHeadsEntity(Entity, plugin="two_heads"):
    __abstract__ = True


class Thing(TwoHeadsEntity):
    __tablename__ = "two_heads_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("two_heads")
