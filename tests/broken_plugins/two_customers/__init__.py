"""Fault: a table refers to two accounts, and does not say about which it is.

Expected: KIT_ABOUT two_customers.thing
Found by: subjects_named
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="two_customers")


class TwoCustomersEntity(Entity, plugin="two_customers"):
    __abstract__ = True


class Thing(TwoCustomersEntity):
    __tablename__ = "two_customers_thing"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("word",)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    referrer_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("two_customers")
