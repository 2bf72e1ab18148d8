"""Fault: it listens to SQLAlchemy when it is imported, so that disabling it changes nothing.

Expected: KIT_DISABLED_ACTIVE account.name
Found by: disable_and_enable
"""

from sqlalchemy import event

from crmcore import Account, PluginInfo

PLUGIN = PluginInfo(name="never_off")


def shout(mapper, connection, account):
    account.name = account.name.upper()


event.listen(Account, "before_insert", shout)


def undo():
    event.remove(Account, "before_insert", shout)
