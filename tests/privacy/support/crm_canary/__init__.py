"""A plugin with personal data of every kind."""

from crm_canary.model import Told, tables
from crmcore import Label, Migrations, PluginInfo, hookimpl
from crmcore.hooks import CharacteristicDef

PLUGIN = PluginInfo(name="canary", label=Label("Canarini", "Canaries"))


@hookimpl
def crm_tables():
    return tables()


@hookimpl
def crm_migrations():
    return Migrations("crm_canary")


@hookimpl
def crm_events():
    return [Told]


@hookimpl
def crm_characteristics():
    return [
        CharacteristicDef(key="canary_hobby", label=Label("Passatempo", "Hobby")),
        CharacteristicDef(key="canary_sector", label=Label("Settore", "Sector"), personal=False),
    ]
