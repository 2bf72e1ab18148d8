"""Fault: who may see a row is whoever may see the row.

Expected: KIT_VISIBILITY_PATH circular_sight.thing
Found by: visibility_resolves
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl
from crmcore.model import BigId

PLUGIN = PluginInfo(name="circular_sight")


class CircularSightEntity(Entity, plugin="circular_sight"):
    __abstract__ = True


class Thing(CircularSightEntity):
    __tablename__ = "circular_sight_thing"
    __visibility__ = Visibility.via("before_id")
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    before_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("circular_sight_thing.id"), default=None)


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("circular_sight")
