"""Parametric products (G09): options that people choose, and rules in the sandbox that make price and description of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore import Label, Problem, Session
from crmcore.scripting import NotPlain, ScriptError
from crmcore_offers.codes import problem, refuse, refuse_all
from crmcore_offers.model import PRICE_PLACES, Product
from crmcore_offers.pricing.numbers import read_number, shown

if TYPE_CHECKING:
    from collections.abc import Callable

INPUTS: Final = frozenset({"options", "labels", "quantity", "base", "deltas", "price", "description"})
"""What rules may read: the chosen values and their labels by code, the quantity, the base price, what the choices add, the price and the
description that come out without the rule."""

KINDS: Final = ("choice", "number", "flag", "text")
_LONGEST: Final = 200
_WHOLE: Final = 11
"""Digits of a price before the point."""


@attrs.frozen(kw_only=True)
class Configured:
    """A product with its options chosen: price of one unit, description, and the options as the row keeps them."""

    price: Decimal
    description: str
    options: Mapping[str, Any]


@attrs.frozen
class _Picked:
    """A value of an option: as the row keeps it, as rules read it, as people read it, and what it adds to the price."""

    kept: Any
    value: object
    label: str
    delta: Decimal = Decimal(0)


def configure(session: Session, product: Product, options: Mapping[str, Any], quantity: Decimal, base: Decimal) -> Configured:
    """Choose the options of a product, and return the price and the description that its rules make of them; no statement runs.

    Without a price rule the price is the base price and what the choices add. Numbers are exact decimals.

    Raises:
        ValidationFailed: ``OFFERS_OPTION_UNKNOWN``, ``OFFERS_OPTION_VALUE``, ``OFFERS_OPTION_MISSING`` with all of them, or
            ``OFFERS_RULE_FAILED`` with rule and line.
    """
    chosen = _choose(product, options)
    deltas = sum((each.delta for each in chosen.values()), Decimal(0))
    price = base + deltas
    context: dict[str, object] = {
        # Every option is there, so that a rule may ask for one that nobody chose.
        "options": {each["code"]: chosen[each["code"]].value if each["code"] in chosen else None for each in product.options},
        "labels": {each["code"]: chosen[each["code"]].label if each["code"] in chosen else "" for each in product.options},
        "quantity": quantity,
        "base": base,
        "deltas": deltas,
        "price": price,
        "description": product.label_it,
    }
    if product.price_rule:
        price = _price(product, _run(session, product, "price_rule", context))
        context["price"] = price
    description = product.label_it
    if product.description_rule:
        made = _run(session, product, "description_rule", context)
        if not isinstance(made, str) or not made.strip():
            raise _failed(product, "description_rule", 1, Label("il risultato non è un testo", "the result is no text"))
        description = made
    return Configured(price=price, description=description, options={code: each.kept for code, each in chosen.items()})


def _choose(product: Product, given: Mapping[str, Any]) -> Mapping[str, _Picked]:
    known = {each["code"]: each for each in product.options}
    problems = [
        problem("OFFERS_OPTION_UNKNOWN", product.code, product=product.code, option=code, known=", ".join(known) or "-")
        for code in given
        if code not in known
    ]
    found: dict[str, _Picked] = {}
    for code, option in known.items():
        value = given.get(code, option.get("default"))
        if value is None or value == "":
            if option.get("required"):
                problems.append(problem("OFFERS_OPTION_MISSING", product.code, product=product.code, option=code))
            continue
        try:
            found[code] = _READERS[option["type"]](option, value)
        except ValueError as error:
            params = {"product": product.code, "option": code, "value": str(value)[:80], "expected": error.args[0]}
            problems.append(problem("OFFERS_OPTION_VALUE", product.code, **params))
    if problems:
        raise refuse_all(problems)
    return found


def _choice(option: Mapping[str, Any], value: Any) -> _Picked:  # noqa: ANN401 - whatever somebody gave
    choices = {each["code"]: each for each in option["choices"]}
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(choices)
        raise ValueError(Label(f"uno tra {listed}", f"one of {listed}"))
    return _Picked(value, value, _label(choices[value])["it"], Decimal(str(choices[value].get("price") or 0)))


def _number(option: Mapping[str, Any], value: Any) -> _Picked:  # noqa: ANN401 - as above
    found = read_number(value, PRICE_PLACES)
    low, high = (None if option.get(name) is None else Decimal(str(option[name])) for name in ("min", "max"))
    if (low is not None and found < low) or (high is not None and found > high):
        ends = [shown(each) if each is not None else "…" for each in (low, high)]
        raise ValueError(Label(f"un numero da {ends[0]} a {ends[1]}", f"a number from {ends[0]} to {ends[1]}"))
    return _Picked(shown(found), found, shown(found).replace(".", ","))


def _flag(option: Mapping[str, Any], value: Any) -> _Picked:  # noqa: ANN401 - as above
    if not isinstance(value, bool):
        raise ValueError(Label("sì o no", "true or false"))  # noqa: TRY004 - one way to report
    return _Picked(value, value, "sì" if value else "no", Decimal(str(option.get("price") or 0)) if value else Decimal(0))


def _text(option: Mapping[str, Any], value: Any) -> _Picked:  # noqa: ANN401 - as above
    most = int(option.get("max") or _LONGEST)
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise ValueError(Label(f"un testo di al massimo {most} caratteri", f"a text of {most} characters at most"))
    return _Picked(value, value, value)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Any], _Picked]]] = {
    "choice": _choice,
    "number": _number,
    "flag": _flag,
    "text": _text,
}


def _label(option: Mapping[str, Any]) -> Mapping[str, str]:
    label = option.get("label") or option["code"]
    return {"it": label, "en": label} if isinstance(label, str) else label


def _run(session: Session, product: Product, rule: str, context: Mapping[str, object]) -> Any:  # noqa: ANN401 - any value of a script
    try:
        return session.crm.rules.run(getattr(product, rule), context, INPUTS).value
    except ScriptError as error:
        raise _failed(product, rule, error.line, error.text) from error
    except NotPlain as error:
        raise _failed(product, rule, 1, Label(str(error), str(error))) from error


def _price(product: Product, value: object) -> Decimal:
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and 0 <= value < Decimal(10) ** _WHOLE:
        return Decimal(value).quantize(Decimal(1).scaleb(-PRICE_PLACES), ROUND_HALF_UP)
    expected = Label(f"il prezzo {value!r:.40} non è un numero da 0 in su", f"the price {value!r:.40} is no number from 0 up")
    raise _failed(product, "price_rule", 1, expected)


def _failed(product: Product, rule: str, line: int, reason: Label) -> Exception:
    return refuse("OFFERS_RULE_FAILED", product.code, product=product.code, rule=rule, line=line, reason=reason)


def definition_problems(
    session: Session, code: str, options: Sequence[Any], price_rule: str, description_rule: str
) -> Iterator[tuple[str, Label]]:
    """Yield what is wrong with the options and rules of a product, as field and reason."""
    seen: set[str] = set()
    for option in options:
        reason = _option_reason(option, seen)
        if reason is not None:
            yield "options", reason
            continue
        seen.add(option["code"])
    for field, rule in (("price_rule", price_rule), ("description_rule", description_rule)):
        try:
            if rule:
                session.crm.rules.check(rule, INPUTS)
        except ScriptError as error:
            where = f"{code}, {error.line}:{error.column}"
            yield field, Label(f"{error.text.it} ({where})", f"{error.text.en} ({where})")


def _option_reason(option: Any, seen: set[str]) -> Label | None:  # noqa: ANN401 - whatever somebody gave
    code = option.get("code") if isinstance(option, Mapping) else None
    if not isinstance(code, str) or not code.isidentifier():
        return Label(f"l'opzione {option!r:.60} non ha un codice", f"option {option!r:.60} has no code")
    if code in seen:
        return Label(f"l'opzione {code} c'è due volte", f"option {code} is there twice")
    if option.get("type") not in KINDS:
        return Label(f"opzione {code}: tipo tra {', '.join(KINDS)}", f"option {code}: a type of {', '.join(KINDS)}")
    choices = option.get("choices", ())
    codes = [each.get("code") for each in choices if isinstance(each, Mapping)]
    if option["type"] == "choice" and (not codes or len(codes) != len(choices) or len(set(codes)) != len(codes) or not all(codes)):
        return Label(f"opzione {code}: le scelte hanno ciascuna un codice", f"option {code}: each choice has a code of its own")
    for name, values in (("min", [option.get("min")]), ("max", [option.get("max")]), ("price", [each.get("price") for each in choices])):
        for value in values:
            try:
                if value is not None:
                    read_number(value, PRICE_PLACES)
            except ValueError:
                return Label(f"opzione {code}: {name} {value!r} non è un numero", f"option {code}: {name} {value!r} is no number")
    return _default_reason(option)


def _default_reason(option: Mapping[str, Any]) -> Label | None:
    default = option.get("default")
    if default is None:
        return None
    try:
        _READERS[option["type"]](option, default)
    except ValueError as error:
        code, expected = option["code"], error.args[0]
        it = f"opzione {code}: il valore predefinito {default!r} non va bene, atteso {expected.it}"
        return Label(it, f"option {code}: the default {default!r} does not do, expected {expected.en}")
    return None


def invalid(session: Session, product: Product) -> list[Problem]:
    """Return what is wrong with the options and rules of a product record."""
    found = definition_problems(session, product.code, product.options, product.price_rule, product.description_rule)
    return [problem("OFFERS_PRODUCT_INVALID", product.code, product=product.code, reason=reason) for _, reason in found]
