from alembic import op

revision = 'two_heads_0002'
down_revision = 'two_heads_0001'


def upgrade():
    pass


def downgrade():
    pass
