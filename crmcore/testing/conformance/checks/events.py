"""Events: what is published today can be read when it is delivered, and in a year."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import attrs

from crmcore.errors import Problem
from crmcore.events import Envelope, Event, event_payload
from crmcore.registry.discovery import describe
from crmcore.testing.conformance.sample_events import VARIANTS, sample_event
from crmcore.testing.conformance.subject import START, Subject

_HOOK: Final = "crm_events"
_UNKNOWN_VERSION: Final = "no upcast from version"


def events_round_trip(subject: Subject) -> Iterator[Problem]:
    """Bring instances of each declared event through JSON and back, unchanged; older versions have an upcast."""
    for event in subject.registry.events.values():
        if event.owner != subject.name or event.cls is None:
            continue
        for reason in dict.fromkeys(_lost(event.cls)):
            yield subject.problem("KIT_EVENT_ROUND_TRIP", event.type, hook=_HOOK, type=event.type, reason=reason)
        for old in range(1, event.version):
            if not _can_upcast(event.cls, old):
                yield subject.problem("KIT_EVENT_UPCAST", event.type, hook=_HOOK, type=event.type, version=event.version, old=old)


def _lost(cls: type[Event]) -> Iterator[str]:
    for variant in range(VARIANTS):
        try:
            instance = sample_event(cls, variant=variant)
            stored = json.loads(json.dumps(event_payload(instance), allow_nan=False))
            again = _envelope(cls, stored).read(cls)
        except Exception as error:  # noqa: BLE001 - validators of the class are foreign code: whatever they raise is reported with it
            yield describe(error.__cause__ or error)
            continue
        if again != instance:
            changed = [field.name for field in attrs.fields(cls) if getattr(again, field.name) != getattr(instance, field.name)]
            yield f"{', '.join(changed)} came back different" if changed else "two instances with the same fields are not equal"


def _envelope(cls: type[Event], payload: dict[str, object]) -> Envelope:
    return Envelope(
        event_id="00000000-0000-7000-8000-000000000001",
        type=cls.TYPE,
        version=cls.VERSION,
        at=START,
        actor="kit",
        device=None,
        source="kit",
        entity=None,
        id=None,
        changes={},
        payload=payload,
        correlation_id="00000000-0000-7000-8000-000000000001",
        causation_id=None,
        depth=0,
    )


def _can_upcast(cls: type[Event], old: int) -> bool:
    """Return whether a class knows an older version; an upcast that misses something in an empty payload knows it all the same."""
    try:
        cls.upcast(old, {})
    except ValueError as error:
        return not str(error).startswith(_UNKNOWN_VERSION)
    except Exception:  # noqa: BLE001 - foreign code, given less than it may expect
        return True
    return True
