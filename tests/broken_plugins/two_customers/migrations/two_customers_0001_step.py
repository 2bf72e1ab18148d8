from alembic import op

revision = 'two_customers_0001'
down_revision = None


def upgrade():
    from two_customers import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("two_customers_thing")
