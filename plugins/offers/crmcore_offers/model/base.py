"""The base of the plugin's entities."""

from __future__ import annotations

from crmcore import Entity


class OffersEntity(Entity, plugin="offers"):
    """Base of the tables of this plugin."""

    __abstract__ = True
