"""The tables of the plugin."""

from crmcore_agenda.model.base import AgendaEntity
from crmcore_agenda.model.catalogues import ActionTemplate, ActivityGroup, Band, Kind, Recurring, Resource, Role, Sharing, TriggerRule
from crmcore_agenda.model.work import Action, ActionLink, Firing, Lead, Project, RecencyClock, Slot, TemplateRun

ENTITIES = (
    ActivityGroup,
    Kind,
    Band,
    Role,
    Sharing,
    Resource,
    ActionTemplate,
    TriggerRule,
    Recurring,
    Project,
    Lead,
    TemplateRun,
    Action,
    Slot,
    ActionLink,
    Firing,
    RecencyClock,
)

__all__ = [
    "ENTITIES",
    "Action",
    "ActionLink",
    "ActionTemplate",
    "ActivityGroup",
    "AgendaEntity",
    "Band",
    "Firing",
    "Kind",
    "Lead",
    "Project",
    "RecencyClock",
    "Recurring",
    "Resource",
    "Role",
    "Sharing",
    "Slot",
    "TemplateRun",
    "TriggerRule",
]
