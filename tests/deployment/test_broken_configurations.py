"""Two hundred configurations that are broken, each with an error at the line that is marked, and a database that stays as it is.

A line that ends with ``#!`` is where the (first) error is to be found.
"""

from __future__ import annotations

import textwrap
from typing import Final

import pytest

from crmcore.deployment import load
from crmcore.errors import ConfigurationError
from crmcore.planning import configuration_text, make_plan

pytestmark = pytest.mark.feature("P4.2")

MARK: Final = "#!"


ZONE = "zones:\n  VI:\n    label: Vicenza"
PORTFOLIO = "portfolios:\n  BU1:\n    A:\n      label: A"
CHARACTERISTIC = "characteristics:\n  account:\n    k:\n      label: K"
STATE = (
    "state_tables:\n  pratiche:\n    label: P\n    states:\n      a: {label: A, order: 1, default: true}\n"
    "      b:\n        label: B\n        order: 2"
)
PERSON = "salespersons:\n  A:\n    name: Anna"
TABLE = "lookup_tables:\n  T:\n    label: T"
STEPS = (
    "state_tables:\n  pratiche:\n    label: P\n    mode: steps\n"
    "    states: {a: {label: A, order: 1, default: true}, b: {label: B, order: 2}}\n    transitions:"
)


def under(head: str, indent: int, *lines: str) -> list[str]:
    """Return cases: ``head`` followed by each text, indented."""
    return [f"{head}\n{textwrap.indent(line, ' ' * indent)}" for line in lines]


