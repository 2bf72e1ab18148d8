"""Fault: a class keeps by law what it does not call personal.

Expected: TABLE_PERSONAL __retention__ keeps word
Found by: starts_alone
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Label, Migrations, PluginInfo, Visibility, hookimpl
from crmcore.model import Retention

PLUGIN = PluginInfo(name="loose_retention")


class LooseRetentionEntity(Entity, plugin="loose_retention"):
    __abstract__ = True


class Thing(LooseRetentionEntity):
    __tablename__ = "loose_retention_thing"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __retention__ = Retention(keeps=("word",), law="art. 2220 c.c.", reason=Label("dieci anni", "ten years"), since="issued_on")

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("loose_retention")
