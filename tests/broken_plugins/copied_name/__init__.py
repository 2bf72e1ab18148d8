"""Fault: a handler copies names of customers into a column that is not marked as personal.

Expected: KIT_ERASURE_LEFT copied_name_thing.word
Found by: erasure
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Account, Entity, Handler, Migrations, Phase, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="copied_name")


class CopiedNameEntity(Entity, plugin="copied_name"):
    __abstract__ = True


class Thing(CopiedNameEntity):
    __tablename__ = "copied_name_thing"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    word: Mapped[str] = mapped_column(String(200))


def copy(session, event):
    session.add(Thing(account_id=event.id, word=session.require(Account, event.id).name))


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=copy, phase=Phase.IN_TRANSACTION)]


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("copied_name")
