"""The engine of texts with placeholders, as it runs in this process and in locked workers; imports neither sockets nor processes."""

from crmcore.scripting.texts.channels import Channel

__all__ = ["Channel"]
