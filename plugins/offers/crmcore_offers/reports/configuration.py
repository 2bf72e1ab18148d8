"""What a deployment configures of reports: targets and commission rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crmcore import Configurable, Entity, Label, Session
from crmcore.hooks import Finding, Key, Scene, Values
from crmcore.model import Money, Salesperson, Scaled
from crmcore.planning import Day, Mapped, Plain, Refer, Rows, Text, collections_of
from crmcore.scripting import ScriptError
from crmcore_offers.model import PERCENT_PLACES, Category, CommissionRule, OrderType, Product, Target
from crmcore_offers.reports.periods import Period

INPUTS: Final = frozenset({"document", "row"})
"""What scripts of commission rules may read."""
BENEFICIARIES: Final = ("agent", "operator", "agency", "referrer")
_MONEY_PLACES: Final = 2


def _field(kind: object, it: str, en: str, text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - Cerberus rules are open
    return {"type": kind, "label": Label(it, en), "help": text, **more}


def _codes(it: str, en: str, text: str) -> dict[str, Any]:
    return _field(["string", "list"], it, en, text, default=[])


def _amount(field: str, scale: Scaled) -> Mapped:
    """Return the column of a number that is text in files, so that no float comes near it."""
    return Mapped(
        field, (field,), lambda row: _text(getattr(row, field), scale.places), lambda value: {field: _number(value, scale.places)}
    )


def _text(value: Decimal, places: int) -> str:
    return f"{value:.{places}f}"


def _number(value: object, places: int) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > places or isinstance(value, float):
        message = Label(
            f'un numero tra virgolette con al massimo {places} decimali, come "1200.50", e non {value}',
            f'a quoted number with at most {places} decimal places, such as "1200.50", and not {value}',
        )
        raise ValueError(message)
    return found


def _normalise_target(values: Values) -> Values:
    return {**values, "period": str(values["period"]), "amount": _text(_number(values["amount"], _MONEY_PLACES), _MONEY_PLACES)}


def _check_targets(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield the targets of no period, and those of one that another is for already."""
    del session
    seen: dict[tuple[str, str | None], Key] = {}
    for key, item in sorted(scene.after.get("offers.targets", {}).items()):
        period, agent = item.values["period"], item.values["agent"]
        if Period.read(period) is None:
            reason = Label(
                "atteso un anno, un trimestre o un mese: 2026, 2026-Q3, 2026-09",
                "expected a year, a quarter or a month: 2026, 2026-Q3, 2026-09",
            )
            yield Finding(key=key, field="period", reason=reason)
        other = seen.setdefault((period, agent), key)
        if other != key:
            reason = Label(f"per lo stesso periodo c'è già {other[-1]}", f"{other[-1]} is for the same period")
            yield Finding(key=key, field="period", reason=reason)


TARGETS: Final = Configurable(
    name="offers.targets",
    label=Label("Obiettivi di vendita", "Sales targets"),
    help="What the firm, or one agent, means to sell in a period.",
    short=None,
    texts=(),
    fields={
        "period": _field(["string", "integer"], "Periodo", "Period", "A year, a quarter or a month.", required=True, example="2026-Q3"),
        "agent": _field("string", "Agente", "Agent", "Code of the agent; none for the firm.", nullable=True, default=None),
        "amount": _field(["string", "integer"], "Importo", "Amount", "The taxable amount, in quotes.", required=True, example="60000.00"),
    },
    store=Rows(
        entity=Target,
        columns=(Plain("period"), _amount("amount", Money())),
        references=(Refer(field="agent", column="agent_id", to=Salesperson),),
        owner="owner",
    ),
    references={"agent": "salespersons"},
    normalise=_normalise_target,
    check=_check_targets,
)

_CONDITIONS: Final = {
    "type": _codes("Tipi", "Types", "Codes of order types."),
    "agent": _codes("Agenti", "Agents", "Codes of agents."),
    "agency": _codes("Agenzie", "Agencies", "Codes of agencies."),
    "category": _codes("Categorie", "Categories", "Codes of product categories; what is below them is meant, too."),
    "product": _codes("Prodotti", "Products", "Codes of products."),
    "rule": _field("string", "Regola", "Rule", "A rule over document and row that says whether it holds.", default=""),
}
_NAMED: Final[Mapping[str, type[Entity]]] = {
    "type": OrderType,
    "agent": Salesperson,
    "agency": Salesperson,
    "category": Category,
    "product": Product,
}


