"""Fault: a record must refer to another of its kind, so that there can be no first one.

Expected: KIT_SAMPLE selfish_record.thing
Found by: records
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl
from crmcore.model import BigId

PLUGIN = PluginInfo(name="selfish_record")


class SelfishRecordEntity(Entity, plugin="selfish_record"):
    __abstract__ = True


class Thing(SelfishRecordEntity):
    __tablename__ = "selfish_record_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    before_id: Mapped[int] = mapped_column(BigId, ForeignKey("selfish_record_thing.id"))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("selfish_record")
