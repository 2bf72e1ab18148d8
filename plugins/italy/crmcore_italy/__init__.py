"""The plugin ``italy``: what is Italian about a CRM. So far, the calendar of working days."""

from collections.abc import Mapping

from crmcore import ConfigSchema, Label, PluginInfo, hookimpl
from crmcore_italy.calendar import ItalianCalendar, calendar_of
from crmcore_italy.settings import SCHEMA

__all__ = ["PLUGIN", "ItalianCalendar", "crm_configuration", "crm_working_calendar"]

PLUGIN = PluginInfo(
    name="italy",
    api=">=0.1,<0.2",
    label=Label("Italia", "Italy"),
    summary="Working days with national holidays, patron saints and closures of the company.",
)


@hookimpl
def crm_configuration() -> ConfigSchema:
    """Declare the settings."""
    return SCHEMA


@hookimpl
def crm_working_calendar(settings: Mapping[str, Mapping[str, object]]) -> ItalianCalendar:
    """Give the calendar of the firm."""
    return calendar_of(settings["italy"])
