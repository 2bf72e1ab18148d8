from alembic import op

revision = 'foreign_rows_0001'
down_revision = None


def upgrade():
    from crmcore.model import Account
    from foreign_rows import Thing

    Thing.__table__.create(op.get_bind())
    op.execute(Account.__table__.update().values(name="changed"))


def downgrade():
    op.drop_table("foreign_rows_thing")
