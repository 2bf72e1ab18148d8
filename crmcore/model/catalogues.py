"""Three-level lookup tables, definitions and history of characteristics, saved searches, and sets of mass changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore.model.base import Entity
from crmcore.model.merging import MERGE, MergePolicy
from crmcore.model.paths import path_text
from crmcore.model.types import BigId, Json, JsonMap, UtcDateTime
from crmcore.model.visibility import Visibility


class LookupTable(Entity):
    """A code list with up to three levels, such as Settore > Sottosettore > Categoria (glossary 93, S15)."""

    __tablename__ = "lookup_table"
    __visibility__ = Visibility.public()
    __personal__ = ()

    code: Mapped[str] = mapped_column(String(40), unique=True)
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    level1_it: Mapped[str] = mapped_column(String(60), default="")
    level2_it: Mapped[str] = mapped_column(String(60), default="")
    level3_it: Mapped[str] = mapped_column(String(60), default="")
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class LookupEntry(Entity):
    """An entry of a lookup table; ``level`` is 1 to 3, and the parent is one level above. ``path`` is made of codes: ``A/B/C/``."""

    __tablename__ = "lookup_entry"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (
        UniqueConstraint("table_id", "path"),
        CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        CheckConstraint("(level = 1) = (parent_id IS NULL)", name="parent"),
    )

    table_id: Mapped[int] = mapped_column(ForeignKey("lookup_table.id"))
    code: Mapped[str] = mapped_column(String(40))
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    level: Mapped[int] = mapped_column(default=1)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("lookup_entry.id"), index=True, default=None)
    path: Mapped[str] = mapped_column(path_text(130), default="")
    position: Mapped[int] = mapped_column(default=0)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")

    table: Mapped[LookupTable] = relationship(init=False)
    parent: Mapped[LookupEntry | None] = relationship(init=False, remote_side="LookupEntry.id")


class CharacteristicRow(Entity):
    """A definition of a characteristic that the deployment or a person made; those of plugins are declared, and may be overridden."""

    __tablename__ = "characteristic"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __table_args__ = (UniqueConstraint("entity", "key"),)

    entity: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(60))
    type: Mapped[str] = mapped_column(String(60))
    label_it: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120), default="")
    definition: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    position: Mapped[int] = mapped_column(default=0)
    obsolete: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str] = mapped_column(String(24), default="deployment")


class CharacteristicChange(Entity):
    """One change of one characteristic of one record, with its source: a person, an import, a rule or an event (I-13, C09)."""

    __tablename__ = "characteristic_change"
    __visibility__ = Visibility.system()
    __personal__ = ("old", "new")
    __copies__ = {"old": (), "new": ()}  # noqa: RUF012 - a declaration, read once at start
    __audited__ = False
    __references__ = {"record_id": "entity"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (Index(None, "entity", "record_id", "key", "at"),)

    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigId)
    key: Mapped[str] = mapped_column(String(60))
    old: Mapped[Any] = mapped_column(Json, nullable=True)
    new: Mapped[Any] = mapped_column(Json, nullable=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(100))


class SavedSearch(Entity):
    """A search that somebody keeps, for themselves or for all (B17)."""

    __tablename__ = "saved_search"
    __visibility__ = Visibility.owner("owner", shared="shared")
    __personal__ = ()
    __table_args__ = (UniqueConstraint("owner", "name"),)

    owner: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(120))
    entity: Mapped[str] = mapped_column(String(60))
    filter: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    shared: Mapped[bool] = mapped_column(default=False)


class ChangeSet(Entity):
    """A mass change: what was previewed, then confirmed, and can be undone (I-72).

    ``kind`` says what makes it (``characteristics``, ``sellers``); ``state`` is ``preview``, ``applied`` or ``undone``.
    """

    __tablename__ = "change_set"
    __visibility__ = Visibility.owner("owner")
    __personal__ = ()
    __table_args__ = (CheckConstraint("state IN ('preview', 'applied', 'undone')", name="state"),)

    kind: Mapped[str] = mapped_column(String(60))
    owner: Mapped[str] = mapped_column(String(100))
    description: Mapped[Mapping[str, Any]] = mapped_column(JsonMap, default_factory=dict)
    state: Mapped[str] = mapped_column(String(10), default="preview")
    token: Mapped[str] = mapped_column(String(64), default="")


class ChangeSetItem(Entity):
    """One field of one record in a mass change: old and new value, the version it was seen at, and what became of it."""

    __tablename__ = "change_set_item"
    __visibility__ = Visibility.via("change_set_id")
    __personal__ = ("old", "new")
    __copies__ = {"old": (), "new": ()}  # noqa: RUF012 - a declaration, read once at start
    __audited__ = False
    __references__ = {"record_id": "entity"}  # noqa: RUF012 - a declaration, read once at start
    __table_args__ = (
        UniqueConstraint("change_set_id", "record_id", "field"),
        Index(None, "entity", "record_id"),
        # What was seen of the merged record says nothing about the survivor: neither confirming nor undoing may write to it.
        {"info": {MERGE: MergePolicy(also={"seen_version": 0, "applied_version": 0})}},
    )

    change_set_id: Mapped[int] = mapped_column(ForeignKey("change_set.id"))
    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigId)
    seen_version: Mapped[int] = mapped_column()
    field: Mapped[str] = mapped_column(String(60))
    old: Mapped[Any] = mapped_column(Json, nullable=True)
    new: Mapped[Any] = mapped_column(Json, nullable=True)
    applied_version: Mapped[int | None] = mapped_column(default=None)
    parent_version: Mapped[int | None] = mapped_column(default=None)
    """At which version the record was seen that this one is part of, for kinds of changes that ask for it."""
    derived: Mapped[bool] = mapped_column(default=False)
    """Whether nobody planned it: a normaliser or a rule changed it along with what was planned, and an undo puts it back as well."""
    outcome: Mapped[str] = mapped_column(String(60), default="planned")
