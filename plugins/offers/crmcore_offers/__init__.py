"""The plugin ``offers``: the single archive of the active cycle, from the opportunity to the contract."""

from collections.abc import Iterable, Sequence

from crmcore import (
    Change,
    CharacteristicDef,
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
    Normaliser,
    Permission,
    PluginInfo,
    Problem,
    Session,
    StateTable,
    Template,
    hookimpl,
)
from crmcore.changesets import Kind
from crmcore_offers import states
from crmcore_offers.archive import checks, following
from crmcore_offers.archive import declared as archive
from crmcore_offers.codes import CODES
from crmcore_offers.mass import declared as mass
from crmcore_offers.model import ENTITIES, Document, Row
from crmcore_offers.pricing import declared as pricing
from crmcore_offers.printing import declared as printing
from crmcore_offers.reports import declared as reports
from crmcore_offers.settings import SCHEMA

PLUGIN = PluginInfo(
    name="offers",
    api=">=0.1,<0.2",
    label=Label("Offerte e contratti", "Offers and contracts"),
    capabilities=("unguarded",),
    summary="One archive of opportunities, offers, orders and contracts: rows, revisions, workflow, price lists, pipeline, commissions.",
)

_PARTS = (archive, pricing, mass, reports, printing)


@hookimpl
def crm_tables() -> Sequence[type[Entity]]:
    """Declare the tables."""
    return ENTITIES


@hookimpl
def crm_migrations() -> Migrations:
    """Say where the revisions are."""
    return Migrations("crmcore_offers")


@hookimpl
def crm_configuration() -> ConfigSchema:
    """Declare the settings."""
    return SCHEMA


@hookimpl
def crm_state_tables() -> Sequence[StateTable]:
    """Declare the states of documents and rows."""
    return (states.DOCUMENT_STATES, states.ROW_STATES)


@hookimpl
def crm_configurables() -> Sequence[Configurable]:
    """Declare what a deployment configures."""
    return tuple(each for part in _PARTS for each in part.CONFIGURABLES)


@hookimpl
def crm_configured() -> Sequence[Configured]:
    """Bring the usual order types, VAT codes and units."""
    return tuple(each for part in _PARTS for each in part.CONFIGURED)


@hookimpl
def crm_permissions() -> Sequence[Permission]:
    """Declare what a profile may grant."""
    return tuple(each for part in _PARTS for each in part.PERMISSIONS)


@hookimpl
def crm_templates() -> Sequence[Template]:
    """Declare the templates."""
    return tuple(each for part in _PARTS for each in part.TEMPLATES)


@hookimpl
def crm_events() -> Sequence[type[Event]]:
    """Declare the events."""
    return tuple(each for part in _PARTS for each in part.EVENTS)


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what is refused."""
    return CODES


@hookimpl
def crm_handlers() -> Sequence[Handler]:
    """Declare what follows from changes."""
    return tuple(each for part in _PARTS for each in part.HANDLERS)


@hookimpl
def crm_jobs() -> Sequence[Job]:
    """Declare what is done later."""
    return tuple(each for part in _PARTS for each in part.JOBS)


@hookimpl
def crm_characteristics() -> Sequence[CharacteristicDef]:
    """Declare what customers have more."""
    return pricing.CHARACTERISTICS


@hookimpl
def crm_change_kinds() -> Sequence[Kind]:
    """Declare what is maintained in mass."""
    return mass.CHANGE_KINDS


@hookimpl
def crm_looks_at() -> Sequence[LookAt]:
    """Say that the validation of this plugin is about documents and rows: mass changes of anything else stay statements."""
    return (LookAt(entity=Document.entity_name()), LookAt(entity=Row.entity_name()))


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Declare the commands."""
    return tuple(each for part in _PARTS for each in part.COMMANDS)


@hookimpl
def crm_normalisers() -> Sequence[Normaliser]:
    """Declare what documents and rows look like, whoever writes them."""
    return archive.NORMALISERS


@hookimpl
def crm_validate(session: Session, changes: Sequence[Change]) -> Iterable[Problem]:
    """Refuse what cannot be."""
    return checks.problems_of(session, changes)


@hookimpl
def crm_before_commit(session: Session, changes: Sequence[Change]) -> None:
    """Bring headers up to date with their rows, and tell what happened."""
    following.follow(session, changes)
