"""What is wrong with a mapping by itself: fields that nobody knows, keys that no column fills."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from crmcore import Label
from crmcore_quality.importing.casting import ACCOUNT, SITE
from crmcore_quality.importing.values import Structure

_PLAIN: Final = frozenset({*ACCOUNT, *SITE, "phone", "portfolio"})
_UNITS: Final = re.compile(r"portfolio\.([1-9]|10)")
_SOURCE: Final = re.compile(r"key\.[A-Za-z0-9_-]{1,40}")
_KEYS: Final = frozenset({"phone", "email", "pec", "vat_code", "fiscal_code", "name"})


def reasons(structure: Structure, characteristics: Collection[str]) -> Iterator[tuple[str, Label]]:
    """Yield the part of the mapping that is wrong, and why."""
    fields = [target.field for target in structure.columns]
    for target in structure.columns:
        if not _known(target.field, characteristics):
            yield "columns", Label(f"il campo {target.field!r} non esiste", f"there is no field {target.field!r}")
    if "name" not in fields:
        yield "columns", Label("nessuna colonna dà il nominativo (name)", "no column gives the name")
    for key in structure.keys:
        if key not in fields:
            yield "keys", Label(f"nessuna colonna dà la chiave {key!r}", f"no column gives the key {key!r}")
        elif key not in _KEYS and not key.startswith(("key.", "c.")):
            yield "keys", Label(f"{key!r} non può essere una chiave", f"{key!r} cannot be a key")
    repeated = sorted({field for field in fields if field != "phone" and fields.count(field) > 1})
    if repeated:
        yield "columns", Label(f"due colonne danno {repeated[0]!r}", f"two columns give {repeated[0]!r}")


def _known(field: str, characteristics: Collection[str]) -> bool:
    if field.startswith("c."):
        return field[2:] in characteristics
    return field in _PLAIN or bool(_UNITS.fullmatch(field) or _SOURCE.fullmatch(field))
