"""Where categories and price lists are kept: rows with something more around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
from sqlalchemy import select

from crmcore import Entity, Session
from crmcore.hooks import DEPLOYMENT, Item, Key, Step, Values
from crmcore.planning import Rows
from crmcore_offers.model import Category, Price, PriceList, Product
from crmcore_offers.pricing.lists import RECORDS
from crmcore_offers.pricing.numbers import shown


@attrs.frozen(kw_only=True)
class Categories(Rows):
    """A tree: each node keeps the path from its root, by which a search finds whole subtrees."""

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write the nodes, then the paths that changed."""
        Rows.write(self, session, steps)
        nodes = {node.id: node for node in session.scalars(select(Category))}
        paths: dict[int, str] = {}
        for node in nodes.values():
            path = _path(node, nodes, paths)
            if node.path != path:
                node.path = path
        session.flush()


def _path(node: Category, nodes: Mapping[int, Category], known: dict[int, str]) -> str:
    """Return the chain of keys down to a node; trees were found to have no cycles before."""
    if node.id not in known:
        above = nodes.get(node.parent_id) if node.parent_id is not None else None
        known[node.id] = f"{_path(above, nodes, known) if above is not None else ''}{node.id}/"
    return known[node.id]


@attrs.frozen(kw_only=True)
class Lists(Rows):
    """A price list is a row, and one for each price; prices that programs brought to it are theirs, and are left alone."""

    def entities(self) -> Sequence[type[Entity]]:
        """Return both classes."""
        return (PriceList, Price)

    def read(self, session: Session) -> Mapping[Key, Item]:
        """Return every list with the prices of its owner."""
        prices: dict[int, list[dict[str, Any]]] = defaultdict(list)
        table, product = Price.__table__.c, Product.__table__.c
        query = select(Price.__table__, product.code).join(Product.__table__, product.id == table.product_id).where(table.owner != RECORDS)
        for row in session.execute(query):
            prices[row.list_id].append(_plain(row))
        ids = self.ids(session)
        return {
            key: attrs.evolve(item, values={**item.values, "prices": ordered(prices[ids[key]])})
            for key, item in Rows.read(self, session).items()
        }

    def retired(self, session: Session, values: Values) -> Values:
        """Leave an obsolete list its prices: documents refer to it."""
        del session
        return {**values, "obsolete": True}

    def write(self, session: Session, steps: Sequence[Step]) -> None:
        """Write the lists, then the prices that differ."""
        Rows.write(self, session, steps)
        ids = self.ids(session, [step.key for step in steps])
        products = {row[0]: row[1] for row in session.execute(select(Product.code, Product.id))}
        names = {key: code for code, key in products.items()}
        stored: dict[int, dict[tuple[Any, ...], Price]] = defaultdict(dict)
        for price in session.scalars(select(Price).where(Price.list_id.in_(sorted(ids.values())), Price.owner != RECORDS)):
            stored[price.list_id][_mark(names[price.product_id], price)] = price
        for step in steps:
            if step.after is not None:
                self._write_prices(session, ids[step.key], step.after, products, stored[ids[step.key]])
        session.flush()

    @staticmethod
    def _write_prices(
        session: Session, list_id: int, item: Item, products: Mapping[str, int], stored: Mapping[tuple[Any, ...], Price]
    ) -> None:
        wanted = {tuple(each.values()): each for each in map(_columns, item.values["prices"])}
        for mark, price in stored.items():
            if mark not in wanted:
                session.delete(price)
        for mark, columns in wanted.items():
            if mark not in stored:
                fields = {name: value for name, value in columns.items() if name != "product"}
                session.add(Price(list_id=list_id, product_id=products[columns["product"]], owner=item.owner or DEPLOYMENT, **fields))

    def remove(self, session: Session, steps: Sequence[Step]) -> None:
        """Delete lists with their prices."""
        ids = self.ids(session, [step.key for step in steps])
        for price in session.scalars(select(Price).where(Price.list_id.in_(sorted(ids.values())))):
            session.delete(price)
        session.flush()
        Rows.remove(self, session, steps)


def ordered(prices: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return prices in the order in which they are compared: files may have them in any."""
    return sorted(
        (dict(each) for each in prices),
        key=lambda each: (each["product"], Decimal(each["from_quantity"]), each["valid_from"] or "", each["valid_to"] or ""),
    )


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of a query
    return {
        "product": row.code,
        "price": shown(row.price),
        "from_quantity": shown(row.from_quantity),
        "discounts": row.discounts,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
    }


def _columns(price: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "product": price["product"],
        "price": Decimal(price["price"]).quantize(Decimal("0.000001")),
        "from_quantity": Decimal(price["from_quantity"]).quantize(Decimal("0.000001")),
        "discounts": price["discounts"],
        "valid_from": date.fromisoformat(price["valid_from"]) if price["valid_from"] else None,
        "valid_to": date.fromisoformat(price["valid_to"]) if price["valid_to"] else None,
    }


def _mark(product: str, price: Price) -> tuple[Any, ...]:
    return (product, price.price, price.from_quantity, price.discounts, price.valid_from, price.valid_to)
