"""Fault: a column was added to the class, and not by a revision.

Expected: KIT_MIGRATION_DIFFERENCE size
Found by: migrations_equal_models
"""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="model_drift")


class ModelDriftEntity(Entity, plugin="model_drift"):
    __abstract__ = True


class Thing(ModelDriftEntity):
    __tablename__ = "model_drift_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    word: Mapped[str] = mapped_column(String(20))
    size: Mapped[int] = mapped_column(default=0)


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("model_drift")
