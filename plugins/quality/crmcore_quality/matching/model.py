"""The tables of duplicates: match keys, the customer's key sets, what was learnt, pairs to look at, and what people said."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Visibility
from crmcore.model import METADATA, Json
from crmcore_quality.model import QualityEntity

MATCH_KEY: Final = Table(
    "quality_match_key",
    METADATA,
    Column("key_hash", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Index(None, "record_id"),
)
"""Records by their match keys: hash first, so that those that share one lie together. ``kind`` is the number of a `KeyKind`, which also
says of which entity the records are. SQLite keeps the rows in the index of the primary key itself: see the migration."""


class KeyKind(QualityEntity):
    """A kind of match keys, and what its stored keys were made by: the version of the rule, and since when the plugin keeps them."""

    __tablename__ = "quality_key_kind"
    __visibility__ = Visibility.system()
    __personal__ = ()
    __audited__ = False

    name: Mapped[str] = mapped_column(String(60), unique=True)
    number: Mapped[int] = mapped_column()
    entity: Mapped[str] = mapped_column(String(60), default="account")
    built: Mapped[str] = mapped_column(String(80))


class KeySet(QualityEntity):
    """A customer's own match key: fields and characteristics, each with a named normaliser; all have to be filled."""

    __tablename__ = "quality_key_set"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    fields: Mapped[Sequence[Any]] = mapped_column(Json, default_factory=list)
    cap: Mapped[int] = mapped_column(default=60)
    evidence: Mapped[bool] = mapped_column(default=False)
    obsolete: Mapped[bool] = mapped_column(default=False)


class MatchModel(QualityEntity):
    """What the last scan learnt: the weights by field and level, how rare values are, and what the answers changed."""

    __tablename__ = "quality_match_model"
    __visibility__ = Visibility.system()
    __personal__ = ("words",)
    __audited__ = False

    digest: Mapped[str] = mapped_column(String(32))
    records: Mapped[int] = mapped_column()
    compared: Mapped[int] = mapped_column()
    capped: Mapped[Any] = mapped_column(Json, default_factory=dict)
    weights: Mapped[Any] = mapped_column(Json, default_factory=dict)
    words: Mapped[Any] = mapped_column(Json, default_factory=dict)


class DuplicatePair(QualityEntity):
    """Two accounts that may be one, as the last scan found them; ``odds`` are a logarithm, ``reasons`` name no values.

    ``group_number`` is that of the accounts that belong together; ``band`` is ``auto`` or ``review``.
    """

    __tablename__ = "quality_duplicate_pair"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()
    __audited__ = False
    __table_args__ = (Index(None, "band", "odds"), Index(None, "group_number"))

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    odds: Mapped[float] = mapped_column(Float)
    band: Mapped[str] = mapped_column(String(10))
    group_number: Mapped[int | None] = mapped_column(default=None)
    reasons: Mapped[Any] = mapped_column(Json, default_factory=list)


class Answer(enum.StrEnum):
    """What somebody said about two accounts."""

    SAME = "same"
    DIFFERENT = "different"


class DuplicateAnswer(QualityEntity):
    """What somebody said about two accounts: it is kept for ever, and the model learns from it.

    ``digest`` and ``other_digest`` are those of what the accounts said then: so it shows whether they have changed since; the answer holds
    all the same. Who said so, and when, is in the stamps.
    """

    __tablename__ = "quality_duplicate_answer"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("notes",)
    __about__ = ("account_id", "other_id")

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    answer: Mapped[str] = mapped_column(String(10))
    odds: Mapped[float | None] = mapped_column(Float, default=None)
    digest: Mapped[str] = mapped_column(String(32))
    other_digest: Mapped[str] = mapped_column(String(32))
    notes: Mapped[str | None] = mapped_column(Text, default=None)


def table_of(cls: type[QualityEntity]) -> Table:
    """Return the table of a class, for statements that write many rows at once."""
    table = cls.__table__
    if not isinstance(table, Table):
        message = f"{cls.__name__} is not mapped to a table"
        raise TypeError(message)
    return table


TABLES: Final = (KeyKind, KeySet, MatchModel, DuplicatePair, DuplicateAnswer)
