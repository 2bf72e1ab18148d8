from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from crmcore import Event


class Mood(enum.Enum):
    CALM = "calm"
    ALERT = "alert"


@attrs.frozen
class Line:
    text: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class Checked(Event):
    TYPE: ClassVar[str] = "sound.checked"
    VERSION: ClassVar[int] = 2

    note_id: int
    on: date
    at: datetime | None = None
    amount: Decimal
    mood: Mood
    words: tuple[str, ...] = ()
    counts: dict[str, int] = attrs.field(factory=dict)
    lines: tuple[Line, ...] = ()

    @classmethod
    def upcast(cls, version: int, payload: dict[str, Any]) -> dict[str, Any]:
        if version == 1:
            return {**payload, "mood": "calm"}
        return super().upcast(version, payload)
