from alembic import op

revision = 'stubborn_record_0001'
down_revision = None


def upgrade():
    from stubborn_record import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("stubborn_record_thing")
