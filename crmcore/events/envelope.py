"""Events: frozen values with a version, and the envelope in which they are stored and delivered."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import attrs

from crmcore.errors import UsageError

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter


class RecordVerb(StrEnum):
    """What can happen to a record; each audited entity publishes ``<entity>.<verb>`` by itself."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@attrs.frozen(kw_only=True)
class Event:
    """Base of the events that plugins declare.

    Derive a frozen attrs class, give it ``TYPE`` (``<plugin>.<what happened>``) and ``VERSION``, and fields of plain types: text,
    numbers, Decimal, dates, instants, and lists and mappings of these::

        @attrs.frozen(kw_only=True)
        class WarrantyExpiring(Event):
            TYPE: ClassVar[str] = "warranty.expiring"
            warranty_id: int
            until: date

    An event had better name records by their keys. One that carries personal data says which fields hold it, and about whom it is:
    erasing goes by that.
    """

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    PERSONAL: ClassVar[tuple[str, ...]] = ()
    """Fields whose text is personal data."""
    ABOUT: ClassVar[Mapping[str, str]] = {}
    """Field that holds the key of a record → name of its entity."""

    @classmethod
    def upcast(cls, version: int, payload: dict[str, Any]) -> dict[str, Any]:
        """Turn the payload of an older ``version`` into the present one; override it when VERSION rises.

        Raises:
            ValueError: when that version is not known.
        """
        if version != cls.VERSION:
            message = f"no upcast from version {version} to {cls.VERSION}"
            raise ValueError(message)
        return payload


E = TypeVar("E", bound=Event)


@attrs.frozen(kw_only=True)
class Envelope:
    """An event as it is stored and handed to handlers: what happened, to what, when, by whom, and why.

    ``changes`` maps fields to ``(old, new)`` as JSON values, for events of records. ``payload`` holds the fields of a declared
    event as JSON; `read` turns it back. ``correlation_id`` is common to a whole chain, ``causation_id`` is the event that led
    to this one, and ``depth`` counts how many.
    """

    event_id: str
    type: str
    version: int
    at: datetime
    actor: str
    device: str | None
    source: str
    entity: str | None
    id: int | None
    changes: Mapping[str, tuple[Any, Any]]
    payload: Mapping[str, Any]
    correlation_id: str
    causation_id: str | None
    depth: int

    def read(self, cls: builtins.type[E]) -> E:
        """Return the typed event, brought to the present version of its class.

        Raises:
            UsageError: ``EVENT_UNREADABLE`` when the stored payload does not fit the class.
        """
        try:
            payload = cls.upcast(self.version, dict(self.payload))
            return converter().structure(payload, cls)
        except Exception as error:  # any fault of a foreign `upcast` or of the stored data is one answer: it cannot be read
            raise UsageError(
                "EVENT_UNREADABLE",
                event_id=self.event_id,
                type=self.type,
                version=self.version,
                reason=repr(error),
            ) from error


@cache
def converter() -> JsonConverter:
    """Return the converter between events and JSON values: Decimals are text, dates ISO, unknown keys are errors."""
    from cattrs.preconf.json import make_converter  # noqa: PLC0415 - not needed to start, and not cheap to import

    made = make_converter(forbid_extra_keys=True)
    made.register_unstructure_hook(Decimal, str)
    made.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    return made


def event_payload(event: Event) -> dict[str, Any]:
    """Return the fields of an event as JSON values."""
    payload: dict[str, Any] = converter().unstructure(event)
    return payload


@attrs.frozen(kw_only=True)
class LoopDetected(Event):
    """Tell that a chain of handlers was stopped because it went deeper than the limit; ``chain`` lists the event types, first to last."""

    TYPE: ClassVar[str] = "automation.loop_detected"

    limit: int
    chain: tuple[str, ...]
