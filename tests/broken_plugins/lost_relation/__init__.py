"""Fault: a relationship leads to a class that does not exist.

Expected: TABLE_MAPPING Warranties
Found by: starts_alone
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="lost_relation")


class LostRelationEntity(Entity, plugin="lost_relation"):
    __abstract__ = True


class Thing(LostRelationEntity):
    __tablename__ = "lost_relation_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    others: Mapped[list["Warranties"]] = relationship(init=False)


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("lost_relation")
