"""Fault: a class gives up optimistic locking, and the last writer wins.

Expected: KIT_STALE_ACCEPTED lost_update.thing
Found by: records
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="lost_update")


class LostUpdateEntity(Entity, plugin="lost_update"):
    __abstract__ = True


class Thing(LostUpdateEntity):
    __tablename__ = "lost_update_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __mapper_args__ = {}

    word: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(init=False, default=1)


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("lost_update")
