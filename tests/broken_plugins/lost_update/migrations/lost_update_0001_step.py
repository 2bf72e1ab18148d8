from alembic import op

revision = 'lost_update_0001'
down_revision = None


def upgrade():
    from lost_update import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("lost_update_thing")
