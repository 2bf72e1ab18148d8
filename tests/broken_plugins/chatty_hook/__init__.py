"""Fault: a hook asks the database a question for each letter.

Expected: KIT_QUERY_BUDGET creating
Found by: query_budgets
"""

from sqlalchemy import select, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Account, Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="chatty_hook")


class ChattyHookEntity(Entity, plugin="chatty_hook"):
    __abstract__ = True


class Thing(ChattyHookEntity):
    __tablename__ = "chatty_hook_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("chatty_hook")


@hookimpl
def crm_validate(session, changes):
    for change in changes:
        for letter in "abcdefghijkl":
            session.scalar(select(Account.id).where(Account.name == letter))
