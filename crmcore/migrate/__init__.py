"""Migrations: Alembic driven from Python, one version table per plugin, everything pending in one transaction."""

from crmcore.migrate.comparing import Difference, compare
from crmcore.migrate.history import REVISION_LENGTH, check_migrations, heads, version_table
from crmcore.migrate.making import make_revision
from crmcore.migrate.purging import PurgeReport, purge, purge_report
from crmcore.migrate.recording import PluginRecord, record_plugins, recorded_plugins
from crmcore.migrate.running import Progress, Step, downgrade, upgrade
from crmcore.migrate.status import SchemaState, refuse_unless_current, require_current, status
from crmcore.migrate.transaction import migration_transaction

__all__ = [
    "REVISION_LENGTH",
    "Difference",
    "PluginRecord",
    "Progress",
    "PurgeReport",
    "SchemaState",
    "Step",
    "check_migrations",
    "compare",
    "downgrade",
    "heads",
    "make_revision",
    "migration_transaction",
    "purge",
    "purge_report",
    "record_plugins",
    "recorded_plugins",
    "refuse_unless_current",
    "require_current",
    "status",
    "upgrade",
    "version_table",
]
