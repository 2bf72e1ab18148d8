"""A host application with a database of its own embeds the CRM: one transaction holds an order of the shop and the account of its buyer.

Run it: ``python examples/embed_host_app.py``. It uses a SQLite file that vanishes; give a PostgreSQL URL as the argument to use that.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, func, insert, select

from crmcore import Account, Crm, CrmError

METADATA = MetaData()
ORDERS = Table(
    "shop_order",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("account_uid", String(36), nullable=False),
    Column("total_cents", Integer, nullable=False),
)


def main(url: str) -> None:
    """Show a commit of both, and an error of one that undoes neither more nor less than it should."""
    engine = create_engine(url)
    METADATA.create_all(engine)
    with Crm.open(engine, migrate=True) as crm:
        # The host's transaction: both rows, or none.
        with engine.begin() as connection, crm.session("shop", connection=connection, source="shop") as s:
            account = s.accounts.create(name="Hotel Miramonti S.p.A.", phone1="+39 0424 000012", portfolio="GENERICO")
            s.commit()
            connection.execute(insert(ORDERS).values(account_uid=account.uid, total_cents=224_431_2))

        # What the CRM refuses leaves the host's own work as it was: the session works in a savepoint.
        with engine.begin() as connection, crm.session("shop", connection=connection, source="shop") as s:
            connection.execute(insert(ORDERS).values(account_uid=account.uid, total_cents=100))
            s.accounts.create(name="x" * 500, phone1="0444 123456", portfolio="GENERICO")
            try:
                s.commit()
            except CrmError as error:
                print("refused:", error.text("it").splitlines()[1].strip())

        with engine.connect() as connection:
            orders = connection.execute(select(func.count()).select_from(ORDERS)).scalar_one()
            accounts = connection.execute(select(func.count()).select_from(Account)).scalar_one()
        print(f"{orders} orders, {accounts} account")
    engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(f"sqlite:///{Path(folder, 'shop.db')}")
