"""Fault: a handler listens to records of which no events are published.

Expected: KIT_HANDLER_UNTRIED note
Found by: handlers_idempotent
"""

from sqlalchemy import event, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Handler, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="untried_handler")


class UntriedHandlerEntity(Entity, plugin="untried_handler"):
    __abstract__ = True


class Thing(UntriedHandlerEntity):
    __tablename__ = "untried_handler_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __audited__ = False

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("untried_handler")


def note(session, event):
    return None


@hookimpl
def crm_handlers():
    return [Handler(event="untried_handler.thing.created", fn=note)]
