"""The present values of a record, as rules look at them."""

from __future__ import annotations

from typing import Any

import attrs

from crmcore import Change, Entity


@attrs.frozen
class Fields:
    """Fields of a record by name; what a rollback has expired is read again, which its ``__dict__`` would not do."""

    record: Entity

    def get(self, field: str) -> Any:  # noqa: ANN401 - any column value
        """Return the value of a field; None for one that a new record does not have yet."""
        return getattr(self.record, field)

    def __getitem__(self, field: str) -> Any:  # noqa: ANN401 - as above
        return getattr(self.record, field)


def fields_of(change: Change) -> Fields:
    """Return the fields of the record of a change."""
    return Fields(change.record)
