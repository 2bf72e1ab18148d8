"""Fault: a template fails where a field is missing.

Expected: KIT_TEMPLATE missing_in_template.letter
Found by: templates
"""

from crmcore import Migrations, PluginInfo, Template, hookimpl

PLUGIN = PluginInfo(name="missing_in_template")


@hookimpl
def crm_migrations():
    return None


@hookimpl
def crm_templates():
    return [Template(name="missing_in_template.letter", package="missing_in_template", path="letter.txt")]
