"""The exit codes of `crm`: the one place where they are decided."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from crmcore.errors import ConfigurationError, CrmError, DatabaseBusy, StartError


class ExitCode(enum.IntEnum):
    """What the process that ran `crm` is told."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFIGURATION = 3
    SCHEMA = 4
    DATABASE = 5
    CHANGES = 6
    INTERRUPTED = 130


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done",
    ExitCode.REFUSED: "refused, failed, or problems found",
    ExitCode.USAGE: "the command was called in a wrong way",
    ExitCode.CONFIGURATION: "the configuration is wrong, or the plugins do not start",
    ExitCode.SCHEMA: "the schema is not that of the code: run `crm migrate`",
    ExitCode.DATABASE: "the database does not answer, or stays busy",
    ExitCode.CHANGES: "`crm plan`: there is something to apply",
    ExitCode.INTERRUPTED: "interrupted",
}
"""Every exit code, as `crm --help` and the reference show it."""

_BY_CODE: Final = {
    "DEPLOYMENT_EXISTS": ExitCode.REFUSED,
    "SCHEMA_BEHIND": ExitCode.SCHEMA,
    "SCHEMA_AHEAD": ExitCode.SCHEMA,
    "DATABASE_URL": ExitCode.CONFIGURATION,
    "DATABASE_UNREACHABLE": ExitCode.DATABASE,
    "DATABASE_BUSY": ExitCode.DATABASE,
}


def exit_code(error: CrmError) -> ExitCode:
    """Return the exit code of an error."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if isinstance(error, StartError | ConfigurationError):
        return ExitCode.CONFIGURATION
    return ExitCode.DATABASE if isinstance(error, DatabaseBusy) else ExitCode.REFUSED
