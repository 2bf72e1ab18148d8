"""Fault: a personal column that the database does not let be empty.

Expected: KIT_ERASURE_FAILED stubborn_column_thing
Found by: erasure
"""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="stubborn_column")


class StubbornColumnEntity(Entity, plugin="stubborn_column"):
    __abstract__ = True


class Thing(StubbornColumnEntity):
    __tablename__ = "stubborn_column_thing"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("word",)
    __table_args__ = (CheckConstraint("length(word) > 3", name="stubborn_column_thing"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("stubborn_column")
