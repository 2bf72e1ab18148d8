"""Tables of the test's plugin."""

from alembic import op
from crm_trade.model import TABLES

from crmcore.model import METADATA

revision = "trade_0001"
down_revision = None


def upgrade():
    METADATA.create_all(op.get_bind(), [cls.__table__ for cls in TABLES])


def downgrade():
    METADATA.drop_all(op.get_bind(), [cls.__table__ for cls in TABLES])
