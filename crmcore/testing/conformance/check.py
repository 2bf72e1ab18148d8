"""The list of all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from crmcore.errors import Problem
from crmcore.testing.conformance.checks import (
    behaviour,
    events,
    lifecycle,
    loading,
    memory,
    migrations,
    people,
    records,
    settings,
    source,
    tables,
    texts,
)
from crmcore.testing.conformance.subject import Bench, Subject


@attrs.frozen
class Check:
    """One check: a function of the subject, or one that is tried on a database of each kind."""

    name: str
    summary: str
    plain: Callable[[Subject], Iterable[Problem]] | None = None
    tried: Callable[[Subject, Bench], Iterable[Problem]] | None = None

    @classmethod
    def of(cls, function: Callable[[Subject], Iterable[Problem]]) -> Check:
        """Return the check of a function that needs no database."""
        return cls(function.__name__, _summary(function), plain=function)

    @classmethod
    def on_databases(cls, function: Callable[[Subject, Bench], Iterable[Problem]]) -> Check:
        """Return the check of a function that is tried on SQLite and on PostgreSQL."""
        return cls(function.__name__, _summary(function), tried=function)


def _summary(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").strip().partition("\n")[0]


START: Final = "starts_alone"
"""The check without which no other makes sense."""

CHECKS: Final[tuple[Check, ...]] = (
    Check.of(loading.starts_alone),
    Check.of(loading.starts_with_all),
    Check.of(loading.registered),
    Check.of(loading.quiet_import),
    Check.of(source.source),
    Check.of(settings.configuration),
    Check.of(migrations.files_shipped),
    Check.of(tables.references_declared),
    Check.of(tables.personal_data),
    Check.of(tables.visibility_resolves),
    Check.of(people.subjects_named),
    Check.of(texts.state_tables),
    Check.of(texts.scripts),
    Check.of(texts.field_types),
    Check.of(texts.templates),
    Check.of(texts.texts),
    Check.of(texts.commands),
    Check.of(events.events_round_trip),
    Check.on_databases(migrations.migrations_equal_models),
    Check.on_databases(migrations.migrations_reverse),
    Check.on_databases(migrations.migrations_stay_home),
    Check.on_databases(records.records),
    Check.on_databases(records.bulk_equals_single),
    Check.on_databases(records.query_budgets),
    Check.on_databases(people.erasure),
    Check.on_databases(people.visibility_holds),
    Check.on_databases(behaviour.handlers_idempotent),
    Check.on_databases(behaviour.handlers_isolated),
    Check.on_databases(behaviour.jobs_run),
    Check.on_databases(behaviour.transactions_respected),
    Check.on_databases(behaviour.network_unused),
    Check.on_databases(memory.stateless),
    Check.on_databases(loading.twice_in_one_process),
    Check.on_databases(lifecycle.disable_and_enable),
    Check.on_databases(lifecycle.purge),
)
"""Every check, in the order in which they run."""

BY_NAME: Final = {check.name: check for check in CHECKS}
