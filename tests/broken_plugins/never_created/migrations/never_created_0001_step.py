from alembic import op

revision = 'never_created_0001'
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
