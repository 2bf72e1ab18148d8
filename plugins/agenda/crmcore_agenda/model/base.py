"""The base of the plugin's entities."""

from __future__ import annotations

from crmcore import Entity


class AgendaEntity(Entity, plugin="agenda"):
    """Base of the tables of this plugin."""

    __abstract__ = True
