"""The reference is complete, and every link leads somewhere."""

from __future__ import annotations

import re
import tomllib

import attrs
import pytest

from crmcore.errors import CATALOGUE
from crmcore.hooks import ConfigSchema, Label
from crmcore.registry import HookInfo
from crmcore.testing import CHECKS
from tools.bundled import load_bundled
from tools.reference import deployment, plugin_api
from tools.reference.markdown import cell, prose, table
from tools.reference.pages import PAGES, UNDOCUMENTED
from tools.repository import DOCS, ROOT
from tools.site import write_source

pytestmark = pytest.mark.feature("P2.10")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "docs"
    write_source(folder)
    return folder


@pytest.mark.parametrize("kind", UNDOCUMENTED)
def test_nothing_is_undocumented(kind):
    assert UNDOCUMENTED[kind]() == []


def test_a_hook_without_an_example_is_noticed(monkeypatch):
    class Bare:
        class hooks:  # noqa: N801 - stands for an attribute
            @staticmethod
            def infos():
                base = HookInfo("x", "core", (), False, False, False, "Do it.\n\nExample::\n\n    x()", ())
                yield from (base, attrs.evolve(base, name="y", doc="Do it."), attrs.evolve(base, name="z", doc=""))

    monkeypatch.setattr(plugin_api, "load_bundled", Bare)
    assert plugin_api.undocumented_hooks() == ["y", "z"]


def test_a_key_without_label_or_help_is_noticed(monkeypatch):
    label = Label("Giorni", "Days")
    schema = ConfigSchema(
        {
            "good": {"type": "integer", "label": label, "help": "How many."},
            "mute": {"type": "integer", "label": label},
            "nameless": {"type": "integer", "help": "How many."},
            "outer": {"type": "dict", "label": label, "help": "All.", "schema": {"inner": {"type": "string"}}},
            "plain": {"type": "list", "label": label, "help": "All.", "schema": {"type": "string"}},
        }
    )
    monkeypatch.setattr(deployment, "schemas", lambda: {"toy": schema})
    assert deployment.undocumented_keys() == ["toy: mute", "toy: nameless", "toy: outer.inner"]


def test_a_command_or_option_without_help_is_noticed(monkeypatch):
    import click

    group = click.Group("toy", help="Toys.")
    group.add_command(click.Command("bare"))
    group.add_command(click.Command("good", help="Do it.", params=[click.Option(["--fast"]), click.Option(["--slow"], help="Slowly.")]))
    monkeypatch.setattr(deployment, "commands", lambda: deployment._walk("toy", group))
    assert deployment.undocumented_commands() == ["toy bare", "toy good --fast"]


def test_every_page_of_the_reference_lists_what_there_is(site):
    registry = load_bundled()
    expected = {
        "hooks": [info.name for info in registry.hooks.infos()],
        "declarations": [cls.__name__ for cls in plugin_api.declared_classes()],
        "conformance": [check.name for check in CHECKS],
        "configuration": ["database", "busy_timeout", *(f"Settings of {name}" for name in registry.config)],
        "commands": ["crm init", "crm migrate", "crm doctor", "crm work", "crm jobs retry", "crm plugin purge", "crm new-plugin"],
        "errors": list(CATALOGUE),
        "events": [*registry.events, *registry.jobs],
        "tables": list(registry.owners),
    }
    missing = {
        name: [each for each in names if each not in (site / "reference" / f"{name}.md").read_text()] for name, names in expected.items()
    }
    assert missing == {name: [] for name in expected}
    assert sorted(PAGES) == sorted(f"reference/{name}.md" for name in expected)


_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def anchors(text):
    """The names that headings get: lower case, words joined by hyphens."""
    headings = re.findall(r"^#{1,6} (.+)$", _CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def broken_links(folder):
    for page in sorted(folder.rglob("*.md")):
        for target in _LINK.findall(_CODE.sub("", page.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            if not path.is_file() or (anchor and anchor not in anchors(path.read_text())):
                yield f"{page.relative_to(folder)}: {target}"


def test_every_link_resolves(site):
    assert list(broken_links(site)) == []


def test_links_of_the_readme_resolve():
    links = [target for target in _LINK.findall(_CODE.sub("", (ROOT / "README.md").read_text())) if not re.match(r"[a-z]+:", target)]
    # The reference exists only in the built site.
    wanted = [target.partition("#")[0] for target in links if "reference/" not in target]
    assert [target for target in wanted if target and not (ROOT / target).exists()] == []


def test_broken_links_are_found(tmp_path):
    (tmp_path / "a.md").write_text("# A b-c?\n[one](b.md) [two](#a-b-c) [three](#nothing) [four](https://example.com) `[five](x.md)`\n")
    assert list(broken_links(tmp_path)) == ["a.md: b.md", "a.md: #nothing"]


def test_the_menu_has_every_page(site):
    menu = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    assert menu == {path.relative_to(site).as_posix() for path in site.rglob("*.md")}


def test_generated_pages_are_not_committed():
    assert [name for name in PAGES if (DOCS / name).exists()] == []


def test_docstrings_become_markdown():
    text = "Do ``it``.\n\nWhen asked::\n\n    def it():\n\n        pass\n\nRaises:\n    ValueError: when ``x`` is wrong.\n"
    assert prose(text) == (
        "Do `it`.\n\nWhen asked:\n\n```python\ndef it():\n\n    pass\n```\n\nRaises:\n\n- `ValueError`: when `x` is wrong.\n"
    )


def test_tables_keep_their_cells():
    assert cell("a | b\nc") == "a \\| b c"
    assert table(("x", "y"), [("1", "")]) == "| x | y |\n| --- | --- |\n| 1 | - |\n"
    assert table(("x",), []) == "None.\n"


def test_the_catalogue_of_features_is_read_by_other_programs_too():
    assert tomllib.loads((DOCS / "features.toml").read_text())["features"]["B12"]
