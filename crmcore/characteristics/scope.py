"""Which part of the archive a definition is for: a business unit, or a portfolio with everything below it (I-15, C04)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import ColumnElement, exists, select

from crmcore.labels import Label
from crmcore.model import Account, AccountPortfolio, BusinessUnit, Entity, Portfolio

if TYPE_CHECKING:
    from crmcore.characteristics.definitions import Definition
    from crmcore.session import Session

CHUNK: Final = 5_000
"""How many keys one statement asks for."""

Place = tuple[int, str]
"""Number of a business unit, and path of a portfolio in it."""


@attrs.frozen
class Places:
    """Where some accounts are, and where the portfolios of some definitions are: read once, asked for each account and definition."""

    accounts: Mapping[int, Collection[Place]]
    portfolios: Mapping[str, Collection[Place]]

    def contain(self, definition: Definition, account_id: int | None) -> bool:
        """Return whether a definition exists for an account; one that is not bound exists for all."""
        if not definition.bound:
            return True
        unit, code = definition.spec.business_unit, definition.spec.portfolio
        mine = [path for number, path in self.accounts.get(account_id or 0, ()) if unit in {None, number}]
        if code is None:
            return bool(mine)
        roots = [root for number, root in self.portfolios.get(code, ()) if unit in {None, number}]
        return any(path.startswith(root) for path in mine for root in roots)


def read_places(session: Session, definitions: Iterable[Definition], account_ids: Collection[int]) -> Places:
    """Read where accounts and the portfolios of definitions are: one statement for each, whatever their number."""
    accounts: dict[int, list[Place]] = defaultdict(list)
    query = (
        select(AccountPortfolio.account_id, BusinessUnit.number, Portfolio.path)
        .join(Portfolio, Portfolio.id == AccountPortfolio.portfolio_id)
        .join(BusinessUnit, BusinessUnit.id == AccountPortfolio.business_unit_id)
    )
    wanted = sorted(account_ids)
    for start in range(0, len(wanted), CHUNK):
        for account_id, number, path in session.execute(query.where(AccountPortfolio.account_id.in_(wanted[start : start + CHUNK]))):
            accounts[account_id].append((number, path))
    return Places(accounts, _portfolios(session, definitions))


def read_portfolios(session: Session, definitions: Collection[Definition], homes: Collection[tuple[int, int]]) -> Places:
    """Return where accounts will be that are not written yet: ``homes`` pairs any number that stands for an account with a portfolio."""
    rows = session.execute(
        select(Portfolio.id, BusinessUnit.number, Portfolio.path)
        .join(BusinessUnit, BusinessUnit.id == Portfolio.business_unit_id)
        .where(Portfolio.id.in_({portfolio for _, portfolio in homes}))
    )
    found = {key: (number, path) for key, number, path in rows}
    accounts: dict[int, list[Place]] = defaultdict(list)
    for account, portfolio in homes:
        if portfolio in found:
            accounts[account].append(found[portfolio])
    return Places(accounts, _portfolios(session, definitions))


def _portfolios(session: Session, definitions: Iterable[Definition]) -> dict[str, list[Place]]:
    portfolios: dict[str, list[Place]] = defaultdict(list)
    codes = sorted({definition.spec.portfolio for definition in definitions if definition.spec.portfolio is not None})
    if codes:
        rows = session.execute(
            select(Portfolio.code, BusinessUnit.number, Portfolio.path)
            .join(BusinessUnit, BusinessUnit.id == Portfolio.business_unit_id)
            .where(Portfolio.code.in_(codes))
        )
        for code, number, path in rows:
            portfolios[code].append((number, path))
    return portfolios


def account_of(record: Entity) -> int | None:
    """Return the account that decides about the scope of a record: itself, or the one that it belongs to."""
    found: int | None = record.__dict__.get("id") if isinstance(record, Account) else record.__dict__.get("account_id")
    return found


def scope_condition(definition: Definition, account_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that an account is inside the scope of a bound definition."""
    home, root = Portfolio.__table__.alias(), Portfolio.__table__.alias()
    query = (
        select(1)
        .select_from(AccountPortfolio)
        .join(home, home.c.id == AccountPortfolio.portfolio_id)
        .where(AccountPortfolio.account_id == account_id)
    )
    if definition.spec.business_unit is not None:
        query = query.join(BusinessUnit, BusinessUnit.id == AccountPortfolio.business_unit_id).where(
            BusinessUnit.number == definition.spec.business_unit
        )
    if definition.spec.portfolio is not None:
        # Paths are made of digits and slashes: nothing in them is a wildcard.
        query = query.join(root, (root.c.business_unit_id == home.c.business_unit_id) & home.c.path.like(root.c.path.concat("%"))).where(
            root.c.code == definition.spec.portfolio
        )
    return exists(query.correlate_except(AccountPortfolio, BusinessUnit, home, root))


def scope_label(definition: Definition) -> Label:
    """Say in words what a definition is for."""
    spec = definition.spec
    italian = [f"il portafoglio {spec.portfolio}"] if spec.portfolio else []
    english = [f"portfolio {spec.portfolio}"] if spec.portfolio else []
    if spec.business_unit is not None:
        italian.append(f"l'unità di business {spec.business_unit}")
        english.append(f"business unit {spec.business_unit}")
    return Label(", ".join(italian), ", ".join(english))
