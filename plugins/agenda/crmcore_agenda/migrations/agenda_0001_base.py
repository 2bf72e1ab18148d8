"""The tables of the agenda.

Revision agenda_0001, the first; written on 2026-11-22.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "agenda_0001"
down_revision: str | None = None


def upgrade() -> None:
    """Apply the revision."""
    op.create_table(
        "agenda_band",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("from_days", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_band")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_band_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_group",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_group")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_group_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_lead",
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("party", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("close_period", sa.String(length=7), nullable=False),
        sa.Column("origin", sa.String(length=100), nullable=False),
        sa.Column("source_key", sa.String(length=160), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("stalled", sa.Boolean(), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("party IN ('customer', 'supplier')", name=op.f("ck_agenda_lead_party")),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name=op.f("ck_agenda_lead_probability")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_agenda_lead_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_lead")),
        sa.UniqueConstraint("source_key", name=op.f("uq_agenda_lead_source_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_lead_account_id"), "agenda_lead", ["account_id"], unique=False)
    op.create_index(op.f("ix_agenda_lead_owner_closed_id"), "agenda_lead", ["owner", "closed", "id"], unique=False)
    op.create_index(op.f("ix_agenda_lead_state"), "agenda_lead", ["state"], unique=False)
    op.create_table(
        "agenda_project",
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_agenda_project_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_project")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_project_account_id"), "agenda_project", ["account_id"], unique=False)
    op.create_index(op.f("ix_agenda_project_owner"), "agenda_project", ["owner"], unique=False)
    op.create_table(
        "agenda_recurring",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("feed", sa.String(length=60), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("interactions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("accounts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("minimum", sa.String(length=20), nullable=False),
        sa.Column("steps", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_recurring")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_recurring_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_resource",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("allow_overlap", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("bookings", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_resource")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_resource_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_role",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("assignee", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_role")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_role_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_sharing",
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_sharing")),
        sa.UniqueConstraint("who", name=op.f("uq_agenda_sharing_who")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_rule",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("event", sa.String(length=100), nullable=False),
        sa.Column("condition", sa.String(length=2000), nullable=False),
        sa.Column("record", sa.String(length=60), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("once", sa.String(length=10), nullable=False),
        sa.Column("debounce_minutes", sa.Integer(), nullable=False),
        sa.Column("lead", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("actions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_rule_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_template",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("steps", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_template")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_template_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agenda_clock",
        sa.Column("recurring_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_agenda_clock_account_id")),
        sa.ForeignKeyConstraint(["recurring_id"], ["agenda_recurring.id"], name=op.f("fk_agenda_clock_recurring_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_clock")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_clock_account_id"), "agenda_clock", ["account_id"], unique=False)
    op.create_index(op.f("ix_agenda_clock_recurring_id_account_id"), "agenda_clock", ["recurring_id", "account_id"], unique=True)
    op.create_index(
        op.f("ix_agenda_clock_recurring_id_next_on_account_id"), "agenda_clock", ["recurring_id", "next_on", "account_id"], unique=False
    )
    op.create_table(
        "agenda_firing",
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("unique_key", sa.String(length=200), nullable=False),
        sa.Column("event_uuid", sa.String(length=36), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("explanation", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["agenda_lead.id"], name=op.f("fk_agenda_firing_lead_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["rule_id"], ["agenda_rule.id"], name=op.f("fk_agenda_firing_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_firing")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_agenda_firing_unique_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_firing_lead_id"), "agenda_firing", ["lead_id"], unique=False)
    op.create_index(
        op.f("ix_agenda_firing_rule_id_entity_record_id_at"), "agenda_firing", ["rule_id", "entity", "record_id", "at"], unique=False
    )
    op.create_table(
        "agenda_kind",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label_it", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("interaction", sa.String(length=40), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("obsolete", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=24), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["agenda_group.id"], name=op.f("fk_agenda_kind_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_kind")),
        sa.UniqueConstraint("code", name=op.f("uq_agenda_kind_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_kind_group_id"), "agenda_kind", ["group_id"], unique=False)
    op.create_table(
        "agenda_run",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("template_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("starter", sa.String(length=100), nullable=False),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("batch", sa.String(length=100), nullable=True),
        sa.Column("unique_key", sa.String(length=160), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_agenda_run_account_id")),
        sa.ForeignKeyConstraint(["template_id"], ["agenda_template.id"], name=op.f("fk_agenda_run_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_run")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_agenda_run_unique_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_run_account_id"), "agenda_run", ["account_id"], unique=False)
    op.create_index(op.f("ix_agenda_run_batch"), "agenda_run", ["batch"], unique=False)
    op.create_index(op.f("ix_agenda_run_template_id"), "agenda_run", ["template_id"], unique=False)
    op.create_table(
        "agenda_action",
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("assignee", sa.String(length=100), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("delegator", sa.String(length=100), nullable=True),
        sa.Column("refused_by", sa.String(length=100), nullable=True),
        sa.Column("due_before", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notify", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_missing", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("recurring_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_key", sa.String(length=160), nullable=False),
        sa.Column("open_key", sa.String(length=160), nullable=True),
        sa.Column("origin", sa.String(length=100), nullable=False),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_by", sa.String(length=100), nullable=True),
        sa.Column("late_days", sa.Integer(), nullable=True),
        sa.Column("overdue_told", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("mark BETWEEN 1 AND 5", name=op.f("ck_agenda_action_mark")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_agenda_action_account_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["agenda_kind.id"], name=op.f("fk_agenda_action_kind_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["agenda_lead.id"], name=op.f("fk_agenda_action_lead_id")),
        sa.ForeignKeyConstraint(["project_id"], ["agenda_project.id"], name=op.f("fk_agenda_action_project_id")),
        sa.ForeignKeyConstraint(["recurring_id"], ["agenda_recurring.id"], name=op.f("fk_agenda_action_recurring_id")),
        sa.ForeignKeyConstraint(["run_id"], ["agenda_run.id"], name=op.f("fk_agenda_action_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_action")),
        sa.UniqueConstraint("open_key", name=op.f("uq_agenda_action_open_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_action_account_id_closed_due"), "agenda_action", ["account_id", "closed", "due"], unique=False)
    op.create_index(op.f("ix_agenda_action_assignee_closed_due_id"), "agenda_action", ["assignee", "closed", "due", "id"], unique=False)
    op.create_index(op.f("ix_agenda_action_closed_overdue_told_due"), "agenda_action", ["closed", "overdue_told", "due"], unique=False)
    op.create_index(op.f("ix_agenda_action_delegator_closed_due_id"), "agenda_action", ["delegator", "closed", "due", "id"], unique=False)
    op.create_index(op.f("ix_agenda_action_done_on_assignee"), "agenda_action", ["done_on", "assignee"], unique=False)
    op.create_index(op.f("ix_agenda_action_kind_id"), "agenda_action", ["kind_id"], unique=False)
    op.create_index(op.f("ix_agenda_action_lead_id_closed"), "agenda_action", ["lead_id", "closed"], unique=False)
    op.create_index(op.f("ix_agenda_action_owner_closed_due_id"), "agenda_action", ["owner", "closed", "due", "id"], unique=False)
    op.create_index(op.f("ix_agenda_action_project_id_due"), "agenda_action", ["project_id", "due"], unique=False)
    op.create_index(op.f("ix_agenda_action_recurring_id_source_key"), "agenda_action", ["recurring_id", "source_key"], unique=False)
    op.create_index(op.f("ix_agenda_action_run_id_step"), "agenda_action", ["run_id", "step"], unique=False)
    op.create_index(op.f("ix_agenda_action_state"), "agenda_action", ["state"], unique=False)
    op.create_table(
        "agenda_link",
        sa.Column("action_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["agenda_action.id"], name=op.f("fk_agenda_link_action_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_link")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_link_action_id"), "agenda_link", ["action_id"], unique=False)
    op.create_index(op.f("ix_agenda_link_entity_record_id"), "agenda_link", ["entity", "record_id"], unique=False)
    op.create_table(
        "agenda_slot",
        sa.Column("action_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("role IN ('assignee', 'participant', 'resource')", name=op.f("ck_agenda_slot_role")),
        sa.ForeignKeyConstraint(["action_id"], ["agenda_action.id"], name=op.f("fk_agenda_slot_action_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_slot")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_agenda_slot_action_id_who"), "agenda_slot", ["action_id", "who"], unique=False)
    op.create_index(op.f("ix_agenda_slot_who_starts_at"), "agenda_slot", ["who", "starts_at"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("agenda_slot")
    op.drop_table("agenda_link")
    op.drop_table("agenda_action")
    op.drop_table("agenda_run")
    op.drop_table("agenda_kind")
    op.drop_table("agenda_firing")
    op.drop_table("agenda_clock")
    op.drop_table("agenda_template")
    op.drop_table("agenda_rule")
    op.drop_table("agenda_sharing")
    op.drop_table("agenda_role")
    op.drop_table("agenda_resource")
    op.drop_table("agenda_recurring")
    op.drop_table("agenda_project")
    op.drop_table("agenda_lead")
    op.drop_table("agenda_group")
    op.drop_table("agenda_band")
