from alembic import op

revision = 'idle_about_0001'
down_revision = None


def upgrade():
    from idle_about import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("idle_about_thing")
