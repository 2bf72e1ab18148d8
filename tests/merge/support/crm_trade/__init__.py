"""A plugin with what a sales force has of a customer, and not a line about merging but two declarations."""

from __future__ import annotations

from crm_trade.model import TABLES
from crmcore import Migrations, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="trade", version="1.0")


@hookimpl
def crm_tables():
    return TABLES


@hookimpl
def crm_migrations():
    return Migrations("crm_trade")
