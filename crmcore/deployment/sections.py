"""The sections of the main file of a deployment, as data: what may be in each, and what is written about it in a new file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from crmcore.deployment.explain import shown
from crmcore.deployment.places import KeyPath
from crmcore.deployment.rules import Rules
from crmcore.hooks import ConfigSchema, Label

Finding = tuple[KeyPath, str, Mapping[str, Any]]
"""A path below the section, a reason of `messages.REASONS`, and its parameters."""


def _nothing(_: Any) -> Iterator[Finding]:  # noqa: ANN401 - a value of any section
    yield from ()


@attrs.frozen(kw_only=True)
class Section:
    """Define one key of the main file.

    ``rules`` are those of Cerberus, with label and help; ``check`` finds what rules cannot say. A ``deferred`` section is only checked
    for its shape here: what is inside belongs to others, whose schemas are known later. ``comment`` is written above the key in a new
    file, in
    Italian.
    """

    key: str
    rules: Rules
    comment: str
    check: Callable[[Any], Iterator[Finding]] = _nothing
    deferred: bool = False


def _check_zone(value: str) -> Iterator[Finding]:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A folder of the database of zones (`Europe`) is an OSError.
        yield (), "zone", {"value": shown(value)}


def _check_include(value: Sequence[str]) -> Iterator[Finding]:
    for number, pattern in enumerate(value):
        path = PurePosixPath(pattern)
        if path.is_absolute() or ".." in path.parts or "\\" in pattern:
            yield (number,), "outside", {"value": shown(pattern)}


def _check_plugins(value: Sequence[str]) -> Iterator[Finding]:
    for number, name in enumerate(value):
        if name in value[:number]:
            yield (number,), "repeated", {"value": shown(name)}


SECTIONS: Final = (
    Section(
        key="database",
        rules={
            "type": "string",
            "required": True,
            "empty": False,
            "secret": True,
            "example": "sqlite:///crm.db",
            "label": Label("Database", "Database"),
            "help": "Address of the database: `sqlite:///crm.db` (relative to this folder) or `postgresql://user:${env:PASSWORD}@host/name`.",
        },
        comment="Il database: un file SQLite (relativo a questa cartella), oppure PostgreSQL, per esempio\n"
        "postgresql://crm:${env:CRM_DB_PASSWORD}@localhost/crm — la password viene dall'ambiente, non da questo file.",
    ),
    Section(
        key="plugins",
        rules={
            "type": "list",
            "schema": {"type": "string", "regex": "[a-z][a-z0-9_]{0,23}"},
            "default": [],
            "label": Label("Plugin", "Plugins"),
            "help": "Names of the plugins that are enabled, in any order.",
        },
        comment="I plugin abilitati, in qualsiasi ordine. `crm plugin list` mostra quelli installati.",
        check=_check_plugins,
    ),
    Section(
        key="settings",
        rules={
            "type": "dict",
            "valuesrules": {"type": "dict", "nullable": True},
            "default": {},
            "label": Label("Impostazioni", "Settings"),
            "help": "Settings of the plugins, by plugin.",
        },
        comment="Le impostazioni dei plugin, per nome di plugin.",
        deferred=True,
    ),
    Section(
        key="include",
        rules={
            "type": "list",
            "schema": {"type": "string", "empty": False},
            "default": [],
            "label": Label("File inclusi", "Included files"),
            "help": "Further files, such as `config/*.yaml`: portfolios, characteristics, states and whatever is configured.",
        },
        comment="Altri file, per esempio config/*.yaml: portafogli, caratteristiche, stati, zone.\n"
        "`crm plan` li confronta con il database, e `crm apply` li applica.",
        check=_check_include,
    ),
    Section(
        key="zone",
        rules={
            "type": "string",
            "default": "Europe/Rome",
            "label": Label("Fuso orario", "Time zone"),
            "help": "IANA name of the zone in which dates and times are shown and schedules run.",
        },
        comment="Il fuso orario in cui si mostrano date e ore.",
        check=_check_zone,
    ),
    Section(
        key="lang",
        rules={
            "type": "string",
            "allowed": ["it", "en"],
            "default": "it",
            "label": Label("Lingua", "Language"),
            "help": "Language of messages: `it` or `en`.",
        },
        comment="La lingua dei messaggi: it oppure en.",
    ),
    Section(
        key="busy_timeout",
        rules={
            "type": "number",
            "min": 0,
            "max": 3600,
            "default": 30,
            "label": Label("Attesa del database", "Database wait"),
            "help": "Seconds to wait for a lock of the database before giving up.",
        },
        comment="Quanti secondi aspettare un database occupato prima di rinunciare.",
    ),
)
"""Every section of the main file, in the order in which a new file has them."""

MAIN: Final = ConfigSchema({section.key: section.rules for section in SECTIONS})
"""The schema of the main file."""
