from alembic import op

revision = 'stubborn_column_0001'
down_revision = None


def upgrade():
    from stubborn_column import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("stubborn_column_thing")
