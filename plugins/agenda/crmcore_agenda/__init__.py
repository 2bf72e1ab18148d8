"""The plugin ``agenda``: leads, actions, templates, rules, recurring activities, calendar, dashboard, projects."""

from collections.abc import Iterable, Sequence
from types import ModuleType

from crmcore import (
    Change,
    Command,
    ConfigSchema,
    Configurable,
    Configured,
    Entity,
    ErrorCode,
    Event,
    Handler,
    Job,
    Label,
    LookAt,
    Migrations,
    OpenWork,
    Permission,
    Phase,
    PluginInfo,
    Problem,
    Session,
    StateTable,
    Template,
    Watcher,
    hookimpl,
)
from crmcore.hooks import ANY_EVENT
from crmcore_agenda import checks, configuration, following, points, recency, recurring, states, triggers
from crmcore_agenda.codes import CODES
from crmcore_agenda.happenings import EVENTS, ActionCancelled, ActionDone, LeadClosed
from crmcore_agenda.model import ENTITIES, Action, Lead, Slot
from crmcore_agenda.settings import SCHEMA

PLUGIN = PluginInfo(
    name="agenda",
    api=">=0.1,<0.2",
    label=Label("Agenda", "Agenda"),
    summary="Leads, actions, delegation, templates, rules, recurring activities, calendar, dashboard and projects.",
    capabilities=("unguarded",),
)


@hookimpl
def crm_tables() -> Sequence[type[Entity]]:
    """Declare the tables."""
    return ENTITIES


@hookimpl
def crm_migrations() -> Migrations:
    """Say where the revisions are."""
    return Migrations("crmcore_agenda")


@hookimpl
def crm_configuration() -> ConfigSchema:
    """Declare the settings."""
    return SCHEMA


@hookimpl
def crm_configurables() -> Sequence[Configurable]:
    """Declare what a deployment configures."""
    return configuration.CONFIGURABLES


@hookimpl
def crm_configured() -> Sequence[Configured]:
    """Bring the usual kinds of action, and the colours of lateness."""
    return configuration.BROUGHT


@hookimpl
def crm_state_tables() -> Sequence[StateTable]:
    """Declare the states of leads and actions."""
    return (states.LEADS, states.ACTIONS)


@hookimpl
def crm_permissions() -> Sequence[Permission]:
    """Declare what a profile may grant."""
    return (Permission(name="agenda.share", label=Label("Condividere le agende altrui", "Share the agendas of others")),)


@hookimpl
def crm_templates() -> Sequence[Template]:
    """Declare the page of the planning."""
    return (Template(name="agenda.planning", package="crmcore_agenda", path="templates/planning.html"),)


@hookimpl
def crm_events() -> Sequence[type[Event]]:
    """Declare the events."""
    return EVENTS


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what is refused."""
    return CODES


@hookimpl
def crm_extension_points() -> Sequence[ModuleType]:
    """Let other plugins feed recurring activities."""
    return (points,)


@hookimpl
def crm_looks_at() -> Sequence[LookAt]:
    """Say that only work is looked at: mass changes of accounts stay single statements."""
    return tuple(LookAt(entity=cls.entity_name()) for cls in (Action, Lead, Slot))


@hookimpl
def crm_validate(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Refuse what cannot be."""
    return checks.problems_of(session, changes)


@hookimpl
def crm_watchers() -> Sequence[Watcher]:
    """Have the clocks of recency rules follow what happens to accounts, also in mass changes."""
    return recency.watchers()


@hookimpl
def crm_handlers() -> Sequence[Handler]:
    """Declare what follows from changes."""
    return (
        Handler(event="agenda.action.created", fn=following.keep_reminder, name="reminder_of_new", phase=Phase.IN_TRANSACTION),
        Handler(event="agenda.action.updated", fn=following.keep_reminder, name="reminder", phase=Phase.IN_TRANSACTION),
        Handler(event=ActionDone, fn=following.after_closing, name="after_done"),
        Handler(event=ActionCancelled, fn=following.after_closing, name="after_cancelled"),
        Handler(event="agenda.lead.created", fn=following.after_lead, name="after_lead"),
        Handler(event=LeadClosed, fn=following.after_lead_closed, name="after_lead_closed"),
        Handler(event=ANY_EVENT, fn=triggers.listen, name="listen", phase=Phase.IN_TRANSACTION),
        Handler(event="agenda.recurring.created", fn=recency.follow_rule, name="new_recurring"),
        Handler(event="agenda.recurring.updated", fn=recency.follow_rule, name="changed_recurring"),
        *(
            Handler(event=f"saved_search.{verb}", fn=recency.follow_search, name=f"search_{verb}")
            for verb in ("created", "updated", "deleted")
        ),
    )


@hookimpl
def crm_jobs() -> Sequence[Job]:
    """Declare what is done later."""
    return (
        Job(name="agenda.remind", fn=following.remind, help="Tells that it is time for the reminder of an action."),
        Job(
            name="agenda.history",
            fn=following.write_history,
            help="Writes a report into a history that who closed the action does not see.",
        ),
        Job(name="agenda.fire", fn=triggers.fire, help="Lets the rules look at an event."),
        Job(name="agenda.rebuild", fn=recency.rebuild, every=recurring.WEEKLY, help="Sets the clocks of recency rules anew."),
        Job(name="agenda.refresh", fn=recency.refresh, help="Sets the clocks of accounts to which something happened."),
        Job(name="agenda.feed", fn=recurring.feed_all, every=recurring.EARLY, help="Runs every recurring activity."),
        Job(name="agenda.feed_rule", fn=recurring.feed_rule, help="Runs one recurring activity."),
        Job(name="agenda.overdue", fn=following.announce_overdue, every=following.EVERY_MORNING, help="Tells which actions became late."),
    )


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Declare the commands."""
    return (
        Command(name="dashboard", target="crmcore_agenda.commands:dashboard", help="Show what somebody has to do, what is late first."),
        Command(name="planning", target="crmcore_agenda.commands:planning", help="Show the planning of a day, a week or a month."),
        Command(name="share", target="crmcore_agenda.commands:share_agenda", help="Share the agenda of a user, or stop that."),
        Command(name="activity", target="crmcore_agenda.commands:activity", help="Show who did what in a period."),
        Command(name="feed", target="crmcore_agenda.commands:feed", help="Run recurring activities now."),
        Command(name="rules", target="crmcore_agenda.commands:rules", help="Ask why an action exists, and what a rule would do.", top=True),
    )


@hookimpl
def crm_open_work(session: Session, login: str) -> Iterable[OpenWork]:
    """List the open actions of a user."""
    return following.open_work(session, login)
