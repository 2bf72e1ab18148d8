"""Fault: numbers are drawn from a counter that all CRMs of the process share.

Expected: KIT_LEAK account
Found by: twice_in_one_process
"""

import itertools

from crmcore import Account, Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="shared_numbers")


NUMBERS = itertools.count(1)


def greet(session, event):
    account = session.require(Account, event.id)
    if account.phone1 is None:
        account.phone1 = str(next(NUMBERS))


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
