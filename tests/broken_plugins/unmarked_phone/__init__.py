"""Fault: a telephone number is not marked as personal.

Expected: KIT_PERSONAL_UNMARKED unmarked_phone_thing.mobile_phone
Found by: personal_data
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="unmarked_phone")


class UnmarkedPhoneEntity(Entity, plugin="unmarked_phone"):
    __abstract__ = True


class Thing(UnmarkedPhoneEntity):
    __tablename__ = "unmarked_phone_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    mobile_phone: Mapped[str | None] = mapped_column(String(20), default=None)


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("unmarked_phone")
