"""The two markers of the plugin API, and the description of a plugin."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, TypeVar

import attrs
import pluggy

from crmcore.labels import Label

PROJECT: Final = "crmcore"
API_VERSION: Final = "0.1"
"""Version of the plugin API, which `PluginInfo.api` is checked against."""

SPEC_ATTRIBUTE: Final = f"{PROJECT}_spec"
"""Attribute under which pluggy marks a specification."""
SLOT_ATTRIBUTE: Final = "crmcore_single_slot"

hookspec = pluggy.HookspecMarker(PROJECT)
"""Mark a function as the specification of a hook."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark a function of a plugin as the implementation of the hook with its name."""

F = TypeVar("F", bound=Callable[..., object])


def single_slot(function: F) -> F:
    """Mark a hook specification as one that takes a single implementation; a second claimant stops the start."""
    setattr(function, SLOT_ATTRIBUTE, True)
    return function


class Capability(enum.StrEnum):
    """What a plugin may ask for that gets around the platform, once it declares it; `crm doctor` shows who does."""

    ENGINE = "engine"
    """The raw engine: no unit of work, no history, no row visibility (`Crm.raw_engine`)."""
    UNGUARDED = "unguarded"
    """To read past what the user may see (`Session.unguarded`)."""


@attrs.frozen(kw_only=True)
class PluginInfo:
    """Describe a plugin; the module of a plugin holds one as ``PLUGIN``.

    ``name`` is the prefix of everything the plugin owns. ``api`` is the range of plugin API versions that it works with.
    ``requires`` lists other plugins by name, each with an optional version range (``"offers>=1.2"``). ``version`` is taken from
    the distribution when it is empty. ``capabilities`` are those that it asks for, see `Capability`.
    """

    name: str
    api: str = f">={API_VERSION}"
    requires: tuple[str, ...] = ()
    version: str = ""
    label: Label | None = None
    summary: str = ""
    capabilities: tuple[str, ...] = ()
