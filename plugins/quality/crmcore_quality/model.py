"""What the tables of this plugin are made on."""

from __future__ import annotations

from crmcore import Entity


class QualityEntity(Entity, plugin="quality"):
    """Base of the tables of this plugin."""

    __abstract__ = True
