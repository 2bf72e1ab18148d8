"""Fault: a template does not compile.

Expected: TEMPLATE_INVALID unreadable_template.letter
Found by: starts_alone
"""

from crmcore import Migrations, PluginInfo, Template, hookimpl

PLUGIN = PluginInfo(name="unreadable_template")


@hookimpl
def crm_migrations():
    return None


@hookimpl
def crm_templates():
    return [Template(name="unreadable_template.letter", package="unreadable_template", path="letter.txt")]
