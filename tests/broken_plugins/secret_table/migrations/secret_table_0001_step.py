import sqlalchemy as sa
from alembic import op

revision = 'secret_table_0001'
down_revision = None


def upgrade():
    from secret_table import Thing

    Thing.__table__.create(op.get_bind())
    op.create_table("secret_table_more", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("secret_table_more")
    op.drop_table("secret_table_thing")
