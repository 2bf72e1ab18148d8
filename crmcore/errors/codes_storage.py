"""Error codes of databases, migrations and purging."""

from typing import Final

from crmcore.errors.code import ErrorCode

STORAGE: Final = (
    ErrorCode(
        "DATABASE_URL",
        "{url!r} is not a database that crmcore can use: {reason}",
        "{url!r} non è un database utilizzabile da crmcore: {reason}",
        "Use `sqlite:///file.db` or `postgresql://user@host/name` (with the extra `pg`).",
    ),
    ErrorCode(
        "DATABASE_UNREACHABLE",
        "the database does not answer: {error}",
        "il database non risponde: {error}",
        "Check that the server runs, and the address and user in the deployment.",
    ),
    ErrorCode(
        "DATABASE_BUSY",
        "the database stayed locked for {seconds} s",
        "il database è rimasto bloccato per {seconds} s",
        "Another process holds a long write. Shorten it, raise `busy_timeout`, or use PostgreSQL for many writers.",
    ),
    ErrorCode(
        "SCHEMA_BEHIND",
        "the schema is not current: {detail}; run `crm migrate`",
        "lo schema non è aggiornato: {detail}; eseguire `crm migrate`",
        "Nothing is migrated behind your back. Run `crm migrate`, or open with `migrate=True`.",
    ),
    ErrorCode(
        "SCHEMA_AHEAD",
        "the schema is newer than the code: {detail}",
        "lo schema è più nuovo del codice: {detail}",
        "The database was migrated by a later version. Upgrade the installed distribution.",
    ),
    ErrorCode(
        "MIGRATION_FAILED",
        "migration {revision} of {plugin} failed and nothing was changed: {error}",
        "la migrazione {revision} di {plugin} è fallita e nulla è stato modificato: {error}",
        "The whole migration is one transaction, so the schema is the old one. Mend the revision and run again.",
    ),
    ErrorCode(
        "PURGE_REFUSED",
        "plugin {name!r} cannot be purged: {reason}",
        "il plugin {name!r} non può essere eliminato: {reason}",
        "Disable the plugin, and what depends on it, first; then look at the report and confirm with its token.",
    ),
)
