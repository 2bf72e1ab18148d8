"""A plugin declares a collection once, and has loading, validation, plan, apply, ownership and export of it."""

from __future__ import annotations

import pytest

from crmcore import Configurable, Configured, Label
from crmcore.errors import ConfigurationError, StartError
from crmcore.hooks import Item, Store
from crmcore.planning import Day, Plain, Refer, Rows, Text, configuration_text, make_plan
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P4.1")

LABEL = {
    "type": "dict",
    "required": True,
    "schema": {
        "it": {"type": "string", "required": True, "example": "x", "label": Label("It", "It"), "help": "Italian."},
        "en": {"type": "string", "default": "", "label": Label("En", "En"), "help": "English."},
    },
    "label": Label("Etichetta", "Label"),
    "help": "What people read.",
}


class Memory(Store):
    """Items that are kept in the process: a store may be anything."""

    def __init__(self):
        self.items = {}

    def read(self, session):
        return dict(self.items)

    def write(self, session, steps):
        self.items |= {step.key: step.after for step in steps}

    def remove(self, session, steps):
        for step in steps:
            del self.items[step.key]


def order_types(store, **more):
    fields = {
        "label": LABEL,
        "sign": {"type": "integer", "allowed": [1, -1], "default": 1, "label": Label("Segno", "Sign"), "help": "1 or -1."},
    }
    return Configurable(name="toy.order_types", label=Label("Tipi ordine", "Order types"), help="…", fields=fields, store=store, **more)


@pytest.fixture
def toy():
    return make_plugin(
        "toy",
        crm_configurables=[order_types(Memory(), references={})],
        crm_configured=[Configured(collection="toy.order_types", items={"offer": {"it": "Offerta", "en": "Offer"}})],
    )


def test_a_section_with_the_name_of_the_plugin(open_crm, deploy, apply, steps):
    crm = open_crm(toy_plugin := make_plugin("toy", crm_configurables=[order_types(Memory())]))
    assert toy_plugin.PLUGIN.name == "toy"
    text = "toy.order_types:\n  return: {label: Reso, sign: -1}\n  sale: Vendita\n"
    plan = apply(crm, deploy(text))
    assert steps(plan) == ["add toy.order_types return", "add toy.order_types sale"]
    assert configuration_text(crm) == {
        "toy.order_types": "# Tipi ordine\ntoy.order_types:\n  return: {label: Reso, sign: -1}\n  sale: Vendita\n"
    }
    with pytest.raises(ConfigurationError) as caught:
        make_plan(crm, deploy("toy.order_types:\n  x: {label: X, sign: 2}\n  y: {sing: 1}\n"))
    assert [str(problem.params["path"]) for problem in caught.value.problems] == [
        "toy.order_types.x.sign",
        "toy.order_types.y.label",
        "toy.order_types.y.sing",
    ]
    plan = apply(crm, deploy(""), prune=True)
    assert steps(plan) == ["remove toy.order_types return", "remove toy.order_types sale"]


def test_what_the_plugin_brings_is_written_and_may_be_overridden(open_crm, deploy, apply, toy):
    crm = open_crm(toy)
    store = crm.registry.configurables["toy.order_types"].store
    expected = Item({"label": {"it": "Offerta", "en": "Offer"}, "sign": 1}, "toy")
    assert store.items == {("offer",): expected}
    apply(crm, deploy("toy.order_types: {offer: {sign: -1}}"))
    assert store.items["offer",] == Item({"label": {"it": "Offerta", "en": "Offer"}, "sign": -1}, "deployment")
    assert configuration_text(crm) == {"toy.order_types": "# Tipi ordine\ntoy.order_types:\n  offer: {sign: -1}\n"}
    apply(crm, deploy(""), prune=True)
    assert store.items == {("offer",): expected}


def test_a_section_of_a_plugin_that_is_not_enabled_is_an_error(open_crm, deploy):
    with pytest.raises(ConfigurationError) as caught:
        make_plan(open_crm(), deploy("toy.order_types: {}"))
    assert caught.value.problems[0].params["kind"] == "unknown"


def fault(**fields):
    return make_plugin("toy", crm_configurables=[order_types(Memory(), **fields)])


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (fault(references={"sign": "toy.nothing"}), "it refers to toy.nothing, which is no collection"),
        (fault(references={"zone": "zones"}), "it names the fields zone"),
        (fault(short="name"), "it names the fields name"),
        (fault(after=("toy.order_types",), group="toy.groups"), "it refers to toy.groups"),
        (
            make_plugin(
                "toy",
                crm_configurables=[
                    Configurable(
                        name="toy.links",
                        label=Label("a", "a"),
                        help="…",
                        short=None,
                        texts=(),
                        store=Memory(),
                        fields={"password": {"type": "string", "secret": True, "label": Label("a", "a"), "help": "…"}},
                    )
                ],
            ),
            "password is a secret",
        ),
        (
            make_plugin(
                "toy",
                crm_configurables=[
                    Configurable(
                        name="toy.x", label=Label("a", "a"), help="…", short=None, texts=(), store=Memory(), fields={"a": {"typ": 1}}
                    )
                ],
            ),
            "`label` must be a Label",
        ),
        (make_plugin("toy", crm_configurables=[order_types(Memory()), order_types(Memory())]), "twice"),
    ],
    ids=["reference", "field", "short", "group", "secret", "schema", "duplicate"],
)
def test_an_unsound_collection_stops_the_start(open_crm, plugin, reason):
    with pytest.raises(StartError) as caught:
        open_crm(plugin)
    found = [problem for problem in caught.value.problems if reason in problem.text()]
    assert found
    assert {problem.plugin for problem in caught.value.problems} == {"toy"}
    assert found[0].code in {"CONFIGURABLE_INVALID", "NAME_DUPLICATE"}


@pytest.mark.parametrize(
    "items",
    [{"fair": {"lable": "x"}}, {"fair": {}}, {"Fiera !": "x"}, {"fair": {"label": "x", "counts_as_contact": 1}}],
    ids=["unknown", "missing", "key", "type"],
)
def test_what_a_plugin_brings_is_checked_at_the_start(open_crm, items):
    with pytest.raises(StartError, match="CONFIGURED_INVALID") as caught:
        open_crm(make_plugin("toy", crm_configured=[Configured(collection="interaction_kinds", items=items)]))
    assert {problem.plugin for problem in caught.value.problems} == {"toy"}
    with pytest.raises(StartError, match="CONFIGURED_INVALID"):
        open_crm(make_plugin("toy", crm_configured=[Configured(collection="interaction_kindz", items={})]))


def test_the_columns_of_a_table_say_how_fields_are_kept():
    class Row:
        label_it, label_en, sign = "Uno", "One", 1

    assert Text("label").read(Row) == {"it": "Uno", "en": "One"}
    assert Plain("sign").write(2) == {"sign": 2}
    assert Day("until").columns == ("until",)
    assert Rows.__attrs_attrs__.columns.name == "columns"
    assert Refer(field="zone", column="zone_id", to=Row).code == "code"
