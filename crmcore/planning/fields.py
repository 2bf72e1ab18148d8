"""Rules that the fields of many collections share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crmcore.labels import Label

Rules = Mapping[str, Any]
"""A rules set of Cerberus, which is open by design."""

GROUP: Final = r"[^\s,;:/][^,;:/\n]{0,58}"
"""Names of workflow groups, as the sessions know them."""


def text_rules(label: Label, help: str, *, longest: int = 120, required: bool = True) -> Rules:  # noqa: A002 - the word of schemas
    """Return the rules of a text in both languages."""
    languages = {
        "it": {
            "type": "string",
            "required": True,
            "empty": False,
            "maxlength": longest,
            "label": Label("In italiano", "In Italian"),
            "help": "The text in Italian.",
            "example": "Etichetta",
        },
        "en": {
            "type": "string",
            "default": "",
            "maxlength": longest,
            "label": Label("In inglese", "In English"),
            "help": "The text in English.",
        },
    }
    rules: dict[str, Any] = {"type": "dict", "schema": languages, "label": label, "help": help}
    return {**rules, "required": True} if required else {**rules, "default": {"it": "", "en": ""}}


LABEL: Final = text_rules(Label("Etichetta", "Label"), "What people read; a bare text is the Italian one.")

OBSOLETE: Final[Rules] = {
    "type": "boolean",
    "default": False,
    "label": Label("Obsoleto", "Obsolete"),
    "help": "It stays readable where it is used, and is not offered any more.",
}

ENTITY: Final[Rules] = {
    "type": "string",
    "default": "account",
    "label": Label("Entità", "Entity"),
    "help": "The entity that it is about, such as `account`.",
}


def text(label: Label, help: str, *, longest: int = 200, **more: Any) -> Rules:  # noqa: A002, ANN401 - rules of Cerberus
    """Return the rules of a plain text, empty unless the rules say more."""
    rules = {"type": "string", "maxlength": longest, "label": label, "help": help, **more}
    return rules if "required" in rules or "default" in rules else {**rules, "default": ""}


def code(label: Label, help: str, **more: Any) -> Rules:  # noqa: A002, ANN401 - as above
    """Return the rules of the code of something else, or of nothing."""
    return {"type": "string", "nullable": True, "default": None, "empty": False, "maxlength": 130, "label": label, "help": help, **more}


def flag(label: Label, help: str, *, default: bool = False) -> Rules:  # noqa: A002 - as above
    """Return the rules of a yes or no."""
    return {"type": "boolean", "default": default, "label": label, "help": help}


def codes(label: Label, help: str, *, pattern: str = r"[^\s].{0,129}") -> Rules:  # noqa: A002 - as above
    """Return the rules of a list of texts."""
    return {"type": "list", "schema": {"type": "string", "regex": pattern}, "default": [], "label": label, "help": help}


def day(label: Label, help: str, **more: Any) -> Rules:  # noqa: A002, ANN401 - as above
    """Return the rules of a date; without more, it may be missing."""
    rules: dict[str, Any] = {"type": "date", "label": label, "help": help, **more}
    return rules if "required" in rules else {"nullable": True, "default": None, **rules}
