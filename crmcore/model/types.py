"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_DIGITS: Final = 18
_encode_map: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode

BigId = BigInteger().with_variant(Integer, "sqlite")
"""Integer key of 64 bits; SQLite only autoincrements a column spelled INTEGER."""


def _jsonb() -> TypeEngine[Any]:
    # Imported when a PostgreSQL database is used: its dialects bring in asyncio, which nobody else here needs.
    from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415

    return JSONB()


class Json(TypeDecorator[Any]):
    """Store any JSON value, as `JSONB` on PostgreSQL."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use `JSONB` where the database has it."""
        return dialect.type_descriptor(_jsonb() if dialect.name == "postgresql" else JSON())


class UtcDateTime(TypeDecorator[datetime]):
    """Store an aware instant in UTC; a naive one is refused, because nobody knows which hour it means."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use `TIMESTAMP WITH TIME ZONE` where the database has it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite gets it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"{value!r} has no time zone; instants are aware"
            raise ValueError(message)
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Scaled(TypeDecorator[Decimal]):
    """Store an exact decimal as an integer of its last place, rounded half up: quantities, unit prices, percentages.

    In 64 bits there is room for 18 digits in all; more are refused.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        """Convert to units of the last place; a float is refused, because it is already wrong."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            message = f"{value!r} is not a Decimal; money and quantities are never floats"
            raise TypeError(message)
        return int(self.rounded(Decimal(value)).scaleb(self.places))

    def rounded(self, value: Decimal) -> Decimal:
        """Return a number as it is kept: with all places, rounded half up.

        Raises:
            ValueError: when there is no room for it.
        """
        if not value.is_finite() or abs(value) >= self.limit:
            message = f"{value!r} is not a number of at most {_DIGITS - self.places} digits before the point"
            raise ValueError(message)
        return value.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP)

    @property
    def limit(self) -> Decimal:
        """The first number, up or down, for which there is no room."""
        return Decimal(10) ** (_DIGITS - self.places)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], Decimal | None]:
        """Return what makes a Decimal with all places: a plain function, because every value of every record comes by it."""
        places = -self.places
        return lambda value: None if value is None else Decimal(value).scaleb(places)


class Money(Scaled):
    """Store money as an integer number of cents, shown as a `Decimal` with two places, rounded half up."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(2)


class JsonMap(TypeDecorator[Mapping[str, Any]]):
    """Store a mapping as JSON and hand it out read-only.

    A dictionary changed in place would leave no trace of its old value, so history could not tell what was there: assign a new one.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use `JSONB` where the database has it."""
        return dialect.type_descriptor(_jsonb() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401 - text or mapping, by dialect
        """Encode; keys are sorted so that equal mappings are equal text."""
        if value is None:
            return None
        return dict(value) if dialect.name == "postgresql" else _encode_map(dict(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Any] | None:  # noqa: ANN401 - text or mapping, by dialect
        """Decode into a read-only mapping."""
        if value is None:
            return None
        return MappingProxyType(value if isinstance(value, dict) else json.loads(value))

    def compare_values(self, x: Any, y: Any) -> bool:  # noqa: ANN401 - signature of SQLAlchemy
        """Compare by content, whatever the kind of mapping; to Python true is 1, in JSON it is not."""
        if x is None or y is None:
            return x is y
        one, other = dict(x), dict(y)
        return one == other and json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)
