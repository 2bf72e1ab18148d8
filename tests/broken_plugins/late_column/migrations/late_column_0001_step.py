from alembic import op

revision = 'late_column_0001'
down_revision = None


def upgrade():
    from late_column import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("late_column_thing")
