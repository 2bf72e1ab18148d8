"""What erasing does, as values: what is shown before, and what is written down after."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import Any, Final

import attrs

from crmcore.labels import Label

_NOTHING: Final = Label("", "")


@attrs.frozen(kw_only=True)
class TableReport:
    """What becomes of the rows of one entity: ``emptied`` rows lose ``columns``; ``kept`` rows keep ``keeps``, by ``law``, until ``until``.

    ``until`` is the earliest day on which one of them may be emptied, None when no day is set.
    """

    entity: str
    emptied: int
    columns: tuple[str, ...]
    kept: int = 0
    keeps: tuple[str, ...] = ()
    law: str = ""
    why: Label = _NOTHING
    until: date | None = None

    def data(self) -> dict[str, Any]:
        """Return it as JSON."""
        found = attrs.asdict(self, recurse=False)
        return found | {
            "columns": list(self.columns),
            "keeps": list(self.keeps),
            "why": {"it": self.why.it, "en": self.why.en},
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> TableReport:
        """Return what JSON means."""
        until = date.fromisoformat(data["until"]) if data["until"] else None
        why = Label(data["why"]["it"], data["why"]["en"])
        return cls(**{**data, "columns": tuple(data["columns"]), "keeps": tuple(data["keeps"]), "why": why, "until": until})


@attrs.frozen(kw_only=True)
class Preview:
    """What an erasure would do now: by entity, and how many rows of the platform (history, events, queue) would lose values.

    ``suppressed`` counts the phones, addresses and codes that would go onto the suppression list. ``token`` stands for exactly this.
    """

    entity: str
    id: int
    merged_ids: tuple[int, ...]
    tables: tuple[TableReport, ...]
    suppressed: int

    @property
    def token(self) -> str:
        """The SHA-256 of the preview, in hexadecimal."""
        whole = [self.entity, self.id, list(self.merged_ids), [table.data() for table in self.tables], self.suppressed]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


@attrs.frozen(kw_only=True)
class Erasure:
    """What an erasure did; it is in the privacy log under ``id``, and lasts with the commit.

    ``redacted`` counts the rows of audit, events, queue and saved searches that lost values, by table. ``due`` is the first day on which
    erasing again empties more.
    """

    id: int
    entity: str
    record_id: int
    merged_ids: tuple[int, ...]
    at: datetime
    actor: str
    reason: str
    tables: tuple[TableReport, ...]
    redacted: dict[str, int]
    suppressed: int
    due: date | None


@attrs.frozen(kw_only=True)
class Log:
    """One line of the privacy log: who erased, exported or let back whom."""

    id: int
    kind: str
    at: datetime
    actor: str
    entity: str
    record_id: int
    reason: str
    tables: tuple[TableReport, ...]
    due: date | None
    scrubbed_at: datetime | None
