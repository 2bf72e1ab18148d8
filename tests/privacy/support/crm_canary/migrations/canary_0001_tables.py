from alembic import op

revision = "canary_0001"
down_revision = None


def upgrade():
    from crm_canary.model import tables

    for cls in tables():
        cls.__table__.create(op.get_bind())


def downgrade():
    from crm_canary.model import tables

    for cls in reversed(tables()):
        op.drop_table(cls.__tablename__)
