"""Access: users, profiles, groups, what exists for whom, and why."""

from crmcore.access.functions import functions_of, part_of
from crmcore.access.reach import Reach
from crmcore.access.specs import Scope

__all__ = ["Reach", "Scope", "functions_of", "part_of"]
