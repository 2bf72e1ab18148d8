"""Fault: what belongs to an account is shown to everybody.

Expected: KIT_VISIBILITY_LEAK public_secret.thing
Found by: visibility_holds
"""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Migrations, PluginInfo, Visibility, hookimpl

PLUGIN = PluginInfo(name="public_secret")


class PublicSecretEntity(Entity, plugin="public_secret"):
    __abstract__ = True


class Thing(PublicSecretEntity):
    __tablename__ = "public_secret_thing"
    __visibility__ = Visibility.public()
    __personal__ = ()

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    word: Mapped[str] = mapped_column(String(20))


@hookimpl
def crm_tables():
    return [Thing]


@hookimpl
def crm_migrations():
    return Migrations("public_secret")
