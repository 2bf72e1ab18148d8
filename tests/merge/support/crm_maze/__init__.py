"""Twenty-five tables in shapes that were drawn, which refer to accounts and to each other; their names mean nothing."""

from __future__ import annotations

from crm_maze.model import TABLES
from crmcore import Migrations, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="maze", version="1.0")


@hookimpl
def crm_tables():
    return TABLES


@hookimpl
def crm_migrations():
    return Migrations("crm_maze")
