"""Fault: it allows itself the network, and does not say why.

Expected: KIT_SOURCE smtplib
Found by: source
"""

from smtplib import SMTP  # crmcore: allow mail

from crmcore import PluginInfo

PLUGIN = PluginInfo(name="unexplained_permit")


def send(text):
    return SMTP, text
