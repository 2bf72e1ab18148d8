"""Conditions as people type them on a command line, turned into the filters of `crmcore.query`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from crmcore.query.fields import find_field
from crmcore.query.kinds import Kind

if TYPE_CHECKING:
    from crmcore.model import Entity
    from crmcore.session import Session

_CONDITION: Final = re.compile(r"\s*(?P<field>[\w.]+)\s*(?P<op>!=|>=|<=|=|>|<|~)\s*(?P<value>.*)", re.DOTALL)
_OPERATORS: Final[Mapping[str, str]] = {"=": "eq", "!=": "ne", ">=": "ge", "<=": "le", ">": "gt", "<": "lt", "~": "contains"}
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "yes": True, "sì": True, "si": True, "false": False, "no": False}


def read_conditions(session: Session, cls: type[Entity], given: Sequence[str]) -> Mapping[str, Any] | None:
    """Return the filter that all conditions together are, None when there are none.

    One is ``field=value`` (also ``!=``, ``>``, ``>=``, ``<``, ``<=``, and ``~`` for a text that contains another; ``field=`` for
    what is empty), or a filter as JSON.

    Raises:
        click.BadParameter: when one is neither.
    """
    found = [_condition(session, cls, each) for each in given]
    if not found:
        return None
    return found[0] if len(found) == 1 else {"and": found}


def _condition(session: Session, cls: type[Entity], text: str) -> Mapping[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            read = json.loads(text)
        except ValueError as error:
            message = f"{text!r} is not JSON: {error}"
            raise click.BadParameter(message) from None
        return dict(read)
    match = _CONDITION.fullmatch(text)
    if match is None:
        message = f"{text!r} is no condition: write field=value, field>=value, field~text, or a filter as JSON"
        raise click.BadParameter(message)
    name, op, value = match["field"], _OPERATORS[match["op"]], match["value"]
    if not value and op in {"eq", "ne"}:
        return {"field": name, "op": "is_null", "value": op == "eq"}
    return {"field": name, "op": op, "value": _value(session, cls, name, value)}


def _value(session: Session, cls: type[Entity], name: str, value: str) -> object:
    """Return the value in the type of the field; what does not fit stays text, for the filter to refuse with its own words."""
    field = find_field(session, cls, cls, name)
    kind = field.kind if field is not None else Kind.TEXT
    if kind is Kind.FLAG:
        return _FLAGS.get(value.casefold(), value)
    if kind is Kind.NUMBER and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    return value
