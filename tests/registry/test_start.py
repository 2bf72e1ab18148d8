"""What stops a start, and that everything is said at once."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

import attrs
import pytest
from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmcore import (
    Account,
    CharacteristicDef,
    Choice,
    Command,
    ConfigSchema,
    Crm,
    Entity,
    Event,
    FieldType,
    Handler,
    Job,
    Label,
    Permission,
    Rule,
    ScriptFunction,
    State,
    StateTable,
    Template,
    Transition,
    TransitionMode,
    Visibility,
    hookimpl,
)
from crmcore.errors import ErrorCode, StartError
from crmcore.model import ENTITIES
from crmcore.registry import discover, load
from crmcore.testing.plugins import make_plugin

pytestmark = pytest.mark.feature("P2.4")
L = Label("Etichetta", "Label")


def codes(*plugins, **options) -> list[str]:
    with pytest.raises(StartError) as caught:
        load(plugins, **options)
    return [problem.code for problem in caught.value.problems]


def handler(session, event): ...


def job(session, run): ...


def narrow(session): ...


def test_no_plugins_is_a_sound_registry():
    registry, left_out = load()
    assert registry.plugins == ()
    assert left_out == ()
    assert set(registry.entities) == {cls.entity_name() for cls in ENTITIES}
    assert "account.created" in registry.events


def test_requirements_come_first_whatever_the_order():
    a, b, c = make_plugin("a", requires=["b"]), make_plugin("b", requires=["c>=1"]), make_plugin("c", version="1.4")
    for wanted in ([a, b, c], [c, b, a], [b, a, c]):
        registry, _ = load(wanted)
        assert [plugin.name for plugin in registry.plugins] == ["c", "b", "a"]
    assert registry.required["a"] == {"b", "c"}


def test_hooks_run_in_dependency_order():
    def returning(value):
        def crm_validate(changes):
            return [value]

        return crm_validate

    first, second = make_plugin("zz", crm_validate=returning("zz")), make_plugin("aa", requires=["zz"], crm_validate=returning("aa"))
    registry, _ = load([second, first])
    assert registry.hooks.results("crm_validate", session=None, changes=[]) == [("zz", ["zz"]), ("aa", ["aa"])]


def test_all_problems_of_all_plugins_are_reported_together():
    broken = ModuleType("broken")
    one = make_plugin("one", requires=["nowhere"], api=">=9")
    assert codes("absent", broken, one) == ["PLUGIN_UNKNOWN", "PLUGIN_INFO_MISSING", "PLUGIN_API_REFUSED", "PLUGIN_REQUIREMENT_MISSING"]


RULES = Command(name="rules", target="toys:rules", help="Look at rules.", top=True)


@pytest.mark.parametrize(
    ("plugins", "expected"),
    [
        ([make_plugin("Bad Name")], "PLUGIN_NAME_INVALID"),
        ([make_plugin("core")], "PLUGIN_NAME_INVALID"),
        ([make_plugin("x" * 25)], "PLUGIN_NAME_INVALID"),
        ([make_plugin("a", requires=["!!"])], "PLUGIN_REQUIREMENT_INVALID"),
        ([make_plugin("a", requires=["b>>1"]), make_plugin("b")], "PLUGIN_REQUIREMENT_INVALID"),
        ([make_plugin("a", requires=["b>=2"]), make_plugin("b", version="1.9")], "PLUGIN_REQUIREMENT_MISSING"),
        ([make_plugin("a"), make_plugin("a")], "PLUGIN_DUPLICATE"),
        ([make_plugin("a", api="nonsense")], "PLUGIN_API_REFUSED"),
        ([make_plugin(name, crm_commands=[RULES]) for name in ("a", "b")], "NAME_DUPLICATE"),
        ([make_plugin("a", capabilities=["everything"])], "PLUGIN_CAPABILITY_UNKNOWN"),
    ],
)
def test_identity_problems(plugins, expected):
    assert codes(*plugins) == [expected]


def test_a_circle_names_every_plugin_on_it():
    with pytest.raises(StartError) as caught:
        load([make_plugin("a", requires=["b"]), make_plugin("b", requires=["a"]), make_plugin("c")])
    assert {(p.code, p.plugin) for p in caught.value.problems} == {("PLUGIN_CYCLE", "a"), ("PLUGIN_CYCLE", "b")}


def test_an_unknown_hook_is_refused_with_the_nearest_name():
    def crm_tabels(): ...

    with pytest.raises(StartError, match=r"did you mean crm_tables\?"):
        load([make_plugin("a", crm_tabels=crm_tabels)])


def test_a_wrong_argument_is_refused():
    def crm_validate(session, rows): ...

    with pytest.raises(StartError, match=r"HOOK_SIGNATURE \[plugin a, hook crm_validate\].* rows .*offers session, changes"):
        load([make_plugin("a", crm_validate=crm_validate)])


def test_a_hook_that_is_not_marked_is_refused():
    module = make_plugin("a")

    def crm_validate(changes): ...

    crm_validate.__module__ = module.__name__
    module.crm_validate = crm_validate
    assert codes(module) == ["HOOK_NOT_MARKED"]


def test_wrappers_are_refused():
    module = make_plugin("a")

    @hookimpl(wrapper=True)
    def crm_validate():
        return (yield)

    module.crm_validate = crm_validate
    assert codes(module) == ["HOOK_WRAPPER_REFUSED"]


def test_a_declaration_that_raises_or_returns_nonsense_is_a_problem_like_the_others():
    def crm_jobs():
        raise ZeroDivisionError

    assert codes(make_plugin("a", crm_jobs=crm_jobs, crm_permissions=["text"], crm_events=[Event])) == [
        "HOOK_RESULT_TYPE",
        "HOOK_RESULT_TYPE",
        "HOOK_FAILED",
    ]


def test_a_slot_claimed_twice_names_both():
    def calendar(): ...

    with pytest.raises(StartError, match=r"SLOT_CLAIMED_TWICE .*claimed by a and b"):
        load([make_plugin("b", crm_working_calendar=calendar), make_plugin("a", crm_working_calendar=calendar)])


def test_points_of_a_plugin_are_hooks_for_those_that_require_it():
    points = ModuleType("points")
    exec(  # a module of specifications, as a plugin would have
        "from crmcore import hookspec\n@hookspec\ndef base_price(amount):\n    'Return a price.'\n",
        vars(points),
    )

    def base_price(amount):
        return amount * 2

    base = make_plugin("base", crm_extension_points=[points])
    registry, _ = load([base, make_plugin("user", requires=["base"], base_price=base_price)])
    assert registry.hooks.results("base_price", amount=21) == [("user", 42)]
    assert codes(base, make_plugin("stranger", base_price=base_price)) == ["HOOK_UNKNOWN"]


def test_points_need_prefix_and_docstring():
    points = ModuleType("points")
    exec("from crmcore import hookspec\n@hookspec\ndef price(amount): ...\n", vars(points))
    assert codes(make_plugin("base", crm_extension_points=[points])) == ["HOOK_SPEC_INVALID", "HOOK_SPEC_INVALID"]


def test_quarantine_leaves_out_the_broken_and_what_requires_it():
    broken = make_plugin("broken", crm_permissions=["text"])
    registry, problems = load([broken, make_plugin("needs", requires=["broken"]), make_plugin("fine")], quarantine=True)
    assert [plugin.name for plugin in registry.plugins] == ["fine"]
    assert {problem.plugin for problem in problems} == {"broken", "needs"}


def test_a_broken_plugin_never_leaves_a_half_started_crm(tmp_path):
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with pytest.raises(StartError):
        Crm.open(url, plugins=[make_plugin("a", crm_jobs=["x"])], migrate=True)
    assert not (tmp_path / "crm.db").exists()


DUPLICATE_PERMISSION = [Permission(name="a.x", label=L), Permission(name="a.x", label=L)]


@attrs.frozen(kw_only=True)
class Good(Event):
    TYPE: ClassVar[str] = "a.good"


class NotAttrs(Event):
    TYPE: ClassVar[str] = "a.plain"


def states(*items, **options):
    return [StateTable(name="a.states", entity="account", label=L, states=tuple(items), **options)]


S10, S20, S30 = (State(code=code, label=L, order=int(code), default=code == "10") for code in ("10", "20", "30"))


@pytest.mark.parametrize(
    ("hooks", "expected"),
    [
        ({"crm_permissions": DUPLICATE_PERMISSION}, ["NAME_DUPLICATE"]),
        ({"crm_permissions": [Permission(name="b.x", label=L)]}, ["NAME_PREFIX"]),
        ({"crm_permissions": [Permission(name="A x", label=L)]}, ["NAME_INVALID"]),
        (
            {"crm_error_codes": [ErrorCode("A_FULL", "x", "x", "x"), ErrorCode("NOT_FOUND", "x", "x", "x")]},
            ["NAME_PREFIX", "NAME_DUPLICATE"],
        ),
        ({"crm_characteristics": [CharacteristicDef(key="colour", label=L)]}, ["NAME_PREFIX"]),
        ({"crm_characteristics": [CharacteristicDef(key="a_x", label=L, type="colour")]}, ["CHARACTERISTIC_INVALID"]),
        ({"crm_characteristics": [CharacteristicDef(key="a_x", label=L, entity="acount")]}, ["CHARACTERISTIC_INVALID"]),
        ({"crm_characteristics": [CharacteristicDef(key="a_x", label=L, type="choice")]}, ["CHARACTERISTIC_INVALID"]),
        (
            {"crm_characteristics": [CharacteristicDef(key="a_x", label=L, type="choice", choices=(Choice(code="1", label=L),) * 2)]},
            ["CHARACTERISTIC_INVALID"],
        ),
        ({"crm_characteristics": [CharacteristicDef(key="a_x", label=L, type="reference", target="nobody")]}, ["CHARACTERISTIC_INVALID"]),
        ({"crm_characteristics": [CharacteristicDef(key="a_x", label=L, compute="1 +")]}, ["SCRIPT_INVALID"]),
        ({"crm_characteristics": [CharacteristicDef(key="a_x", label=L, compute="1", depends_on=("a_y",))]}, ["CHARACTERISTIC_INVALID"]),
        ({"crm_field_types": [FieldType(name="colour", label=L, normalise=str)]}, ["NAME_INVALID"]),
        ({"crm_state_tables": states()}, ["STATE_TABLE_INVALID"]),
        ({"crm_state_tables": states(S20)}, ["STATE_TABLE_INVALID"]),
        ({"crm_state_tables": states(S10, S10)}, ["STATE_TABLE_INVALID", "STATE_TABLE_INVALID"]),
        ({"crm_state_tables": states(S10, S20, mode=TransitionMode.STEPS)}, ["STATE_TABLE_INVALID"]),
        (
            {"crm_state_tables": states(S10, S20, mode=TransitionMode.STEPS, transitions=(Transition(source="10", target="99"),))},
            ["STATE_TABLE_INVALID", "STATE_TABLE_INVALID"],
        ),
        (
            {
                "crm_state_tables": states(
                    S10,
                    S20,
                    S30,
                    mode=TransitionMode.FORWARD_ONLY,
                    transitions=(Transition(source="10", target="30"), Transition(source="30", target="20")),
                )
            },
            ["STATE_TABLE_INVALID"],
        ),
        ({"crm_state_tables": states(S10, transitions=(Transition(source="10", target="10"),))}, ["STATE_TABLE_INVALID"]),
        ({"crm_events": [NotAttrs]}, ["EVENT_INVALID"]),
        ({"crm_handlers": [Handler(event="account.creatd", fn=handler)]}, ["HANDLER_EVENT_UNKNOWN"]),
        ({"crm_handlers": [Handler(event="account.created", fn=narrow)]}, ["HANDLER_INVALID"]),
        ({"crm_handlers": [Handler(event="account.created", fn=lambda s, e: None, name="x")]}, ["HANDLER_INVALID"]),
        ({"crm_handlers": [Handler(event="account.created", fn=handler)] * 2}, ["NAME_DUPLICATE"]),
        ({"crm_handlers": [Handler(event=Good, fn=handler)]}, ["HANDLER_EVENT_UNKNOWN"]),
        ({"crm_jobs": [Job(name="a.x", fn=narrow)]}, ["JOB_INVALID"]),
        ({"crm_jobs": [Job(name="a.x", fn=job, every=Rule("FREQ=DAILY;UNTIL=20200101T000000"))]}, ["JOB_INVALID"]),
        ({"crm_jobs": [Job(name="a.x", fn=job, max_attempts=0)]}, ["JOB_INVALID"]),
        ({"crm_commands": [Command(name="x", target="nonsense", help="h")]}, ["COMMAND_INVALID"]),
        ({"crm_script_functions": [ScriptFunction(name="a.f", fn=max)]}, ["SCRIPT_FUNCTION_INVALID"]),
        ({"crm_templates": [Template(name="a.t", package="crmcore", path="absent.txt")]}, ["TEMPLATE_INVALID"]),
        ({"crm_configuration": ConfigSchema({"days": {"type": "integer", "default": "x"}})}, ["CONFIG_SCHEMA"]),
    ],
)
def test_declarations_are_checked(hooks, expected):
    found = codes(make_plugin("a", **hooks))
    assert sorted(set(found)) == sorted(set(expected))


@pytest.mark.feature("I-14")
def test_computed_characteristics_cannot_go_in_a_circle():
    circle = [
        CharacteristicDef(key="a_x", label=L, compute="a_y", depends_on=("a_y",)),
        CharacteristicDef(key="a_y", label=L, compute="a_x", depends_on=("a_x",)),
    ]
    assert codes(make_plugin("a", crm_characteristics=circle)) == ["CHARACTERISTIC_CYCLE"]


class FaultyEntity(Entity, plugin="faulty"):
    __abstract__ = True


class Prefixless(FaultyEntity):
    __tablename__ = "wrong_prefix"
    __visibility__ = Visibility.public()
    __personal__ = ()


class Bare(FaultyEntity):
    __tablename__ = "faulty_bare"


class Lost(FaultyEntity):
    __tablename__ = "faulty_lost"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ("absent",)

    account_id: Mapped[int] = mapped_column(Integer)
    stranger: Mapped[int] = mapped_column(ForeignKey("host_invoice.id"))


class Copying(FaultyEntity):
    __tablename__ = "faulty_copying"
    __visibility__ = Visibility.public()
    __personal__ = ()
    __copies__ = {"absent": ("account",)}  # noqa: RUF012 - a declaration, read once at start


class PoisonEntity(Entity, plugin="poison"):
    __abstract__ = True


class Poison(PoisonEntity):
    __tablename__ = "poison_item"
    __visibility__ = Visibility.public()
    __personal__ = ()

    name: Mapped[str] = mapped_column(String(10))
    other: Mapped[Missing] = relationship("Missing", init=False)  # noqa: F821 - the fault


def table_codes(name, *classes):
    with pytest.raises(StartError) as caught:
        load([make_plugin(name, crm_tables=list(classes))])
    return {(problem.code, problem.object) for problem in caught.value.problems}


@pytest.mark.feature("P2.5")
def test_tables_are_checked():
    missing = ("MIGRATIONS_MISSING", None)
    assert table_codes("faulty", Prefixless) == {("TABLE_PREFIX", "wrong_prefix"), missing}
    assert table_codes("faulty", Bare) == {("TABLE_VISIBILITY", "faulty_bare"), ("TABLE_PERSONAL", "faulty_bare"), missing}
    assert table_codes("faulty", Copying) == {("TABLE_VISIBILITY", "faulty_copying"), missing}
    assert table_codes("faulty", Lost) == {
        ("TABLE_REFERENCE_UNDECLARED", "faulty_lost"),
        ("TABLE_FOREIGN_KEY", "faulty_lost"),
        ("TABLE_VISIBILITY", "faulty_lost"),
        ("TABLE_PERSONAL", "faulty_lost"),
        missing,
    }
    assert ("TABLE_BASE", "Bare") in table_codes("other", Bare)


def test_a_mapping_that_cannot_work_spoils_nobody_else():
    assert ("TABLE_MAPPING", None) in table_codes("poison", Poison)
    with Crm.open("sqlite://", migrate=True) as crm, crm.session("anna") as s:
        s.accounts.create(name="Bellini", phone1="0444 123456", portfolio="GENERICO")
        s.commit()


def test_nothing_may_be_added_to_a_class_of_the_core(monkeypatch):
    def shout(self):
        return self.name.upper()

    module = make_plugin("a")
    shout.__module__ = module.__name__
    monkeypatch.setattr(Account, "shout", shout, raising=False)
    with pytest.raises(StartError, match=r"CORE_CLASS_CHANGED \[plugin a, object Account.shout\]"):
        load([module])


def test_installed_plugins_are_found_by_entry_point():
    assert discover()["italy"][0].target == "crmcore_italy"


class StrayEntity(Entity, plugin="stray"):
    __abstract__ = True


class Stray(StrayEntity):
    """A class of a plugin that is not enabled here, with a foreign key that leads nowhere."""

    __tablename__ = "stray_item"
    __visibility__ = Visibility.public()
    __personal__ = ()

    lost: Mapped[int] = mapped_column(ForeignKey("nowhere.id"))


def test_a_broken_class_of_a_plugin_that_is_not_enabled_spoils_no_other_registry():
    registry, _ = load()
    assert "account" in [table.name for table in registry.tables("core")]
    with Crm.open("sqlite://", migrate=True) as crm:
        assert all(state.is_current for state in crm.schema())
