from alembic import op

revision = 'type_left_behind_0001'
down_revision = None


def upgrade():
    from type_left_behind import Thing

    copies = [column._copy() for column in Thing.__table__.columns]
    op.create_table("type_left_behind_thing", *copies, sqlite_autoincrement=True)


def downgrade():
    op.drop_table("type_left_behind_thing")
