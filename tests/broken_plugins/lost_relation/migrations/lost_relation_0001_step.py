from alembic import op

revision = 'lost_relation_0001'
down_revision = None


def upgrade():
    from lost_relation import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("lost_relation_thing")
