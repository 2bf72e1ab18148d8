"""The tables of imports: saved mappings, imports, and what became of each row of a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Visibility
from crmcore.model import BigId, Json, JsonMap, UtcDateTime
from crmcore_quality.model import QualityEntity


class ImportMapping(QualityEntity):
    """A saved mapping («struttura di trasposizione»): how the columns of a list become accounts."""

    __tablename__ = "quality_import_mapping"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    definition: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    obsolete: Mapped[bool] = mapped_column(default=False)


class Import(QualityEntity):
    """One import of one file: what was chosen, how far it is, what it counted.

    ``position`` is the last line whose effects are in the database; ``uid`` is the correlation id of everything that it wrote.
    """

    __tablename__ = "quality_import"
    __visibility__ = Visibility.owner("owner")
    __personal__ = ()
    __audited__ = False
    __table_args__ = (
        CheckConstraint(
            "state IN ('previewing', 'preview', 'running', 'cancelling', 'cancelled', 'done', 'undoing', 'undone')", name="state"
        ),
    )

    uid: Mapped[str] = mapped_column(String(36), init=False, unique=True)
    owner: Mapped[str] = mapped_column(String(100))
    mapping: Mapped[Mapping[str, Any]] = mapped_column(JsonMap)
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12))
    position: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    counts: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class ImportRow(QualityEntity):
    """What became of one row of a file.

    ``before`` and ``after`` are the fields of an existing account that were changed; ``made`` are the records that the row made, as entity
    and id; ``first_line`` is the row that this one repeats; ``cells`` are kept where somebody may want to look at them again;
    ``undone`` says what an undo did.
    """

    __tablename__ = "quality_import_row"
    __visibility__ = Visibility.via("import_id")
    __personal__ = ("before", "after", "problems", "cells")
    __copies__ = {"before": (), "after": (), "problems": (), "cells": ()}  # noqa: RUF012 - a declaration, read once at start
    __audited__ = False
    __table_args__ = (UniqueConstraint("import_id", "line"), Index(None, "import_id", "outcome", "line"))

    import_id: Mapped[int] = mapped_column(BigId, ForeignKey("quality_import.id", ondelete="CASCADE"))
    line: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(12))
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id", ondelete="SET NULL"), index=True, default=None)
    first_line: Mapped[int | None] = mapped_column(default=None)
    fields: Mapped[int] = mapped_column(default=0)
    before: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    after: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    made: Mapped[Any] = mapped_column(Json, default_factory=list)
    problems: Mapped[Any] = mapped_column(Json, default_factory=list)
    cells: Mapped[Any] = mapped_column(Json, default_factory=list)
    undone: Mapped[str] = mapped_column(String(12), default="")


class ImportKey(QualityEntity):
    """The keys of the rows that were read, to find the row that another one repeats; a digest tells nobody whose key it is."""

    __tablename__ = "quality_import_key"
    __visibility__ = Visibility.via("import_id")
    __personal__ = ()
    __audited__ = False
    __table_args__ = (UniqueConstraint("import_id", "digest"),)

    import_id: Mapped[int] = mapped_column(BigId, ForeignKey("quality_import.id", ondelete="CASCADE"))
    digest: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int]
