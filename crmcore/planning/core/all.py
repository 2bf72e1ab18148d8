"""The collections of the core, all of them."""

from __future__ import annotations

from typing import Final

from crmcore.hooks import Configurable
from crmcore.planning.core.access import GROUPS, PROFILES
from crmcore.planning.core.characteristics import CHARACTERISTICS, CHOICES
from crmcore.planning.core.kinds import INTERACTION_KINDS, RELATION_KINDS
from crmcore.planning.core.lookups import ENTRIES
from crmcore.planning.core.lookups import TABLES as LOOKUP_TABLES
from crmcore.planning.core.organisation import PORTFOLIOS, UNITS
from crmcore.planning.core.salesforce import PEOPLE, SELLERS, ZONES
from crmcore.planning.core.searches import SEARCHES, VIEWS
from crmcore.planning.core.states import STATES, TRANSITIONS
from crmcore.planning.core.states import TABLES as STATE_TABLES

CORE_COLLECTIONS: Final[tuple[Configurable, ...]] = (
    UNITS,
    PORTFOLIOS,
    LOOKUP_TABLES,
    ENTRIES,
    CHARACTERISTICS,
    CHOICES,
    STATE_TABLES,
    STATES,
    TRANSITIONS,
    PEOPLE,
    ZONES,
    SELLERS,
    INTERACTION_KINDS,
    RELATION_KINDS,
    GROUPS,
    PROFILES,
    SEARCHES,
    VIEWS,
)
"""In any order: `collections_of` puts what is referred to before what refers to it."""
