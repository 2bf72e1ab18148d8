"""Fault: a column refers to an account without saying so.

Expected: KIT_REFERENCE_HIDDEN hidden_reference_thing.account
Found by: references_declared
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="hidden_reference")


class HiddenReferenceEntity(Entity, plugin="hidden_reference"):
    __abstract__ = True


class Thing(HiddenReferenceEntity):
    __tablename__ = "hidden_reference_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    account: Mapped[int]


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("hidden_reference")
