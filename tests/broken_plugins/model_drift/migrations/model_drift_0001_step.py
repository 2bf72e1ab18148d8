from alembic import op

revision = 'model_drift_0001'
down_revision = None


def upgrade():
    from model_drift import Thing

    op.create_table("model_drift_thing", *(column._copy() for column in Thing.__table__.columns if column.name != "size"), sqlite_autoincrement=True)


def downgrade():
    op.drop_table("model_drift_thing")
