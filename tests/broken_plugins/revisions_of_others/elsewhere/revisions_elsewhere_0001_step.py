from alembic import op

revision = 'revisions_elsewhere_0001'
down_revision = None


def upgrade():
    from revisions_elsewhere import Thing

    Thing.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("revisions_elsewhere_thing")
