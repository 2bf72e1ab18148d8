"""Write what a commit did: audit rows, events, deliveries and jobs, in as few statements as the database allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection

from crmcore.events import Envelope
from crmcore.hooks import Phase
from crmcore.model import AUDIT, EVENT
from crmcore.session.changes import Change
from crmcore.storage import NewRows, insert_rows
from crmcore.work.queue import NewJob, rows_without_key, upsert_with_key

if TYPE_CHECKING:
    from crmcore.registry import Registry


@attrs.frozen
class Told:
    """A change with the envelope of its event."""

    change: Change
    event: Envelope


def write_journal(
    connection: Connection,
    registry: Registry,
    told: Sequence[Told],
    published: Sequence[Envelope],
    jobs: Sequence[NewJob],
    stopped: Collection[str],
) -> None:
    """Insert the history of a commit.

    ``told`` are its record changes, ``published`` all its events, in order, of which the ``stopped`` ones are not delivered.
    """
    deliveries = list(_deliveries(registry, (event for event in published if event.event_id not in stopped)))
    batches = (
        NewRows(AUDIT, _AUDIT, [_audit_row(item) for item in told]),
        NewRows(EVENT, _EVENT, [_event_row(event) for event in published]),
        rows_without_key([*deliveries, *jobs]),
    )
    insert_rows(connection, batches)
    upsert_with_key(connection, jobs)


_AUDIT: Final = ("at", "actor", "device", "source", "correlation_id", "entity", "entity_id", "verb", "changes")
_EVENT: Final = (
    "event_id",
    "type",
    "version",
    "at",
    "actor",
    "device",
    "source",
    "entity",
    "entity_id",
    "changes",
    "payload",
    "correlation_id",
    "causation_id",
    "depth",
)


def _audit_row(item: Told) -> tuple[Any, ...]:
    event = item.event
    # The type of a record's event is entity, dot, verb; asking the enumeration for its value costs more than the rest of the row.
    verb = event.type[len(item.change.entity) + 1 :]
    return (event.at, event.actor, event.device, event.source, event.correlation_id, item.change.entity, event.id, verb, event.changes)


def _event_row(event: Envelope) -> tuple[Any, ...]:
    return (
        event.event_id,
        event.type,
        event.version,
        event.at,
        event.actor,
        event.device,
        event.source,
        event.entity,
        event.id,
        event.changes,
        event.payload,
        event.correlation_id,
        event.causation_id,
        event.depth,
    )


def _deliveries(registry: Registry, events: Iterable[Envelope]) -> Iterable[NewJob]:
    handlers: dict[str, tuple[Any, ...]] = {}
    for event in events:
        if event.type not in handlers:
            handlers[event.type] = registry.handlers_of(event.type, Phase.AFTER_COMMIT)
        for bound in handlers[event.type]:
            yield NewJob(
                kind="delivery",
                plugin=bound.plugin,
                name=bound.name,
                run_at=event.at,
                created_at=event.at,
                event_id=event.event_id,
                max_attempts=bound.handler.max_attempts,
                correlation_id=event.correlation_id,
                causation_id=event.event_id,
                depth=event.depth,
            )