FIELDS = [
    # Wrong types.
    *under(ZONE, 4, "obsolete: si #!", "obsolete: 1 #!", "parent: 7 #!", "parent: [A] #!", "provinces: VI #!", "provinces: {VI: true} #!"),
    *under(ZONE, 4, "provinces: [1] #!", "postcodes: [36100] #!", "postcodes: 36100 #!", "municipalities: [true] #!", "sellers: [A] #!"),
    *under(ZONE, 4, "sellers: A #!", "obsolete: [] #!", "provinces: [null] #!"),
    *under(PORTFOLIO, 6, "obsolete: no #!", "parent: 1.5 #!", "parent: {code: B} #!", "obsolete: 0 #!"),
    *under(
        CHARACTERISTIC, 6, "type: 3 #!", "unit: 4 #!", "mandatory: sì #!", "indexed: 1 #!", "visible_to: direzione #!", "visible_to: [1] #!"
    ),
    *under(
        CHARACTERISTIC, 6, "business_unit: uno #!", "business_unit: 1.5 #!", "business_unit: true #!", "choices: [a] #!", "choices: a #!"
    ),
    *under(
        CHARACTERISTIC,
        6,
        "default: {a: 1} #!",
        "validate: 7 #!",
        "depends_on: k #!",
        "position: primo #!",
        "help: [a] #!",
        "portfolio: 3 #!",
    ),
    *under(STATE, 8, "terminal: forse #!", "colour: 7 #!", "flags: [a] #!", "flags: {a: [1]} #!", "flags: {a: null} #!", "default: 0 #!"),
    *under(PERSON, 4, "kind: 1 #!", "login: 7 #!", "manager: [B] #!", "disabled_from: domani #!", "disabled_from: 20260101 #!"),
    *under(TABLE, 4, "levels: Uno #!", "levels: [1] #!", "entries: [A] #!", "entries: {A: [B]} #!"),
    *under("interaction_kinds:\n  fair:\n    label: Fiera", 4, "counts_as_contact: 1 #!", "obsolete: boh #!"),
    *under("saved_searches:\n  S:", 4, "filter: tutto #!", "sort: name #!", "columns: {name: 1} #!", "entity: 7 #!", "filter: [a] #!"),
    *under("list_views:\n  v:", 4, "filters: name #!", "sort: [name] #!", "filters: [1] #!"),
    # Wrong values.
    *under(ZONE, 4, "provinces: [Vicenza] #!", "provinces: [vi] #!", 'postcodes: ["3610"] #!', 'postcodes: ["36100-"] #!'),
    *under(
        ZONE, 4, 'municipalities: ["24116"] #!', "sellers: {gennaio: A} #!", "sellers: {2026-1-1: A} #!", "sellers: {2026-01-01-A: A} #!"
    ),
    *under(
        CHARACTERISTIC,
        6,
        "business_unit: 11 #!",
        "business_unit: 0 #!",
        "unit: " + "x" * 41 + " #!",
        "depends_on: [K-1] #!",
        'visible_to: [""] #!',
    ),
    *under(STATE, 8, "colour: rosso #!", 'colour: "#12345" #!', "flags: {Attivo: true} #!", "order: 2000000 #!"),
    *under(PERSON, 4, "kind: venditore #!", "login: '' #!", "disabled_from: 2026-02-30 #!"),
    *under(TABLE, 4, "levels: [a, b, c, d] #!", "entries: {A/B/C/D: Quattro} #!", "entries: {/A: Barra} #!", "entries: {A//B: Barre} #!"),
    *under("state_tables:\n  pratiche:\n    label: P", 4, "mode: avanti #!", "mode: 1 #!"),
    # Missing, empty and too long.
    "zones:\n  VI: {provinces: [VI]} #!",
    "zones:\n  VI: #!",
    "zones:\n  VI: {} #!",
    "zones:\n  VI: {label: ''} #!",
    "zones:\n  VI: {label: {en: Vicenza}} #!",
    "zones:\n  VI: {label: {it: ''}} #!",
    "zones:\n  VI: {label: {it: Vicenza, fr: Vicence}} #!",
    f"zones:\n  VI: {{label: {'x' * 121}}} #!",
    "zones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: #!",
    "zones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: {until: 2026-12-31} #!",
    "business_units:\n  X: {label: X} #!",
    "salespersons:\n  A: {kind: agent} #!",
    "relation_kinds:\n  r: {label: conosce} #!",
    "state_tables:\n  t: {label: T, states: {a: {label: A}}} #!",
    "characteristics:\n  account:\n    k: {type: text} #!",
    "lookup_tables:\n  T: {levels: [Uno]} #!",
    # Unknown keys.
    *under(ZONE, 4, "provincia: [VI] #!", "lable: Vicenza #!", "seller: {2026-01-01: A} #!", "padre: X #!"),
    *under(PORTFOLIO, 6, "parents: B #!", "unit: 1 #!", "children: {B: B} #!"),
    *under(CHARACTERISTIC, 6, "tipo: text #!", "choice: {a: A} #!", "key: k #!", "entity: account #!", "require: true #!"),
    *under(STATE, 8, "color: rosso #!", "final: true #!", "code: b #!"),
    *under(PERSON, 4, "phone: '1' #!", "boss: B #!", "zone: VI #!"),
    *under("saved_searches:\n  S:", 4, "where: {} #!", "owner: anna #!"),
    *under("list_views:\n  v:", 4, "filter: [a] #!"),
    "zone_rules: {} #!",
    "zonez: {} #!",
    "portfolio: {} #!",
    "database: sqlite:// #!",
    "plugins: [italy] #!",
    "settings: {} #!",
    "include: [b.yaml] #!",
    "offers.order_types: {} #!",
    # Keys of the wrong shape.
    "zones:\n  VI NORD: Vicenza #!",
    "zones:\n  ' ': Vicenza #!",
    f"zones:\n  {'Z' * 41}: Vicenza #!",
    "zones:\n  -x: Vicenza #!",
    "characteristics:\n  account:\n    Consumo: Consumo #!",
    "characteristics:\n  account:\n    consumo-kwh: Consumo #!",
    "characteristics:\n  account:\n    1k: K #!",
    "list_views:\n  Per classe: {filters: [name], sort: state} #!",
    "saved_searches:\n  view:x: {} #!",
    "state_tables:\n  Pratiche: {label: P} #!",
    "portfolios:\n  BU1:\n    A/B: A #!",
    "salespersons:\n  AGN 1: Anna #!",
    *under(STEPS, 6, "a to b: {} #!", "a->b: {} #!", "a > b: {} #!", "a -> : {} #!"),
    # Sections that are something else.
    "zones: [VI] #!",
    "zones: VI #!",
    "portfolios:\n  BU1: [A] #!",
    "portfolios:\n  BU1: A #!",
    "characteristics:\n  account: k #!",
    "zones:\n  VI: [Vicenza] #!",
    "saved_searches:\n  S: name #!",
    "state_tables:\n  t:\n    label: T\n    states: [a] #!",
    "state_tables:\n  t:\n    label: T\n    states: {a: {label: A, order: 1, default: true}}\n    transitions:\n      a -> a: si #!",
    # Unknown groups and references.
    "portfolios:\n  BU9: {A: A} #!",
    "portfolios:\n  1: {A: A} #!",
    "characteristics:\n  accounts: {k: K} #!",
    "characteristics:\n  document: {k: K} #!",
    "portfolios: {BU1: {A: {label: A, parent: B}}} #!",
    "portfolios:\n  BU1:\n    A:\n      label: A\n      parent: GENERIC #!",
    "zones:\n  VI:\n    label: V\n    parent: VENETO #!",
    "salespersons:\n  A:\n    name: A\n    manager: B #!",
    "salespersons:\n  A:\n    name: A\n    agency: B #!",
    "zones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: AGN001 #!",
    "zones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: {seller: AGN001} #!",
    "salespersons: {A: Anna}\nzones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01 BU7: A #!",
    *under(CHARACTERISTIC, 6, "type: lookup\ntarget: T #!", "portfolio: X #!"),
    # Cycles.
    "portfolios:\n  BU1:\n    A:\n      label: A\n      parent: A #!",
    "portfolios:\n  BU1:\n    A:\n      label: A\n      parent: B #!\n    B: {label: B, parent: A}",
    "zones:\n  A:\n    label: A\n    parent: C #!\n  B: {label: B, parent: A}\n  C: {label: C, parent: B}",
    "salespersons:\n  A:\n    name: A\n    manager: B #!\n  B: {name: B, manager: A}",
    "characteristics:\n  account:\n    a: {label: A, compute: b, depends_on: [b]} #!\n    b: {label: B, compute: a, depends_on: [a]}",
    # Duplicates.
    "zones: {A: A}\nzones: {B: B} #!",
    "zones:\n  A: A\n  A: B #!",
    "zones:\n  A:\n    label: A\n    label: B #!",
    "salespersons: {X: X}\nzones:\n  A:\n    label: A\n    sellers:\n      2026-01-01: X\n      2026-01-01: X #!",
    "zones:\n  A: {label: A, provinces: [VI]}\n  B: {label: B, provinces: [VI]} #!",
    "zones:\n  A: {label: A, postcodes: ['36100-36199']}\n  B: {label: B, postcodes: ['36150-36160']} #!",
    "zones:\n  A: {label: A, postcodes: ['36100']}\n  B: {label: B, postcodes: ['36100']} #!",
    "zones:\n  A: {label: A, postcodes: ['36100-36110', '36105-36120']} #!",
    "zones:\n  A: {label: A, municipalities: ['024116']}\n  B: {label: B, municipalities: ['024116']} #!",
    "zones:\n  A: {label: A, postcodes: ['36199-36100']} #!",
    "state_tables:\n  t: {label: T, states: {a: {label: A, order: 1}}} #!",
    (
        "state_tables:\n  t: #!\n    label: T\n    states:\n      a: {label: A, order: 1, default: true}\n"
        "      b: {label: B, order: 2, default: true}"
    ),
    "business_units:\n  X: {number: 1, label: X} #!",
    "business_units:\n  BU1: {number: 2} #!",
    "business_units:\n  X: {number: 2, label: X}\n  Y: {number: 2, label: Y}",
    # What does not make sense.
    "state_tables:\n  t: {label: T} #!",
    "state_tables:\n  t: {label: T, entity: pratica, states: {a: {label: A, order: 1, default: true}}} #!",
    "state_tables:\n  t: {label: T, states: {a: {label: A, order: 1, default: true, obsolete: true}}} #!",
    *under(STEPS, 6, "a -> c: {} #!", "c -> b: {} #!"),
    *under(STEPS, 6, "a -> b: {guard: nessuna} #!", "a -> b: {effects: [nessuno]} #!", "a -> b: {required_fields: [piva]} #!"),
    STEPS.replace("steps", "forward-only") + "\n      a -> b: {}\n      b -> a: {} #!",
    STEPS.replace("mode: steps", "mode: free").replace("  pratiche:", "  pratiche: #!") + "\n      a -> b: {}",
    STEPS.replace("b: {label: B, order: 2}", "b: {label: B, order: 2, terminal: true}") + "\n      a -> b: {}\n      b -> a: {} #!",
    "state_tables:\n  customers: {entity: person} #!",
    *under(
        CHARACTERISTIC.replace("    k:", "    k: #!"),
        6,
        "type: importo",
        "type: choice",
        "type: reference",
        "type: lookup",
        "type: choices\nindexed: true",
    ),
    *under(
        CHARACTERISTIC.replace("    k:", "    k: #!"),
        6,
        "type: integer\ndefault: dieci",
        "type: flag\ndefault: 1",
        "type: date\ndefault: 7",
        "depends_on: [z]",
    ),
    *under(
        CHARACTERISTIC.replace("    k:", "    k: #!"),
        6,
        "type: integer\ncompute: z\ndepends_on: [z]",
        "type: choice\nchoices: {a: A}\ndefault: b",
    ),
    *under(CHARACTERISTIC, 6, "validate: 'a +' #!", "compute: '(' #!", "on_change: 'se x allora y' #!"),
    "characteristics:\n  interaction:\n    k: K #!",
    "salespersons:\n  AGN000: Nessuno #!",
    "salespersons:\n  A:\n    name: A\n    agency: B #!\n  B: Bruno",
    "salespersons: {A: {name: A, kind: operator}}\nzones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: A #!",
    "salespersons: {A: {name: A, disabled_from: 2025-06-01}}\nzones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: A #!",
    "salespersons: {A: A}\nzones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01:\n        seller: A\n        until: 2025-12-31 #!",
    (
        "salespersons: {A: A}\nzones:\n  VI:\n    label: V\n    sellers:\n      2026-01-01: {seller: A, until: 2026-12-31}\n"
        "      2026-06-01: A #!"
    ),
    "salespersons: {A: A}\nzones:\n  VI:\n    label: V\n    sellers:\n      2026-02-30: A #!",
    "salespersons: {A: A}\nzones:\n  VI:\n    label: V\n    obsolete: true\n    sellers:\n      2026-01-01: A #!",
    "lookup_tables:\n  T:\n    label: T\n    entries:\n      A/B: B #!",
    "saved_searches:\n  S:\n    filter: {field: c.consumo, op: ge, value: 1} #!",
    "saved_searches:\n  S:\n    filter: {field: name, op: somiglia, value: x} #!",
    "saved_searches:\n  S: {sort: [fatturato]} #!",
    "saved_searches:\n  S:\n    columns: [fatturato] #!",
    "saved_searches:\n  S:\n    entity: fattura #!",
    "list_views:\n  v: {filters: [name]} #!",
    "list_views:\n  v: {filters: [name, fatturato]} #!",
    "list_views:\n  v: {entity: fattura, filters: [name], sort: state} #!",
    # Not YAML, or not what is taken.
    "zones:\n\tVI: Vicenza #!",
    "zones: [VI\n",
    "zones:\n  VI: 'Vicenza\n",
    "zones:\n  VI: !zona Vicenza #!",
    "zones:\n  VI: &v #!\n    label: *v",
    "zones:\n  VI: *v #!",
    "zones:\n  VI: {label: \x01} #!",
    "- zones #!",
    "zones #!",
    "zones:\n  VI: {label: '${env:HOME}'} #!",
    "zones:\n  VI:\n    label: V\n    parent: ${file:/etc/passwd} #!",
]
"""Texts of the included file."""

