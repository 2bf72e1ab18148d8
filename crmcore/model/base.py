"""The declarative base of every entity, the core's and the plugins'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, dataclass_transform

from sqlalchemy import MetaData, String, Table, event
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    composite,
    declared_attr,
    mapped_column,
    registry,
    relationship,
    synonym,
)

from crmcore.model.retention import Retention
from crmcore.model.sensitive import watch_reads
from crmcore.model.types import BigId, UtcDateTime
from crmcore.model.visibility import Visibility

CORE: Final = "core"
"""Owner name of what belongs to no plugin."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)
"""The one MetaData of core and plugins, so that merge and erasure can follow every foreign key."""

KEYS_ONCE: Final = "crmcore_keys_once"
"""Mark in a table's ``info``: a key is never given twice, also after an erasure, so that history and the outside go on meaning the record
they meant. On SQLite that is AUTOINCREMENT, which migrations spell out; naming the dialect's option here would import the dialect, and
asyncio with it, into every process."""

STAMPS: Final = ("created_at", "created_by", "updated_at", "updated_by")
"""Columns that the unit of work fills, on every entity."""


def spell_out_keys(tables: Iterable[Table]) -> None:
    """Say in the words of SQLite that keys are given once, before tables are made, compared or written down as a migration."""
    for table in tables:
        if table.info.get(KEYS_ONCE):
            table.dialect_options["sqlite"]["autoincrement"] = True


@event.listens_for(METADATA, "before_create")
def _before_create(metadata: MetaData, *_: object, **__: object) -> None:
    spell_out_keys(metadata.tables.values())


@dataclass_transform(
    kw_only_default=True,
    eq_default=False,
    field_specifiers=(mapped_column, relationship, composite, synonym),
)
class Entity(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False, repr=False):
    """A record of the CRM: integer key, version for optimistic locking, who created and changed it and when.

    A plugin makes one abstract base of its own, and derives its classes from that::

        class WarrantyEntity(Entity, plugin="warranty"):
            __abstract__ = True


        class Warranty(WarrantyEntity):
            __tablename__ = "warranty_item"
            __visibility__ = Visibility.via("account_id")
            __personal__ = ()

            account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
            months: Mapped[int]

    Each such base has a mapper registry of its own over the shared `METADATA`: a mapping that SQLAlchemy refuses then spoils the plugin
    that wrote it, and nobody else in the process.
    """

    metadata = METADATA
    __abstract__ = True

    __plugin__: ClassVar[str] = CORE
    __visibility__: ClassVar[Visibility]
    __personal__: ClassVar[tuple[str, ...]]
    """Columns with data of people: erasing empties them, exporting hands them out (GDPR art. 15, 17, 20)."""
    __about__: ClassVar[tuple[str, ...] | None] = None
    """References to the records whose person the personal columns are about; None stands for all of them."""
    __retention__: ClassVar[Retention | None] = None
    """What the law wants kept of the personal columns."""
    __copies__: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Columns with values of other entities, as journals and prints have them: column → the entities, or ``entity:field``; empty for any.
    From whom something of these is hidden, so are the columns (A05)."""
    __audited__: ClassVar[bool] = True
    """False for tables that only machines write: no history and no events, and bulk statements are allowed."""
    __append_only__: ClassVar[bool] = False
    """True for history that only the platform writes: a record of it is never changed or deleted."""
    __state_table__: ClassVar[str | None] = None
    """The state table whose codes the column ``state`` holds; only `session.states` changes that column."""
    __state_variant__: ClassVar[str | None] = None
    """The column that says which variant of the transitions holds for a record, such as its order type."""
    __sensitive__: ClassVar[bool | str] = False
    """True when the audit says who read which record of it; the name of a flag when it says so of records with that flag set."""
    __references__: ClassVar[Mapping[str, str]] = {}
    """Generic references: column that holds an id → column that holds the entity name."""
    __not_references__: ClassVar[tuple[str, ...]] = ()
    """Columns that end in ``_id`` and refer to nothing here."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    version: Mapped[int] = mapped_column(init=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, init=False)
    created_by: Mapped[str] = mapped_column(String(100), init=False)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, init=False)
    updated_by: Mapped[str] = mapped_column(String(100), init=False)

    # SQLAlchemy takes arbitrary dataclass options here.
    def __init_subclass__(cls, *, plugin: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        if plugin is not None:
            cls.__plugin__ = plugin
            # What DeclarativeBase does for a direct subclass; there is no public way to give an abstract one its own registry.
            cls._sa_registry = cls.registry = registry(metadata=METADATA, type_annotation_map=Entity.registry.type_annotation_map)
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table):
            table.info[KEYS_ONCE] = True
            watch_reads(cls)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Turn on optimistic locking; a class with arguments of its own repeats ``version_id_col``."""
        return {"version_id_col": cls.__table__.c.version}

    @classmethod
    def entity_name(cls) -> str:
        """The name of the entity in events, errors and rules: ``account``, or ``warranty.item`` for a plugin's table ``warranty_item``."""
        table: str = cls.__tablename__
        prefix = f"{cls.__plugin__}_"
        if cls.__plugin__ != CORE and table.startswith(prefix):
            return f"{cls.__plugin__}.{table.removeprefix(prefix)}"
        return table

    def __repr__(self) -> str:
        # Never loads anything, never prints personal data.
        return f"<{type(self).__name__} id={self.__dict__.get('id')} version={self.__dict__.get('version')}>"
