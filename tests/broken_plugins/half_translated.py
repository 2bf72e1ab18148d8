"""Fault: an error message says less in Italian than in English.

Expected: KIT_TEXT HALF_TRANSLATED_LATE
Found by: texts
"""

from crmcore import ErrorCode, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="half_translated")


@hookimpl
def crm_error_codes():
    return [ErrorCode("HALF_TRANSLATED_LATE", "late by {days} days", "in ritardo", "Hurry.")]
