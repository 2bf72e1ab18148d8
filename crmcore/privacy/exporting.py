"""Hand somebody's data out: every record that belongs to the person, and nothing of anybody else's (GDPR art. 15, 20)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Connection, select

from crmcore.model import STAMPS, Account, Consent, Entity
from crmcore.privacy.erasing import Subject, merged_into
from crmcore.privacy.references import belongings
from crmcore.session.fields import to_plain
from crmcore.storage import batches, dump_json

if TYPE_CHECKING:
    from crmcore.session import Session

FORMAT: Final = "crmcore.subject/1"
_OURS: Final = frozenset({"version", *STAMPS} - {"created_at"})
"""Columns that tell of who worked on a record, and not of whom it is about."""


@attrs.frozen(kw_only=True)
class SubjectExport:
    """Everything that is stored about somebody: rows by table, as JSON values; ``consents`` is the log of consents, oldest first."""

    entity: str
    id: int
    at: datetime
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    consents: Sequence[Mapping[str, Any]]

    def document(self) -> dict[str, Any]:
        """Return it as one JSON document."""
        return {
            "format": FORMAT,
            "subject": {"entity": self.entity, "id": self.id},
            "exported_at": self.at.isoformat(),
            "consents": list(self.consents),
            "tables": {name: list(rows) for name, rows in self.tables.items()},
        }

    def json(self) -> str:
        """Return the document as text."""
        return json.dumps(self.document(), ensure_ascii=False, indent=2) + "\n"

    def write_zip(self, path: Path) -> None:
        """Write the document, and each table as CSV (semicolons, UTF-8 with BOM, as the spreadsheets of here want it)."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("subject.json", self.json())
            for name, rows in self.tables.items():
                archive.writestr(f"{name}.csv", _csv(rows).encode("utf-8-sig"))


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: value if isinstance(value, str | int | None) else dump_json(value) for name, value in row.items()})
    return out.getvalue()


def export(session: Session, root: type[Subject], key: int) -> SubjectExport:
    """Read all that belongs to somebody, with what was merged into it; works past the guard."""
    connection = session.orm.connection()
    merged = merged_into(connection, key) if root is Account else ()
    belong = belongings(connection, session.registry.entities.values(), root, {key, *merged})
    tables = {cls.__tablename__: _rows(connection, cls, sorted(belong.live[cls])) for cls in belong.classes if cls in belong.live}
    consents = sorted(tables.get(Consent.__tablename__, ()), key=lambda row: (row["at"], row["id"]))
    return SubjectExport(entity=root.entity_name(), id=key, at=session.now(), tables=tables, consents=consents)


def _rows(connection: Connection, cls: type[Entity], keys: Sequence[int]) -> list[dict[str, Any]]:
    table = cls.__table__
    columns = [column for column in table.columns if column.name not in _OURS]
    found: list[dict[str, Any]] = []
    for some in batches(keys):
        rows = connection.execute(select(*columns).where(table.c.id.in_(some)).order_by(table.c.id)).mappings()
        found += ({str(name): to_plain(value) for name, value in row.items()} for row in rows)
    return found
