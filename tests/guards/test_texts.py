"""What people read is there in both languages, and says the same."""

from __future__ import annotations

import string

import pytest

from crmcore.cli.texts import TEXTS
from crmcore.errors import CATALOGUE
from tools.bundled import load_bundled
from tools.error_codes import mentions, uses
from tools.repository import python_files

pytestmark = pytest.mark.feature("P2.10")


def placeholders(text: str) -> set[str]:
    return {name.partition("!")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def all_codes():
    return {**CATALOGUE, **load_bundled().error_codes}


def core_files():
    """Return the files that may use codes, without those that list them."""
    return [path for path in python_files("crmcore") if path.parent.name != "errors" or path.name == "exceptions.py"]


def test_every_error_code_has_both_languages_and_says_what_to_do():
    bare = [entry.code for entry in all_codes().values() if not (entry.en.strip() and entry.it.strip() and entry.help.strip())]
    assert bare == []


def test_both_languages_of_an_error_code_have_the_same_placeholders():
    different = [entry.code for entry in all_codes().values() if placeholders(entry.en) != placeholders(entry.it)]
    assert different == []


def test_both_languages_of_a_sentence_of_the_command_line_have_the_same_placeholders():
    assert [key for key, (italian, english) in TEXTS.items() if placeholders(italian) != placeholders(english)] == []


def test_every_code_that_the_core_uses_is_in_the_catalogue():
    assert [f"{use.file}:{use.line}: {use.code}" for use in uses(core_files()) if use.code not in CATALOGUE] == []


def test_every_code_of_the_catalogue_is_used():
    assert sorted(set(CATALOGUE) - mentions(core_files(), CATALOGUE)) == []
