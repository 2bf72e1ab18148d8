"""Plugins that exist only as packages with revisions, written on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from crmcore.hooks import Migrations
from crmcore.model import ENTITIES, METADATA, PLATFORM_TABLES

CORE: Final = Migrations("crmcore.migrate", "versions")
CORE_TABLES: Final = (*(METADATA.tables[cls.__tablename__] for cls in ENTITIES), *PLATFORM_TABLES)
ACCOUNT: Final = (
    "INSERT INTO account (id, uid, name, kind, language, seller_source, private, incomplete, characteristics, "
    "version, created_at, created_by, updated_at, updated_by) "
    "VALUES (1, '01890a5d-ac96-774b-bcce-b302099a8057', 'Rossi', 'business', 'it', 'zone', false, false, '{}', "
    "1, '2026-01-01', 'x', '2026-01-01', 'x')"
)
"""An account as SQL, for where no model may be asked."""

Package = Callable[..., Migrations]

ALPHA: Final = {
    "alpha_0001": (
        """
op.create_table(
    "alpha_item",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("account.id"), nullable=False),
    sa.Column("name", sa.String(20)),
)
""",
        "op.drop_table('alpha_item')",
    ),
    "alpha_0002": (
        """
with op.batch_alter_table("alpha_item") as batch:
    batch.add_column(sa.Column("size", sa.Integer))
    batch.alter_column("name", type_=sa.String(40), existing_type=sa.String(20))
op.execute("UPDATE alpha_item SET size = 1")
""",
        """
with op.batch_alter_table("alpha_item") as batch:
    batch.drop_column("size")
""",
    ),
}
BETA: Final = {
    "beta_0001": (
        """
op.create_table(
    "beta_part",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.ForeignKey("account.id"), nullable=False),
    sa.Column("item_id", sa.Integer, sa.ForeignKey("alpha_item.id", ondelete="CASCADE"), nullable=False),
)
""",
        "op.drop_table('beta_part')",
    ),
}


def write_package(
    root: Path,
    name: str,
    revisions: Mapping[str, tuple[str, str]],
    *,
    follows: Mapping[str, str | None] | None = None,
) -> Migrations:
    """Write package ``name`` into ``root`` with ``revisions``, each id with the bodies of upgrade and downgrade."""
    folder = root / name / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise AssertionError('reading revisions must not import the package')\n")
    before: str | None = None
    for revision, (up, down) in revisions.items():
        previous = follows[revision] if follows is not None and revision in follows else before
        (folder / f"{revision}_step.py").write_text(_revision(revision, previous, up, down))
        before = revision
    return Migrations(name)


def _revision(revision: str, previous: str | None, up: str, down: str) -> str:
    lines = [
        '"""A revision of a test."""',
        "import sqlalchemy as sa",
        "from alembic import op",
        f"revision = {revision!r}",
        f"down_revision = {previous!r}",
        "def upgrade():",
        *(f"    {line}" for line in (up or "pass").splitlines()),
        "def downgrade():",
        *(f"    {line}" for line in (down or "pass").splitlines()),
    ]
    return "\n".join(lines) + "\n"
