from alembic import op

revision = 'seen_by_all_0001'
down_revision = None


def upgrade():
    from seen_by_all import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("seen_by_all_thing")
