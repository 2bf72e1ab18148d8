"""The hardened validator: what plain Cerberus lets through, and what every problem says."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.deployment import ConfigValidator, Secret, SecretSource, check_schema, describe, resolve, sample
from crmcore.deployment.yamlfile import parse
from crmcore.hooks import ConfigSchema, Label

pytestmark = pytest.mark.feature("P2.4", "P4.2")

LABEL = Label("Chiave", "Key")


def key(**rules):
    return {"label": LABEL, "help": "What it is for.", **rules}


def schema(**keys):
    return ConfigSchema({name: key(**rules) for name, rules in keys.items()})


def reasons(given_schema, given_values, **options):
    _, problems = resolve(given_schema, given_values, **options)
    return [(problem.params["path"], problem.params["kind"]) for problem in problems]


@pytest.mark.parametrize("kind", ["integer", "float", "number"])
def test_a_boolean_is_no_number(kind):
    assert reasons(schema(n={"type": kind}), {"n": True}) == [("n", "type")]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("rules", [{"type": "float"}, {"type": "number"}, {}, {"anyof": [{"type": "float"}, {"type": "string"}]}])
def test_what_is_not_finite_is_refused_whatever_the_rules(rules, value):
    assert ("n", "not_finite") in reasons(schema(n=rules), {"n": value})


def test_what_is_not_finite_is_found_inside_open_containers():
    declared = schema(rates={"type": "dict", "valuesrules": {"type": "number"}}, list={"type": "list", "schema": {"type": "number"}})
    assert reasons(declared, {"rates": {"x": math.nan}, "list": [1, math.inf]}) == [("list[1]", "not_finite"), ("rates.x", "not_finite")]


@pytest.mark.parametrize(("value", "fits"), [("56100", True), ("56100\n", False), ("x56100", False), ("56100 ", False)])
def test_a_pattern_matches_the_whole_text(value, fits):
    assert (reasons(schema(cap={"type": "string", "regex": r"\d{5}"}), {"cap": value}) == []) is fits


@pytest.mark.parametrize(("value", "expected"), [("3", 3), (3, 3), (3.0, 3)])
def test_conversion_to_a_whole_number_takes_what_is_one(value, expected):
    assert resolve(schema(n={"coerce": int}), {"n": value})[0]["n"] == expected


@pytest.mark.parametrize("value", [1.9, True, "1.9", "x", None, math.nan])
def test_conversion_to_a_whole_number_is_never_silent(value):
    assert [path for path, _ in reasons(schema(n={"coerce": int, "type": "integer"}), {"n": value})] == ["n"]


def test_conversion_to_truth_takes_only_truth_values():
    assert reasons(schema(on={"coerce": bool}), {"on": "false"}) == [("on", "convert")]


def test_a_date_is_not_an_instant():
    assert reasons(schema(on={"type": "date"}), {"on": datetime(2026, 1, 1)}) == [("on", "type")]


def test_an_unknown_key_is_an_error_with_the_nearest_known_name():
    _, problems = resolve(schema(days={"type": "integer"}), {"dais": 3}, plugin="warranty")
    assert problems[0].text("en") == "settings: dais: is not known here, did you mean 'days'?"
    assert problems[0].text("it") == "settings: dais: qui non è previsto, forse 'days'?"
    assert (problems[0].code, problems[0].plugin) == ("CONFIG_INVALID", "warranty")


def test_all_problems_are_reported_at_once_also_in_nested_parts():
    declared = schema(
        days={"type": "integer", "min": 1},
        slots={"type": "list", "schema": {"type": "dict", "schema": {"hour": key(type="integer", required=True)}}},
        mode={"type": "string", "allowed": ["fast", "slow"]},
    )
    found = reasons(declared, {"days": 0, "slots": [{"hour": "x"}, {}, {"hoor": 1, "hour": 2}], "mode": "fats"})
    assert found == [
        ("days", "minimum"),
        ("mode", "allowed"),
        ("slots[0].hour", "type"),
        ("slots[1].hour", "required"),
        ("slots[2].hoor", "unknown"),
    ]


def test_a_check_of_a_plugin_that_raises_is_a_problem_of_its_key():
    def broken(_field, _value, _error):
        raise ZeroDivisionError

    assert reasons(schema(a={"check_with": broken}, b={"type": "integer"}), {"a": 1, "b": "x"}) == [("a", "check_failed"), ("b", "type")]


def test_defaults_are_filled_in_and_the_result_cannot_be_changed():
    declared = schema(
        days={"type": "integer", "default": 30},
        names={"type": "list", "default": [["a"], ["b"]]},
        nested={"type": "dict", "schema": {"on": key(type="boolean", default=True)}},
    )
    values, problems = resolve(declared, {})
    assert problems == []
    assert values == {"days": 30, "names": (("a",), ("b",)), "nested": {"on": True}}
    with pytest.raises(TypeError):
        values["days"] = 1
    with pytest.raises(TypeError):
        values["nested"]["on"] = False
    # The default itself is not shared: a second resolution gives the same.
    assert resolve(declared, {})[0] == values


def test_the_given_values_are_not_changed():
    given_values = {"nested": {}, "names": ["a"]}
    resolve(schema(nested={"type": "dict", "schema": {"on": key(type="boolean", default=True)}}, names={"type": "list"}), given_values)
    assert given_values == {"nested": {}, "names": ["a"]}


def test_with_problems_there_are_no_settings():
    assert resolve(schema(days={"type": "integer", "default": 1}), {"days": "x"})[0] == {}


def test_settings_that_are_no_mapping_are_one_problem():
    assert reasons(schema(days={"type": "integer"}), [1]) == [("settings", "type")]


def test_cerberus_itself_accepts_the_describing_keys():
    validator = ConfigValidator({"key": {"type": "string", "label": LABEL, "help": "x", "secret": True, "example": "y"}})
    assert validator.validate({"key": "z"})


# Secrets


def test_a_secret_is_taken_from_environment_and_file_and_never_shown(tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    declared = schema(
        key={"type": "string", "secret": True}, token={"type": "string", "secret": True}, part={"type": "string", "secret": True}
    )
    source = SecretSource({"KEY": "hunter2"}, tmp_path)
    values, problems = resolve(declared, {"key": "${env:KEY}", "token": "${file:token}", "part": "a-${env:KEY}"}, secrets=source)
    assert problems == []
    assert [values[name].reveal() for name in declared.schema] == ["hunter2", "s3cret", "a-hunter2"]
    for shown in (repr(values), str(values["key"]), f"{values['key']}", repr(source)):
        assert "hunter2" not in shown
        assert "s3cret" not in shown


def test_secrets_compare_by_value():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")


def test_a_reference_is_refused_where_the_schema_marks_no_secret():
    _, problems = resolve(schema(name={"type": "string"}), {"name": "${env:HOME}"})
    assert [(problem.code, problem.params["path"], problem.params["reference"]) for problem in problems] == [
        ("SECRET_REFUSED", "name", "${env:HOME}"),
    ]


@pytest.mark.parametrize("reference", ["${env:NO_SUCH_VARIABLE}", "${file:no/such/file}"])
def test_a_secret_that_is_not_there_is_one_problem(reference):
    declared = schema(key={"type": "string", "secret": True, "regex": "[a-z]+"})
    _, problems = resolve(declared, {"key": reference}, secrets=SecretSource({}))
    assert [(problem.code, problem.params["reference"]) for problem in problems] == [("SECRET_MISSING", reference)]


@pytest.mark.parametrize(
    "rules",
    [
        {"type": "integer"},
        {"type": "string", "regex": "x"},
        {"coerce": int},
        {"anyof": [{"type": "integer"}, {"regex": "y"}]},
        {"maxlength": 2},
    ],
)
def test_no_problem_shows_a_secret(rules):
    _, problems = resolve(schema(key={**rules, "secret": True}), {"key": "${env:KEY}"}, secrets=SecretSource({"KEY": "hunter2"}))
    assert problems
    assert "hunter2" not in "".join(problem.text(lang) + repr(problem) for problem in problems for lang in ("it", "en"))


def test_a_misspelt_secret_is_not_shown():
    _, problems = resolve(schema(password={"type": "string", "secret": True}), {"pasword": "hunter2"})
    assert "hunter2" not in repr(problems)


# Schemas


def test_a_good_schema_has_no_problems():
    assert check_schema("toy", schema(days={"type": "integer", "default": 3, "min": 1})) == []


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"type": "integer", "help": "x"}, "label"),
        ({"type": "integer", "label": LABEL}, "help"),
        ({"type": "integer", "label": Label("", "Key"), "help": "x"}, "label"),
        (key(type="nonsense"), "nonsense"),
        (key(tpye="integer"), "tpye"),
        (key(type="integer", default="x"), "default"),
        (key(type="integer", default=True), "default"),
        (key(type="float", default=math.nan), "default"),
        (key(type="string", regex="("), "regex"),
        (key(type="string", secret=True, default="x"), "secret"),
        (key(type="string", default_setter=lambda _: 1), "default_setter"),
        (key(type="string", required=True, regex="z{3}"), "sample"),
        (key(type="dict", schema={"inner": {"type": "string"}}), "inner"),
        (key(type="dict", schema={"inner": key(type="integer", default="x")}), "inner"),
        (key(type="list", schema={"type": "integer"}, default=["x"]), "default"),
        (7, "mapping"),
    ],
)
def test_a_bad_schema_is_a_problem_that_names_the_key(rules, said):
    problems = check_schema("toy", ConfigSchema({"thing": rules}))
    assert problems
    assert {problem.code for problem in problems} == {"CONFIG_SCHEMA"}
    assert {problem.plugin for problem in problems} == {"toy"}
    assert any(said in problem.text("en") and "thing" in problem.text("en") for problem in problems)


def test_a_required_key_needs_an_example_when_nothing_can_be_made_up():
    assert check_schema("toy", schema(code={"type": "string", "required": True, "regex": "z{3}", "example": "zzz"})) == []


def test_every_problem_of_a_schema_is_reported():
    problems = check_schema("toy", ConfigSchema({"a": {"type": "integer"}, "b": key(type="integer", default="x")}))
    assert [problem.object for problem in problems] == ["a", "a", "b"]


def test_the_reference_has_a_row_for_each_key():
    declared = schema(
        days={"type": "integer", "default": 3, "min": 1},
        token={"type": "string", "secret": True, "required": True},
        slots={"type": "list", "schema": {"type": "dict", "schema": {"hour": key(type="integer", required=True)}}},
    )
    rows = {row.path: row for row in describe(declared)}
    assert list(rows) == ["days", "token", "slots", "slots[].hour"]
    assert (rows["days"].type, rows["days"].default, rows["days"].required) == ("whole number, at least 1", 3, False)
    assert (rows["token"].secret, rows["token"].required) == (True, True)


# A value for each simple type, and rules that it passes.
DEFAULTS = st.one_of(
    st.tuples(st.just("integer"), st.integers(-(10**9), 10**9)),
    st.tuples(st.just("float"), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(
        st.just("string"), st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=30)
    ),
    st.tuples(st.just("date"), st.dates(date(1900, 1, 1), date(2200, 1, 1))),
    st.tuples(st.just("list"), st.lists(st.integers(0, 9), max_size=4)),
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.tuples(DEFAULTS, st.booleans()), max_size=5))
def test_a_sample_is_valid_and_gives_the_defaults(keys):
    declared = schema(**{name: {"type": kind, "default": value, "required": required} for name, ((kind, value), required) in keys.items()})
    assert check_schema("toy", declared) == []
    document = parse(sample(declared), "sample")
    values, problems = resolve(declared, document.data)
    assert (document.problems, problems) == ((), [])
    assert values == resolve(declared, {})[0] or any(required for _, required in keys.values())
    for name, ((_, value), _) in keys.items():
        assert values[name] == (tuple(value) if isinstance(value, list) else value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["days", "slots", "hour", "x", "any"]), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_given_is_resolved_or_refused_and_never_raises(given_values):
    declared = schema(
        days={"type": "integer", "default": 3, "forbidden": [7]},
        slots={"type": "list", "contains": 1, "schema": {"type": "dict", "schema": {"hour": key(type="integer", required=True)}}},
        any={"anyof": [{"type": "dict", "valuesrules": {"type": "integer"}}, {"type": "list", "items": [{"type": "integer"}]}]},
        x={"type": ["string", "dict"], "keysrules": {"regex": "[a-z]+"}},
    )
    values, problems = resolve(declared, given_values)
    assert bool(problems) != bool(values)
    for problem in problems:
        assert problem.text("it")
        assert "<" not in problem.text("en").partition(": ")[2][:1]
