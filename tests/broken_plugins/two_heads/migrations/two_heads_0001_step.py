from alembic import op

revision = 'two_heads_0001'
down_revision = None


def upgrade():
    from two_heads import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("two_heads_thing")
