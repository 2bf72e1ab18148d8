"""Call scripts and letters: texts with placeholders, in a sandbox."""

from crmcore.scripting.templates.api import Missing, Rendered, Templates, TemplateUnresolved
from crmcore.scripting.templates.checking import Fields
from crmcore.scripting.texts.channels import Channel

__all__ = ["Channel", "Fields", "Missing", "Rendered", "TemplateUnresolved", "Templates"]
