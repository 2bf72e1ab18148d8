"""Open a Crm whose schema may be behind: for the commands that look at the schema, or mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmcore.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.deployment import Deployment
    from crmcore.registry import Registry


def load_checked(deployment: Deployment, plugins: Sequence[str]) -> Registry:
    """Return the registry of some plugins with the settings of a deployment; no database is touched.

    Raises:
        StartError, ConfigurationError: with everything that is wrong.
    """
    from crmcore.deployment import validate_settings  # noqa: PLC0415 - only commands that start plugins pay for this
    from crmcore.registry import load  # noqa: PLC0415

    registry, _ = load(tuple(plugins))
    _, problems = validate_settings(deployment, registry.config, left_out=set(deployment.plugins) - set(plugins))
    refuse(deployment, problems)
    return registry


def refuse(deployment: Deployment, problems: Sequence[Problem]) -> None:
    """Raise a `ConfigurationError` with the problems, if there are any."""
    if problems:
        raise ConfigurationError("CONFIG_REFUSED", problems, place=deployment.source.name)


def open_any_schema(deployment: Deployment, registry: Registry) -> Crm:
    """Return a Crm that did not check its schema; `Crm.open` always does."""
    from crmcore.app import Crm  # noqa: PLC0415 - only commands that open a database pay for this
    from crmcore.events import Ids, SystemClock, WeekdayCalendar  # noqa: PLC0415
    from crmcore.storage import open_storage  # noqa: PLC0415

    clock = SystemClock()
    return Crm(
        storage=open_storage(deployment.database, busy_timeout=deployment.busy_timeout),
        connection=None,
        registry=registry,
        settings={},
        zone=deployment.zone,
        lang=deployment.lang,
        clock=clock,
        ids=Ids(clock),
        calendar=WeekdayCalendar(),
    )
