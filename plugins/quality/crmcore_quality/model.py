"""The base of the plugin's tables."""

from __future__ import annotations

from crmcore import Entity


class QualityEntity(Entity, plugin="quality"):
    """Base of the tables of this plugin."""

    __abstract__ = True
