"""What one call of `crm` knows: which deployment, how to print; the Crm is opened when a command first asks for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import attrs
import click

from crmcore.cli.output import Output
from crmcore.cli.texts import TEXTS

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.deployment import Deployment

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_LANG = "it"


@attrs.define
class CliState:
    """Hold the options of the root command, and open things late: `crm --help` needs no deployment."""

    path: Path = attrs.field(factory=Path)
    as_json: bool = False
    chosen_lang: str | None = None
    debug: bool = False
    _deployment: Deployment | None = None
    _crm: Crm | None = None

    @property
    def lang(self) -> str:
        """The language of messages: the option, else that of the deployment if it was read, else Italian."""
        if self.chosen_lang:
            return self.chosen_lang
        return self._deployment.lang if self._deployment else DEFAULT_LANG

    @property
    def output(self) -> Output:
        """The printer of this call."""
        return Output(self.as_json, lambda: self.lang)

    def text(self, key: str, /, **params: object) -> str:
        """Return a sentence of `texts.TEXTS` in the language of the user."""
        italian, english = TEXTS[key]
        return (italian if self.lang == "it" else english).format(**params)

    def deployment(self) -> Deployment:
        """Read the deployment, once.

        Raises:
            ConfigurationError: with everything that is wrong with its file.
        """
        if self._deployment is None:
            from crmcore.deployment import load  # noqa: PLC0415 - Cerberus and ruamel are only needed here

            self._deployment = load(self.path)
        return self._deployment

    def forget(self) -> None:
        """Read the deployment anew at the next call: its file was edited."""
        self._deployment = None

    def crm(self) -> Crm:
        """Open the Crm of the deployment, once; it is closed when the command ends."""
        if self._crm is None:
            from crmcore.app import Crm  # noqa: PLC0415 - SQLAlchemy and the plugins are only needed here

            self._crm = Crm.open(self.deployment())
        return self._crm

    def close(self) -> None:
        """Close the Crm, if a command opened it."""
        if self._crm is not None:
            self._crm.close()
            self._crm = None


def state() -> CliState:
    """Return the state of the running call."""
    found = click.get_current_context().find_object(CliState)
    if found is None:
        message = "there is no running `crm` command"
        raise RuntimeError(message)
    return found


def pass_state(function: Callable[Concatenate[CliState, P], R]) -> Callable[P, R]:
    """Call a command with the state of the call as its first argument."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(state(), *args, **kwargs)

    return call


def current_crm() -> Crm:
    """Return the Crm of the deployment that the running command works on; it is opened at the first call and closed at the end.

    Raises:
        StartError, ConfigurationError, DatabaseError: what `Crm.open` raises; the command ends with the message and its exit code.
    """
    return state().crm()


def current_output() -> Output:
    """Return the printer of the running command, which knows about ``--json`` and the terminal."""
    return state().output


def pass_crm(function: Callable[Concatenate[Any, P], R]) -> Callable[P, R]:
    """Call a click command of a plugin with the open Crm as its first argument.

    Example::

        @click.command()
        @pass_crm
        def expiring(crm: Crm) -> None: ...
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(current_crm(), *args, **kwargs)

    return call
