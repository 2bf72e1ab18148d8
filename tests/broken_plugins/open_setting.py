"""Fault: a part of its settings takes any key, also a misspelt one.

Expected: KIT_CONFIG_OPEN mail
Found by: configuration
"""

from crmcore import ConfigSchema, Label, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="open_setting")


@hookimpl
def crm_configuration():
    return ConfigSchema(
        {
            "mail": {
                "type": "dict",
                "allow_unknown": True,
                "label": Label("Posta", "Mail"),
                "help": "How to send.",
                "schema": {"sender": {"type": "string", "default": "crm", "label": Label("Da", "From"), "help": "Who sends."}},
            }
        }
    )
