from alembic import op

revision = 'untried_handler_0001'
down_revision = None


def upgrade():
    from untried_handler import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("untried_handler_thing")