def _normalise_rule(values: Values) -> Values:
    given = values["conditions"] or {}
    conditions = {name: sorted({each} if isinstance(each, str) else set(each)) for name, each in given.items() if name in _NAMED}
    kept: dict[str, Any] = {name: each for name, each in conditions.items() if each and each != [""]}
    if given.get("rule"):
        kept["rule"] = given["rule"]
    percent = _text(_number(values["percent"], PERCENT_PLACES), PERCENT_PLACES)
    amount = _text(_number(values["amount"], _MONEY_PLACES), _MONEY_PLACES)
    return {**values, "conditions": kept, "percent": percent, "amount": amount}


def _check_rules(session: Session, scene: Scene) -> Iterator[Finding]:
    """Yield the rules that name what is not there, or whose scripts do not compile."""
    known = _known(scene)
    for key, item in scene.after.get("offers.commission_rules", {}).items():
        conditions = item.values["conditions"]
        for name in _NAMED:
            for code in sorted(set(conditions.get(name, ())) - known[name]):
                reason = Label(f"{name}: {code} non esiste", f"{name}: there is no {code}")
                yield Finding(key=key, field="conditions", reason=reason)
        first, last = item.values["valid_from"], item.values["valid_to"]
        if first and last and last < first:
            yield Finding(key=key, field="valid_to", reason=Label("finisce prima di cominciare", "it ends before it begins"))
        try:
            if conditions.get("rule"):
                session.crm.rules.check(conditions["rule"], INPUTS)
        except ScriptError as error:
            yield Finding(key=key, field="conditions", reason=error.text)


def _known(scene: Scene) -> dict[str, set[str]]:
    """Return the codes that conditions may name: those after the plan, of whatever collection keeps such things."""
    found: dict[str, set[str]] = {name: set() for name in _NAMED}
    for collection in collections_of(scene.registry).values():
        for name, cls in _NAMED.items():
            if cls in collection.store.entities():
                found[name] |= {key[-1] for key in scene.after.get(collection.name, {})}
    return found


RULES: Final = Configurable(
    name="offers.commission_rules",
    label=Label("Regole provvigionali", "Commission rules"),
    help="What who sells gets of rows in exposing states; of the rules that hold for a row, the one of the highest priority decides.",
    fields={
        "label": _field(
            "dict",
            "Etichetta",
            "Label",
            "What people read.",
            required=True,
            schema={
                "it": _field("string", "Italiano", "Italian", "The text in Italian.", required=True, example="Esempio"),
                "en": _field("string", "Inglese", "English", "The text in English.", default=""),
            },
        ),
        "beneficiary": _field("string", "Beneficiario", "Beneficiary", "Who gets it.", default="agent", allowed=list(BENEFICIARIES)),
        "conditions": _field("dict", "Condizioni", "Conditions", "All must hold; none for every row.", default={}, schema=_CONDITIONS),
        "base": _field("string", "Base", "Base", "Of what the percentage is.", default="taxable", allowed=["taxable", "margin"]),
        "percent": _field(["string", "integer"], "Percentuale", "Percent", "Percent of the base, in quotes.", default="0"),
        "amount": _field(["string", "integer"], "Importo", "Amount", "An amount for each unit, in quotes.", default="0"),
        "valid_from": _field("date", "Valida dal", "Valid from", "The first day, such as 2026-01-01.", nullable=True, default=None),
        "valid_to": _field("date", "Valida al", "Valid to", "The last day.", nullable=True, default=None),
        "priority": _field("integer", "Priorità", "Priority", "The highest decides.", default=0),
        "obsolete": _field("boolean", "Obsoleto", "Obsolete", "Decides nothing any more.", default=False),
    },
    store=Rows(
        entity=CommissionRule,
        columns=(
            Text("label"),
            *(Plain(name) for name in ("beneficiary", "conditions", "base", "priority", "obsolete")),
            _amount("percent", Scaled(PERCENT_PLACES)),
            _amount("amount", Money()),
            Day("valid_from"),
            Day("valid_to"),
        ),
        owner="owner",
    ),
    after=("salespersons",),
    normalise=_normalise_rule,
    check=_check_rules,
)
CONFIGURABLES: Final = (TARGETS, RULES)
