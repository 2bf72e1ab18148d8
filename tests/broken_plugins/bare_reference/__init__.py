"""Fault: a column in _id has no foreign key.

Expected: TABLE_REFERENCE_UNDECLARED bare_reference_thing.account_id
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="bare_reference")


class BareReferenceEntity(Entity, plugin="bare_reference"):
    __abstract__ = True


class Thing(BareReferenceEntity):
    __tablename__ = "bare_reference_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int]


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("bare_reference")