CORPUS = {f"{number:03} {text.splitlines()[-1].strip()[:50]}": text for number, text in enumerate(FIELDS)}


def marked(text: str) -> int | None:
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.endswith(MARK)]
    return lines[0] if lines else None


def clean(text: str) -> str:
    return "\n".join(line.removesuffix(MARK).rstrip() for line in text.split("\n")) + "\n"


@pytest.fixture(scope="module")
def crm(tmp_path_factory):
    from crmcore import Crm

    with Crm.open(f"sqlite:///{tmp_path_factory.mktemp('broken')}/crm.db", migrate=True) as opened:
        yield opened


def test_there_are_two_hundred():
    assert len(CORPUS) >= 200
    assert len({clean(text) for text in CORPUS.values()}) == len(CORPUS)


@pytest.mark.parametrize("name", CORPUS)
def test_a_broken_configuration_gives_an_error_at_its_line_and_changes_nothing(crm, tmp_path, name):
    text = CORPUS[name]
    (tmp_path / "crm.yaml").write_text("database: sqlite://\ninclude: [config.yaml]\n")
    (tmp_path / "config.yaml").write_text(clean(text))
    with pytest.raises(ConfigurationError) as caught:
        make_plan(crm, load(tmp_path))
    problems = caught.value.problems
    places = [str(problem.params["place"]).removeprefix(str(tmp_path / "config.yaml")) for problem in problems]
    assert all(place.startswith(":") for place in places), places
    line = marked(text)
    if line is not None:
        assert places[0].split(":")[1] == str(line), caught.value.text()
    for problem in problems:
        for lang in ("it", "en"):
            # A parameter that is missing in a message shows as <name?>.
            assert "?>" not in problem.text(lang)
    assert configuration_text(crm) == {}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"zones: {VI: Citt\xe0}\n", "encoding"),
        ("zones: {VI: Vicenza}\n".encode("utf-16"), "encoding"),
        (b"#" * 5_000_001, "too_large"),
        (b"zones: " + b"[" * 3_000, "too_deep"),
        (
            b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
            + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)),
            "too_many",
        ),
    ],
    ids=["latin-1", "utf-16", "huge", "deep", "bomb"],
)
def test_a_file_that_cannot_be_read_changes_nothing(crm, tmp_path, content, kind):
    (tmp_path / "crm.yaml").write_text("database: sqlite://\ninclude: [config.yaml]\nportfolios: {BU1: {A: A}}\n")
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        make_plan(crm, load(tmp_path))
    assert kind in {problem.params.get("kind") for problem in caught.value.problems}
    assert configuration_text(crm) == {}


