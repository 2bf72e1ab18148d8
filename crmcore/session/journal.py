"""Write what a commit did: audit rows, events, deliveries and jobs, as few statements as there are tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, insert

from crmcore.events import Envelope
from crmcore.hooks import Phase
from crmcore.model import AUDIT, EVENT
from crmcore.session.changes import Change
from crmcore.work.queue import NewJob, insert_jobs

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
    if told:
        connection.execute(insert(AUDIT), [_audit_row(item) for item in told])
    if published:
        connection.execute(insert(EVENT), [_event_row(event) for event in published])
    deliveries = list(_deliveries(registry, (event for event in published if event.event_id not in stopped)))
    if deliveries or jobs:
        insert_jobs(connection, [*deliveries, *jobs])


def _audit_row(item: Told) -> dict[str, Any]:
    event, change = item.event, item.change
    return {
        "at": event.at,
        "actor": event.actor,
        "device": event.device,
        "source": event.source,
        "correlation_id": event.correlation_id,
        "entity": change.entity,
        "entity_id": event.id,
        "verb": change.verb.value,
        "changes": event.changes,
    }


def _event_row(event: Envelope) -> Mapping[str, Any]:
    return {
        "event_id": event.event_id,
        "type": event.type,
        "version": event.version,
        "at": event.at,
        "actor": event.actor,
        "device": event.device,
        "source": event.source,
        "entity": event.entity,
        "entity_id": event.id,
        "changes": event.changes,
        "payload": event.payload,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "depth": event.depth,
    }


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
