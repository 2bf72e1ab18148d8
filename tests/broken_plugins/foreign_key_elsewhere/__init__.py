"""Fault: a foreign key leads to a table that is not here.

Expected: TABLE_FOREIGN_KEY somewhere_item
Found by: starts_alone
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="foreign_key_elsewhere")


class ForeignKeyElsewhereEntity(Entity, plugin="foreign_key_elsewhere"):
    __abstract__ = True


class Thing(ForeignKeyElsewhereEntity):
    __tablename__ = "foreign_key_elsewhere_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    item_id: Mapped[int] = mapped_column(ForeignKey("somewhere_item.id"))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("foreign_key_elsewhere")
