"""The checks of what plugins declare, by subject; each returns every problem that it finds."""

from crmcore.registry.checks.behaviour import check_behaviour
from crmcore.registry.checks.configurables import check_configurables
from crmcore.registry.checks.data import check_data
from crmcore.registry.checks.following import check_following
from crmcore.registry.checks.names import check_names
from crmcore.registry.checks.tables import check_tables, core_entities
from crmcore.registry.checks.texts import check_texts

__all__ = [
    "check_behaviour",
    "check_configurables",
    "check_data",
    "check_following",
    "check_names",
    "check_tables",
    "check_texts",
    "core_entities",
]
