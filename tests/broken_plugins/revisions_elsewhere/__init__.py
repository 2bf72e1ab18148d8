"""Fault: its revisions lie outside its package, and would not be shipped with it.

Expected: KIT_NOT_SHIPPED revisions_elsewhere_0001
Found by: files_shipped
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="revisions_elsewhere")


class RevisionsElsewhereEntity(Entity, plugin="revisions_elsewhere"):
    __abstract__ = True


class Thing(RevisionsElsewhereEntity):
    __tablename__ = "revisions_elsewhere_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("revisions_of_others", "elsewhere")
