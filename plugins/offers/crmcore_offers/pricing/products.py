"""Products at run time: found by code, and brought by programs, thousands at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from crmcore import Label, Session
from crmcore_offers.codes import problem, refuse, refuse_all
from crmcore_offers.model import Product
from crmcore_offers.pricing.lists import RECORDS
from crmcore_offers.pricing.parameters import invalid

_PRODUCT: Final = Label("il prodotto", "product")


class Products:
    """The products of a session; nothing commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, code: str) -> Product | None:
        """Return a product by its code."""
        found: Product | None = self._session.scalar(select(Product).where(Product.code == code))
        return found

    def find_all(self, codes: Iterable[str]) -> Mapping[str, Product]:
        """Return those of these products that there are, by code: one statement."""
        return {each.code: each for each in self._session.scalars(select(Product).where(Product.code.in_(sorted(set(codes)))))}

    def require(self, code: str) -> Product:
        """Return a product by its code.

        Raises:
            ValidationFailed: ``OFFERS_CATALOGUE_UNKNOWN``.
        """
        found = self.find(code)
        if found is None:
            raise refuse("OFFERS_CATALOGUE_UNKNOWN", code, what=_PRODUCT, code=code)
        return found

    # Columns of the product, each of its own type.
    def create(self, code: str, label: str, **fields: Any) -> Product:  # noqa: ANN401
        """Add a product; see `create_all`."""
        return self.create_all([{"code": code, "label_it": label, **fields}])[0]

    def create_all(self, given: Sequence[Mapping[str, Any]]) -> Sequence[Product]:
        """Add products, each as its columns; a plan of the deployment leaves them alone, as long as no file names them.

        Raises:
            ValidationFailed: ``OFFERS_CATALOGUE_TAKEN``, ``OFFERS_PRODUCT_INVALID``, all of them together.
        """
        taken = self.find_all(str(each.get("code")) for each in given)
        problems = [problem("OFFERS_CATALOGUE_TAKEN", code, what=_PRODUCT, code=code) for code in taken]
        made = [Product(**{"owner": RECORDS, **each}) for each in given]
        for product in made:
            problems += invalid(self._session, product)
        if problems:
            raise refuse_all(problems)
        for product in made:
            self._session.add(product)
        self._session.flush()
        return made

    def update(self, code: str, **fields: Any) -> Product:  # noqa: ANN401 - as above
        """Change a product that programs brought.

        Raises:
            ValidationFailed: ``OFFERS_CATALOGUE_UNKNOWN``, ``OFFERS_CATALOGUE_CONFIGURED`` for one of the deployment's files,
                ``OFFERS_PRODUCT_INVALID``.
        """
        found = self.require(code)
        if found.owner != RECORDS:
            raise refuse("OFFERS_CATALOGUE_CONFIGURED", code, what=_PRODUCT, code=code, owner=found.owner)
        for name, value in fields.items():
            setattr(found, name, value)
        problems = invalid(self._session, found)
        if problems:
            self._session.rollback()
            raise refuse_all(problems)
        self._session.flush()
        return found

    def obsolete(self, code: str) -> Product:
        """Offer a product no more; what has it keeps it."""
        return self.update(code, obsolete=True)
