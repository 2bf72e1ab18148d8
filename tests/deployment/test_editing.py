"""Enabling and disabling changes the list of plugins, and not one other byte."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.deployment import edit_plugins, load
from crmcore.deployment.yamlfile import parse
from crmcore.errors import ConfigurationError

pytestmark = pytest.mark.feature("P2.7", "P4.1")


def edited(tmp_path, text, **changes):
    file = tmp_path / "crm.yaml"
    file.write_bytes(text.encode())
    edit_plugins(tmp_path, **changes)
    return file.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("a: 1\nplugins:\n  - x  # why\n# end\n", {"enable": ["y"]}, "a: 1\nplugins:\n  - x  # why\n  - y\n# end\n"),
        ("a: 1\nplugins:\n- x\n- y\nb: 2\n", {"disable": ["x"]}, "a: 1\nplugins:\n- y\nb: 2\n"),
        ("plugins:\n- x\nb: 2\n", {"enable": ["y"]}, "plugins:\n- x\n- y\nb: 2\n"),
        ("plugins:   # mine\n    -   x\n", {"disable": ["x"]}, "plugins: []   # mine\n"),
        ("plugins: []\nb: 1\n", {"enable": ["x", "y"]}, "plugins:\n  - x\n  - y\nb: 1\n"),
        ("plugins: []  # none\n", {"enable": ["x"]}, "plugins:  # none\n  - x\n"),
        ("plugins: [x, y] # both\n", {"disable": ["x"]}, "plugins: [y] # both\n"),
        ("plugins: [x]\n", {"enable": ["y"]}, "plugins: [x, y]\n"),
        ("plugins: [\n  x, # one\n  y\n]\n", {"disable": ["y"]}, "plugins: [\n  x, # one\n  \n]\n"),
        ("plugins:\nb: 1\n", {"enable": ["x"]}, "plugins:\n  - x\nb: 1\n"),
        ("plugins: ~ # none\nb: 1\n", {"enable": ["x"]}, "plugins: # none\n  - x\nb: 1\n"),
        ("b: 1", {"enable": ["x"]}, "b: 1\nplugins:\n  - x\n"),
        ("b: 1\r\n", {"enable": ["x"]}, "b: 1\r\nplugins:\r\n  - x\r\n"),
        ("plugins:\r\n  - x\r\nb: 1\r\n", {"enable": ["y"]}, "plugins:\r\n  - x\r\n  - y\r\nb: 1\r\n"),
        ("\ufeffplugins: [x]\n", {"enable": ["y"]}, "\ufeffplugins: [x, y]\n"),
        ("plugins:\n  - x\n  # keep me\n  - 'y'\n", {"enable": ["z"], "disable": ["y"]}, "plugins:\n  - x\n  - z\n  # keep me\n"),
    ],
)
def test_the_list_changes_and_nothing_else(tmp_path, before, changes, after):
    assert edited(tmp_path, before, **changes) == after


@pytest.mark.parametrize("text", ["plugins: [x]\n", "plugins:\n  - x\n"])
def test_what_is_so_already_changes_nothing(tmp_path, text):
    assert edited(tmp_path, text, enable=["x"], disable=["y"]) == text


def test_the_new_list_is_returned(tmp_path):
    (tmp_path / "crm.yaml").write_text("plugins: [a, b]\n")
    assert edit_plugins(tmp_path, enable=["c", "c", "a"], disable=["b"]) == ("a", "c")


@pytest.mark.parametrize(
    "text",
    [
        "base: &p [x]\nplugins: *p\n",
        "n: &n x\nplugins:\n  - *n\n",
        "plugins: x\n",
        "plugins: {a: b}\n",
        "{plugins: , b: 1}\n",
        "plugins:\n  - x\n...\n# after the end\n",
        "plugins: [x\n",
        "- a\n",
    ],
)
def test_what_only_a_person_can_edit_is_refused_and_stays(tmp_path, text):
    file = tmp_path / "crm.yaml"
    file.write_text(text)
    try:
        edit_plugins(tmp_path, enable=["new"], disable=["x"])
    except ConfigurationError:
        assert file.read_text() == text
    else:
        # If it can be done after all, it must be right.
        assert "new" in parse(file.read_text(), "f").data["plugins"]
    assert [each.name for each in tmp_path.iterdir()] == ["crm.yaml"]


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_the_mode_of_the_file_stays_and_a_link_stays_a_link(tmp_path):
    real = tmp_path / "real.yaml"
    real.write_text("plugins: []\n")
    real.chmod(0o640)
    (tmp_path / "shop").mkdir()
    link = tmp_path / "shop" / "crm.yaml"
    link.symlink_to(real)
    edit_plugins(tmp_path / "shop", enable=["x"])
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.read_text() == "plugins:\n  - x\n"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "crm.yaml"
    file.write_text("plugins: []\n")

    def fail(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        edit_plugins(tmp_path, enable=["x"])
    assert file.read_text() == "plugins: []\n"
    assert [each.name for each in tmp_path.iterdir()] == ["crm.yaml"]


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
COMMENT = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["Cc"]), max_size=20).map(
    lambda text: f"# {text}"
)
FILLER = st.lists(st.one_of(COMMENT, st.just("")), max_size=3)


@st.composite
def files(draw):
    """Return a main file: other sections and comments in any order, and the list of plugins in one of its forms."""
    names = draw(st.lists(NAMES, unique=True, max_size=5))
    indent = " " * draw(st.integers(0, 6))
    gap = " " * draw(st.integers(1, 3))
    tail = st.one_of(st.just(""), COMMENT.map(lambda text: f"  {text}"))
    form = draw(st.sampled_from(["block", "flow", "none"]))
    plugins = []
    if form == "flow":
        plugins = [f"plugins: [{', '.join(names)}]{draw(tail)}"]
    elif form == "block" and names:
        plugins = [f"plugins:{draw(tail)}"]
        for name in names:
            quoted = draw(st.sampled_from([name, f"'{name}'", f'"{name}"']))
            plugins += [f"{indent}{each}".rstrip() for each in draw(FILLER)]
            plugins.append(f"{indent}-{gap}{quoted}{draw(tail)}")
    elif form == "block":
        plugins = [f"plugins:{draw(tail)}"]
    others = [
        ["database:   'sqlite://'  # quoted,   with spaces"],
        [
            "settings:",
            "      toy:   # six spaces",
            "          days:  3",
            "          text: |",
            "            - plugins:",
            "              - x",
        ],
        ['zone: "Europe/Rome"'],
    ]
    parts = draw(st.permutations([*others, plugins] if plugins else others))
    lines = []
    for part in parts:
        lines += draw(FILLER) + list(part)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    present = names if form != "none" else []
    end = draw(st.sampled_from([newline, ""]))
    return newline.join(lines) + end, present


@settings(max_examples=150, deadline=None)
@given(files(), st.lists(NAMES, unique=True, max_size=3), st.data())
def test_every_comment_and_other_line_stays_byte_for_byte(tmp_path_factory, file, enable, data):
    text, present = file
    disable = data.draw(st.lists(st.sampled_from(present), unique=True)) if present else []
    enable = [name for name in enable if name not in disable]
    folder = tmp_path_factory.mktemp("edit")
    path = folder / "crm.yaml"
    path.write_bytes(text.encode())
    result = edit_plugins(folder, enable=enable, disable=disable)
    after = path.read_bytes().decode()

    expected = [name for name in present if name not in disable] + [name for name in enable if name not in present]
    assert list(result) == expected
    assert load(folder).plugins == tuple(expected)

    # Every line that names no changed plugin and does not hold the list is there, whole and in order.
    changed = set(disable) | set(enable)
    kept = [line for line in text.splitlines(keepends=True) if not _is_of_list(line, changed)]
    remaining = iter(after.splitlines(keepends=True))
    for line in kept:
        assert any(line == other or (line == kept[-1] and line == other.rstrip("\r\n")) for other in remaining), line


def _is_of_list(line, changed):
    content = line.partition("#")[0].strip()
    return content.startswith("plugins:") or content.lstrip("- ").strip("'\"") in changed
