"""Fault: a hook rolls back the commit that it was asked about.

Expected: KIT_TRANSACTION_ENDED crm_before_commit
Found by: transactions_respected
"""

from crmcore import PluginInfo, hookimpl

PLUGIN = PluginInfo(name="rolling_back")


@hookimpl
def crm_before_commit(session, changes):
    if any(change.entity == "account" and change.record.name == "" for change in changes):
        return
    session.orm.rollback()
