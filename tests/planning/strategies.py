"""Random configurations that are valid, from small pools of codes, so that two of them meet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

Config = dict[str, Any]

# Quotes, colons and the like, which YAML must not trip over.
TEXT = st.text(st.sampled_from("aàB è'\":#-{}[]&*!%@,?|>`\\~0"), min_size=1, max_size=12).filter(lambda text: text.strip())
LABEL = TEXT | st.fixed_dictionaries({"it": TEXT}, optional={"en": TEXT})
FLAG = st.booleans()
UNITS = {"BU1": 1, "U2": 2, "U3": 3}
DEFAULTS = {"text": TEXT, "integer": st.integers(-9, 9), "flag": FLAG, "date": st.dates(date(2020, 1, 1), date(2030, 1, 1))}
PROVINCES = {"Z1": ("VI", "VR"), "Z2": ("PD",), "Z3": ("MI", "MB"), "Z4": ()}


@st.composite
def forests(draw, codes: list[str], fields: dict[str, st.SearchStrategy[Any]], parent: str = "parent") -> Config:
    """Items of which each may lie in one that comes before it in a random order."""
    order = draw(st.lists(st.sampled_from(codes), unique=True))
    found = {}
    for number, code in enumerate(order):
        item = draw(st.fixed_dictionaries({}, optional=fields)) | {
            name: draw(each) for name, each in fields.items() if name in {"label", "name"}
        }
        above = draw(st.none() | st.sampled_from(order[:number])) if number else None
        found[code] = item | ({parent: above} if above is not None else {})
    return found


@st.composite
def characteristics(draw, portfolios: Config) -> Config:
    found = {}
    for key in draw(st.lists(st.sampled_from(["ka", "kb", "kc", "kd"]), unique=True)):
        kind = draw(st.sampled_from([*DEFAULTS, "choice", "choices", "decimal", "lookup"]))
        item = {
            "label": draw(LABEL),
            "type": kind,
            "mandatory": draw(FLAG),
            "unit": draw(st.sampled_from(["", "kg"])),
            "obsolete": draw(FLAG),
        }
        item["indexed"] = kind != "choices" and draw(FLAG)
        item["visible_to"] = draw(st.lists(st.sampled_from(["x", "y"])))
        if kind in DEFAULTS and draw(FLAG):
            item["default"] = draw(DEFAULTS[kind])
        if kind in {"choice", "choices"}:
            item["choices"] = draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), LABEL, min_size=1))
        if kind == "lookup":
            item["target"] = "T"
        codes = sorted({code for group in portfolios.values() for code in group})
        if codes and draw(FLAG):
            item["portfolio"] = draw(st.sampled_from(codes))
        found[key] = item
    return {"account": found}


@st.composite
def state_tables(draw) -> Config:
    state = {"label": LABEL, "order": st.integers(1, 99), "colour": st.sampled_from(["#000000", "#ffffff"])}
    flags = st.dictionaries(st.sampled_from(["blocking", "priority"]), FLAG | st.integers(0, 9), max_size=2)
    states = draw(
        st.dictionaries(st.sampled_from(["s1", "s2", "s 3"]), st.fixed_dictionaries(state, optional={"flags": flags, "obsolete": FLAG}))
    )
    first = {"s0": draw(st.fixed_dictionaries(state)) | {"default": True}}
    rules = st.fixed_dictionaries({}, optional={"groups": st.lists(st.sampled_from(["g", "h"])), "required_fields": st.just(["name"])})
    steps = {f"s0 -> {code}": draw(rules) for code in states}
    if "s1" in states and draw(FLAG):
        steps["s1 -> s0 @v"] = draw(rules)
    return {
        "free": {"label": draw(LABEL), "states": first | states},
        "steps": {"label": draw(LABEL), "mode": "steps", "states": first | states, "transitions": steps},
        "customers": {"states": {"extra": draw(st.fixed_dictionaries(state)), "blocked": draw(st.fixed_dictionaries({"label": LABEL}))}},
    }


@st.composite
def zones(draw, people: Config) -> Config:
    found = draw(forests(list(PROVINCES), {"label": LABEL}))
    for code, item in found.items():
        item["provinces"] = draw(st.lists(st.sampled_from(PROVINCES[code]), unique=True)) if PROVINCES[code] else []
        if code == "Z4":
            item["postcodes"] = draw(st.lists(st.sampled_from(["20100", "30100-30199", "00184"]), unique=True))
        if people and draw(FLAG):
            starts = draw(st.lists(st.integers(0, 20), unique=True, max_size=3))
            days = [date(2026, 1, 1) + timedelta(days=30 * number) for number in starts]
            item["sellers"] = {day.isoformat(): draw(st.sampled_from(sorted(people))) for day in days}
    return found


@st.composite
def configurations(draw) -> Config:
    """Return a whole configuration, as the files hold it."""
    units = {code: {"number": UNITS[code], "label": draw(LABEL)} for code in draw(st.lists(st.sampled_from(list(UNITS)), unique=True))}
    portfolios = {unit: draw(forests(["A", "B", "C"], {"label": LABEL, "obsolete": FLAG})) for unit in {*units, "BU1"}}
    people = draw(forests(["P1", "P2", "P3"], {"name": TEXT, "login": st.sampled_from(["anna", "ugo"])}, "manager"))
    entries = draw(st.sampled_from([[], ["A"], ["A", "A/B"], ["A", "A/B", "A/B/C", "D"]]))
    kinds = st.dictionaries(
        st.sampled_from(["fair", "visit", "k"]), st.fixed_dictionaries({"label": LABEL}, optional={"counts_as_contact": FLAG})
    )
    filters = st.sampled_from([{}, {"field": "name", "op": "eq", "value": "x"}, {"not": {"field": "state", "op": "in", "value": ["lead"]}}])
    return {
        "business_units": units,
        "portfolios": portfolios,
        "lookup_tables": {"T": {"label": draw(LABEL), "levels": ["Uno"], "entries": {path: draw(LABEL) for path in entries}}},
        "characteristics": draw(characteristics(portfolios)),
        "state_tables": draw(state_tables()),
        "salespersons": people,
        "zones": draw(zones(people)),
        "interaction_kinds": draw(kinds),
        "relation_kinds": draw(
            st.dictionaries(st.sampled_from(["r", "partner"]), st.fixed_dictionaries({"label": LABEL, "inverse": LABEL}))
        ),
        "saved_searches": draw(
            st.dictionaries(st.sampled_from(["Una", "Due"]), st.fixed_dictionaries({"filter": filters, "sort": st.just(["-name"])}))
        ),
        "list_views": draw(st.dictionaries(st.sampled_from(["v", "w"]), st.just({"filters": ["state"], "sort": "-name"}))),
    }
