"""What texts can do is documented: a filter that nobody can find is none."""

from __future__ import annotations

import re

import pytest

from crmcore.scripting.templates import Channel
from crmcore.scripting.texts.filters import FILTERS, PLACED
from crmcore.scripting.texts.operations import TESTS
from tools.repository import DOCS
from tools.snippets import read_snippets

pytestmark = pytest.mark.feature("F02", "P2.10")

PAGE = DOCS / "howto" / "texts.md"


def named(page):
    return set(re.findall(r"`([a-zA-Z_.]+)`", page.read_text(encoding="utf-8")))


def test_every_filter_and_test_is_documented():
    aliases = {"equalto", "lessthan", "greaterthan"}
    assert sorted({*FILTERS, *PLACED, *TESTS} - aliases - named(PAGE)) == []


def test_every_channel_is_documented():
    assert sorted({f"Channel.{each.name}" for each in Channel} - named(PAGE)) == []


def test_every_wall_is_documented(pool):
    assert sorted(set(pool.walls()) - named(DOCS / "operations" / "isolation.md")) == []


def test_the_pages_show_what_they_say():
    assert sum(each.kind == "python" for each in read_snippets(PAGE)) >= 4
