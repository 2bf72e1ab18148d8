"""Fault: a template gives megabytes of text.

Expected: KIT_TEMPLATE endless_template.letter
Found by: templates
"""

from crmcore import Migrations, PluginInfo, Template, hookimpl

PLUGIN = PluginInfo(name="endless_template")


@hookimpl
def crm_migrations():
    return None


@hookimpl
def crm_templates():
    return [Template(name="endless_template.letter", package="endless_template", path="letter.txt")]