def test_all_errors_of_all_files_are_told_at_once(crm, tmp_path):
    (tmp_path / "crm.yaml").write_text("database: sqlite://\ninclude: [a.yaml, b.yaml, none.yaml]\nzones: {VI: {labl: V}}\n")
    (tmp_path / "a.yaml").write_text(
        "zones:\n  PD: {label: P, parent: XX}\n  TV: {label: T, obsolete: 7}\nsalespersons: {A: {name: A, kind: x}}\n"
    )
    (tmp_path / "b.yaml").write_text("zones:\n  PD: Padova\nportfolios: {BU1: {A: {label: A, colour: x}}}\n")
    with pytest.raises(ConfigurationError) as caught:
        make_plan(crm, load(tmp_path))
    found = [(str(p.params["place"]).removeprefix(f"{tmp_path}/"), p.params["path"], p.params["kind"]) for p in caught.value.problems]
    assert found == [
        ("a.yaml:2:26", "zones.PD.parent", "unknown_item"),
        ("a.yaml:3:28", "zones.TV.obsolete", "type"),
        ("a.yaml:4:35", "salespersons.A.kind", "allowed"),
        ("b.yaml:2:3", "zones.PD", "given_twice"),
        ("b.yaml:3:34", "portfolios.BU1.A.colour", "unknown"),
        ("crm.yaml:2:27", "include[2]", "no_match"),
        ("crm.yaml:3:9", "zones.VI.label", "required"),
        ("crm.yaml:3:14", "zones.VI.labl", "unknown"),
    ]


def test_an_unknown_name_comes_with_the_nearest_known_one(crm, tmp_path):
    (tmp_path / "crm.yaml").write_text("database: sqlite://\ninclude: [a.yaml]\nsalespersons: {AGN001: Anna}\n")
    (tmp_path / "a.yaml").write_text("zonez: {}\nzones: {VI: {label: V, parents: X, sellers: {2026-01-01: AGN01}}}\n")
    with pytest.raises(ConfigurationError) as caught:
        make_plan(crm, load(tmp_path))
    hints = [problem.params["hint"] for problem in caught.value.problems]
    assert hints == [", did you mean 'zones'?", ", did you mean 'parent'?", ", did you mean 'AGN001'?"]


@pytest.mark.parametrize("pattern", ["../other.yaml", "/etc/passwd", "a/../../b.yaml"])
def test_files_outside_of_the_folder_are_not_included(tmp_path, pattern):
    (tmp_path / "crm.yaml").write_text(f"database: sqlite://\ninclude: ['{pattern}']\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert [problem.params["kind"] for problem in caught.value.problems] == ["outside"]
