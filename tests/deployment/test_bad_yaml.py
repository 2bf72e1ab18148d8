"""Files that are broken in every way: an error at the right line, nothing else, and soon."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.deployment import load
from crmcore.deployment.yamlfile import MAX_BYTES, parse
from crmcore.errors import ConfigurationError

pytestmark = pytest.mark.feature("P4.2")

GOOD = "database: sqlite://\n"

# Name → bytes of the file, and the line of the (first) error; None where it has none.
CORPUS = {
    "tab": (GOOD + "settings:\n\ttoy: {}\n", 3),
    "tab after dash": (GOOD + "plugins:\n  -\ta\n \t- b\n", 3),
    "unclosed list": (GOOD + "plugins: [a\n", 3),
    "unclosed quote": (GOOD + "lang: 'it\n", 3),
    "unclosed braces": (GOOD + "settings: {a: {b: 1}\n", 3),
    "closed twice": (GOOD + "plugins: [a]]\n", 2),
    "wrong indentation": (GOOD + "settings:\n  a: {}\n b: {}\n", 4),
    "colon in value": (GOOD + "lang: it: en\n", 2),
    "list beside mapping": (GOOD + "- a\n", 2),
    "two documents": (GOOD + "---\nlang: it\n", 2),
    "undefined alias": (GOOD + "plugins: *x\n", 2),
    "reserved character": (GOOD + "lang: @it\n", 2),
    "control character": (GOOD + "lang: \x01\n", 2),
    "null byte": (GOOD + "lang: \x00\n", 2),
    "not utf-8": (GOOD.encode() + b"zone: Europa\xe8\n", 2),
    "utf-16": (GOOD.encode("utf-16"), 1),
    "duplicate key": (GOOD + "lang: it\nzone: Europe/Rome\nlang: en\n", 4),
    "duplicate nested key": (GOOD + "settings:\n  a:\n    x: 1\n    y: 2\n    x: 3\n", 6),
    "unknown key": (GOOD + "langs: it\n", 2),
    "python object": (GOOD + "settings:\n  a: !!python/object/apply:os.system ['true']\n", 3),
    "own tag": (GOOD + "lang: !it it\n", 2),
    "set": (GOOD + "plugins: !!set {a, b}\n", 2),
    "binary": (GOOD + "lang: !!binary aXQ=\n", 2),
    "list as key": (GOOD + "? [a]\n: b\n", 2),
    "null as key": (GOOD + "~: b\n", 2),
    "not a date": (GOOD + "settings:\n  a: {on: 2026-02-30}\n", 3),
    "endless number": (GOOD + "busy_timeout: " + "9" * 6000 + "\n", 2),
    "not a number": (GOOD + "busy_timeout: .nan\n", 2),
    "infinite": (GOOD + "busy_timeout: .inf\n", 2),
    "truth as number": (GOOD + "busy_timeout: true\n", 2),
    "text as number": (GOOD + "busy_timeout: long\n", 2),
    "negative": (GOOD + "busy_timeout: -1\n", 2),
    "number as text": (GOOD + "zone: 7\n", 2),
    "list as text": (GOOD + "lang: [it]\n", 2),
    "text as list": (GOOD + "plugins: italy\n", 2),
    "list of mappings": (GOOD + "plugins:\n  - name: italy\n", 3),
    "empty name": (GOOD + "plugins:\n  - a\n  -\n", 4),
    "bad name": (GOOD + "plugins:\n  - a\n  - Italy\n", 4),
    "same plugin twice": (GOOD + "plugins:\n  - a\n  - b\n  - a\n", 5),
    "language": (GOOD + "lang: de\n", 2),
    "missing database": ("lang: it\n", 1),
    "empty database": ("database: ''\n", 1),
    "null database": ("database:\n", 1),
    "empty file": ("", None),
    "only comments": ("# nothing\n", None),
    "a list": ("- a\n- b\n", 1),
    "a word": ("database\n", 1),
    "settings as list": (GOOD + "settings:\n  - a\n", 3),
    "settings of a plugin as text": (GOOD + "settings:\n  a: b\n", 3),
    "recursive alias": (GOOD + "settings:\n  a: &x\n    b: *x\n", 3),
    "merge of a text": (GOOD + "settings:\n  a:\n    <<: text\n", 4),
    "deep lists": (GOOD + "settings: {a: {b: " + "[" * 3000 + "\n", 2),
    "deep mappings": (GOOD + "settings:\n" + "".join("  " * n + f"k{n}:\n" for n in range(1, 90)), 62),
    "reference in a plain key": (GOOD + "lang: ${env:LANG}\n", 2),
    "missing secret": ("database: postgresql://${env:CRM_NO_SUCH}@h/x\n", 1),
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_broken_file_gives_an_error_at_its_line(tmp_path, name):
    content, line = CORPUS[name]
    file = tmp_path / "crm.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    places = [str(problem.params["place"]) for problem in caught.value.problems]
    assert places
    assert all(place.startswith(str(file)) for place in places)
    if line is not None:
        assert places[0].removeprefix(str(file)).split(":")[1:2] == [str(line)]
    for lang in ("it", "en"):
        # A parameter that is missing in a message shows as <name?>.
        assert "?>" not in caught.value.text(lang)


def test_a_huge_file_is_refused_unread(tmp_path):
    file = tmp_path / "crm.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert caught.value.problems[0].params["kind"] == "too_large"


def test_an_alias_bomb_is_defused(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    file = tmp_path / "crm.yaml"
    file.write_text(bomb)
    began = time.process_time()
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert "too_many" in {problem.params.get("kind") for problem in caught.value.problems}
    assert time.process_time() - began < 20


def test_a_folder_in_place_of_the_file_is_unreadable(tmp_path):
    (tmp_path / "crm.yaml").mkdir()
    with pytest.raises(ConfigurationError):
        load(tmp_path / "crm.yaml")
    with pytest.raises(ConfigurationError):
        load(tmp_path)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(list("ab: -[]{}#&*!|>'\"%@,?\n\t~<.0\ufeff\x85")), max_size=60))
def test_no_text_does_more_than_an_error(text):
    try:
        document = parse(text, "file")
    except ConfigurationError as error:
        codes = {problem.code for problem in error.problems}
    else:
        codes = {problem.code for problem in document.problems}
    assert codes <= {"CONFIG_UNREADABLE", "CONFIG_INVALID"}
