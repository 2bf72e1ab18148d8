"""The present values of a record, as rules look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from sqlalchemy.orm.attributes import instance_state

from crmcore import Change, Entity

Fields = Mapping[str, Any]
"""Fields of a record by name; one that a new record does not have yet may be left out."""


@attrs.frozen
class _Reread(Fields):
    """Fields of a record that a rollback has expired: they are read again, which its ``__dict__`` would not do."""

    record: Entity

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - any column value
        return getattr(self.record, field)

    def __iter__(self) -> Iterator[str]:
        return iter(self.record.__mapper__.columns.keys())

    def __len__(self) -> int:
        return len(self.record.__mapper__.columns)


def fields_of(change: Change) -> Fields:
    """Return the fields of the record of a change, as they are whenever they are asked for."""
    record = change.record
    return _Reread(record) if instance_state(record).expired_attributes else vars(record)
