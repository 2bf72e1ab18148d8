"""Fault: a class says that it is about what a column refers to that refers to nothing.

Expected: TABLE_PERSONAL __about__ names word
Found by: starts_alone
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="idle_about")


class IdleAboutEntity(Entity, plugin="idle_about"):
    __abstract__ = True


class Thing(IdleAboutEntity):
    __tablename__ = "idle_about_thing"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("word",)
    __about__ = ("word",)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("idle_about")
