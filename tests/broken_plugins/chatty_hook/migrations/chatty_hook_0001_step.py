from alembic import op

revision = 'chatty_hook_0001'
down_revision = None


def upgrade():
    from chatty_hook import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("chatty_hook_thing")
