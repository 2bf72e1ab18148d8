"""Declaration hooks: called once when a Crm opens, before any database; they return frozen values and see nothing.

Each may be left out; ``None`` and an empty list both mean "nothing to declare". An exception stops the start, and is reported
with the plugin and the hook beside every other problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from crmcore.hooks.markers import hookspec

if TYPE_CHECKING:
    from sqlalchemy import Table

    from crmcore.errors import ErrorCode
    from crmcore.events import Event
    from crmcore.hooks.changing import Kind
    from crmcore.hooks.configurables import Configurable, Configured
    from crmcore.hooks.declarations import (
        CharacteristicDef,
        Command,
        ConfigSchema,
        ContributionKind,
        FieldType,
        Handler,
        Job,
        Migrations,
        Permission,
        ScriptFunction,
        StateTable,
        Template,
    )
    from crmcore.hooks.following import LookAt, Normaliser, Watcher
    from crmcore.model import Entity


@hookspec
def crm_tables() -> Sequence[type[Entity]] | None:
    """Declare the entity classes of the plugin, on an abstract base of its own: ``class WarrantyEntity(Entity, plugin="warranty")``.

    Example::

        @hookimpl
        def crm_tables():
            return [Warranty]
    """


@hookspec
def crm_migrations() -> Migrations | None:
    """Declare where the Alembic revisions of the plugin's tables are.

    Example::

        @hookimpl
        def crm_migrations():
            return Migrations("crmcore_warranty")
    """


@hookspec
def crm_configuration() -> ConfigSchema | None:
    """Declare the settings that a deployment may give the plugin, as a Cerberus schema with labels, help and defaults.

    Example::

        @hookimpl
        def crm_configuration():
            return ConfigSchema({"days": {"type": "integer", "default": 30, "label": Label("Giorni", "Days"), "help": "…"}})
    """


@hookspec
def crm_characteristics() -> Sequence[CharacteristicDef] | None:
    """Declare characteristics that the plugin adds to entities; keys start with the plugin's name and an underscore.

    Example::

        @hookimpl
        def crm_characteristics():
            return [CharacteristicDef(key="warranty_class", label=Label("Classe", "Class"))]
    """


@hookspec
def crm_field_types() -> Sequence[FieldType] | None:
    """Declare types that characteristics may have, named ``<plugin>.<type>``.

    Example::

        @hookimpl
        def crm_field_types():
            return [FieldType(name="italy.iban", label=Label("IBAN", "IBAN"), normalise=normalise_iban)]
    """


@hookspec
def crm_state_tables() -> Sequence[StateTable] | None:
    """Declare state tables, named ``<plugin>.<table>``.

    Example::

        @hookimpl
        def crm_state_tables():
            return [StateTable(name="warranty.claims", entity="warranty.claim", label=Label("Stati", "States"), states=(…))]
    """


@hookspec
def crm_permissions() -> Sequence[Permission] | None:
    """Declare functions that profiles may grant, named ``<plugin>.<function>``.

    Example::

        @hookimpl
        def crm_permissions():
            return [Permission(name="warranty.extend", label=Label("Estende garanzie", "Extend warranties"))]
    """


@hookspec
def crm_script_functions() -> Sequence[ScriptFunction] | None:
    """Declare pure functions that scripts may call, named ``<plugin>.<function>``.

    Example::

        @hookimpl
        def crm_script_functions():
            return [ScriptFunction(name="warranty.months", fn=months)]
    """


@hookspec
def crm_templates() -> Sequence[Template] | None:
    """Declare Jinja templates inside the plugin's package; each is compiled in the sandbox at start.

    Example::

        @hookimpl
        def crm_templates():
            return [Template(name="warranty.letter", package="crmcore_warranty", path="templates/letter.txt")]
    """


@hookspec
def crm_events() -> Sequence[type[Event]] | None:
    """Declare event classes of the plugin, whose TYPE starts with its name and a dot.

    Example::

        @hookimpl
        def crm_events():
            return [WarrantyExpiring]
    """


@hookspec
def crm_handlers() -> Sequence[Handler] | None:
    """Declare what listens to which event, in the transaction or after the commit.

    Example::

        @hookimpl
        def crm_handlers():
            return [Handler(event="account.created", fn=open_warranty)]
    """


@hookspec
def crm_jobs() -> Sequence[Job] | None:
    """Declare jobs, named ``<plugin>.<job>``; with ``every`` they recur.

    Example::

        @hookimpl
        def crm_jobs():
            return [Job(name="warranty.sweep", fn=sweep, every=Every(hours=24))]
    """


@hookspec
def crm_commands() -> Sequence[Command] | None:
    """Declare commands under ``crm <plugin>``; the target is imported when the command is used.

    Example::

        @hookimpl
        def crm_commands():
            return [Command(name="list", target="crmcore_warranty.commands:list_all", help="List warranties.")]
    """


@hookspec
def crm_error_codes() -> Sequence[ErrorCode] | None:
    """Declare the codes of the problems that the plugin reports, named ``<PLUGIN>_…`` in capitals, with both languages.

    Example::

        @hookimpl
        def crm_error_codes():
            return [ErrorCode("WARRANTY_EXPIRED", "expired on {on}", "scaduta il {on}", "Extend it first.")]
    """


@hookspec
def crm_extension_points() -> Sequence[ModuleType] | None:
    """Declare hook specifications that the plugin offers to the plugins that require it, as modules of `hookspec` functions.

    The names start with the plugin's name and an underscore. Call them through ``session.hooks``.

    Example::

        @hookimpl
        def crm_extension_points():
            return [crmcore_campaigns.points]
    """


@hookspec
def crm_configurables() -> Sequence[Configurable] | None:
    """Declare collections that a deployment configures in its files, named ``<plugin>.<collection>``.

    Each gets loading, validation with file and line, plan, apply, ownership and export.

    Example::

        @hookimpl
        def crm_configurables():
            return [Configurable(name="warranty.plans", label=Label("Piani", "Plans"), help="…", fields=PLAN, store=Rows(Plan))]
    """


@hookspec
def crm_configured() -> Sequence[Configured] | None:
    """Declare items of collections, the core's or those of plugins, as the layer of this plugin; a deployment may override each.

    They are written by every migration, and an upgrade of the plugin changes them as long as the deployment says nothing about them.

    Example::

        @hookimpl
        def crm_configured():
            return [Configured(collection="interaction_kinds", items={"fair": {"label": {"it": "Fiera", "en": "Fair"}}})]
    """


@hookspec
def crm_normalisers() -> Sequence[Normaliser] | None:
    """Declare what brings fields of records into their normal form, before they are checked and written.

    Example::

        @hookimpl
        def crm_normalisers():
            return [Normaliser(entity="warranty.item", fields=("serial",), fn=tidy_serials)]
    """


@hookspec
def crm_watchers() -> Sequence[Watcher] | None:
    """Declare what keeps derived tables, in the transaction of each change, one by one or in mass.

    Example::

        @hookimpl
        def crm_watchers():
            return [Watcher(entity="account", fields=("name",), fn=keep_initials)]
    """


@hookspec
def crm_derived_tables() -> Sequence[Table] | None:
    """Declare plain tables of the plugin whose rows are made of records, and can be made again: keys to look things up by, sums.

    They lie in the `METADATA` of all, have the plugin's prefix, and refer to nothing by foreign key. Only system actors see them, they
    keep no history, merges do not follow them, and whoever derives them keeps them: with `crm_watchers`. Their migrations may give them the
    form that the database does best.

    Example::

        @hookimpl
        def crm_derived_tables():
            return [INITIALS]
    """


@hookspec
def crm_contributions() -> Sequence[ContributionKind] | None:
    """Declare what counts as a contribution of a person, named ``<plugin>.<kind>``: it shows in the monitoring of users beside the core's.

    It is read from the audit, so its entity is one that is audited.

    Example::

        @hookimpl
        def crm_contributions():
            return [ContributionKind(name="warranty.claims", label=Label("Reclami", "Claims"), entity="warranty.claim")]
    """


@hookspec
def crm_change_kinds() -> Sequence[Kind] | None:
    """Declare kinds of mass changes, named ``<plugin>.<kind>``: ``session.changesets`` previews, confirms and undoes them.

    A `Kind` comes from `crmcore.changesets`, and so do the writers of its fields.

    Example::

        @hookimpl
        def crm_change_kinds():
            return [Kind(name="warranty.items", entity="warranty.item", writer=ColumnWriter("until", "notes"))]
    """


@hookspec
def crm_looks_at() -> Sequence[LookAt] | None:
    """Declare which records ``crm_validate`` and ``crm_before_commit`` of the plugin are about.

    They are called for changes of those alone, and only when there are some: a mass change of other records, or other fields, stays one
    statement for thousands. A record that is made or deleted counts as one of which every field changed. Who declares nothing sees every
    change, and every mass change has to load its records.

    Example::

        @hookimpl
        def crm_looks_at():
            return [LookAt(entity="warranty.item"), LookAt(entity="account", fields=("name", "vat"))]
    """
