"""The sentences of configuration problems, in Italian and English: one code, many reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crmcore.errors import CATALOGUE, ErrorCode, Problem

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    # Of a value against its schema.
    "type": ("expected {expected}, got {value}", "atteso {expected_it}, trovato {value}"),
    "not_finite": ("{value} is not a number that can be used", "{value} non è un numero utilizzabile"),
    "required": ("is missing", "manca"),
    "null": ("is empty; expected {expected}", "è vuoto; atteso {expected_it}"),
    "empty": ("must not be empty", "non può essere vuoto"),
    "unknown": ("is not known here{hint}", "qui non è previsto{hint_it}"),
    "minimum": ("must be at least {expected}, got {value}", "deve essere almeno {expected}, trovato {value}"),
    "maximum": ("must be at most {expected}, got {value}", "deve essere al massimo {expected}, trovato {value}"),
    "shortest": ("must have at least {expected} elements or characters", "deve avere almeno {expected} elementi o caratteri"),
    "longest": ("must have at most {expected} elements or characters", "deve avere al massimo {expected} elementi o caratteri"),
    "length": ("must have exactly {expected} elements", "deve avere esattamente {expected} elementi"),
    "pattern": ("{value} does not match {expected}", "{value} non corrisponde a {expected}"),
    "allowed": ("{value} is not one of {expected}{hint}", "{value} non è tra {expected}{hint_it}"),
    "forbidden": ("{value} is not allowed", "{value} non è ammesso"),
    "members": ("must contain {expected}", "deve contenere {expected}"),
    "depends": ("needs {expected} beside it", "richiede accanto {expected}"),
    "excludes": ("cannot stand beside {expected}", "non può stare insieme a {expected}"),
    "read_only": ("cannot be set", "non può essere impostato"),
    "convert": ("{value} cannot be converted: {error}", "{value} non può essere convertito: {error}"),
    "alternatives": ("{value} fits none of the alternatives: {expected}", "{value} non corrisponde a nessuna alternativa: {expected_it}"),
    "ambiguous": ("{value} must fit exactly one of the alternatives", "{value} deve corrispondere a una sola alternativa"),
    "excluded": ("{value} is one of the values that are excluded", "{value} è tra i valori esclusi"),
    "custom": ("{error}", "{error}"),
    "check_failed": ("the check itself failed with {error}", "il controllo stesso è fallito con {error}"),
    # Of the settings of plugins.
    "no_settings": ("plugin {plugin} takes no settings", "il plugin {plugin} non ha impostazioni"),
    "no_plugin": ("no plugin of this name is installed{hint}", "nessun plugin installato ha questo nome{hint_it}"),
    "zone": ("{value} is not a time zone such as Europe/Rome", "{value} non è un fuso orario come Europe/Rome"),
    "repeated": ("{value} is listed twice", "{value} compare due volte"),
    # Of what is configured in collections.
    "main_only": ("belongs into the main file", "va nel file principale"),
    "no_match": ("no file fits {value}", "nessun file corrisponde a {value}"),
    "outside": ("{value} leads out of the folder of the deployment", "{value} porta fuori dalla cartella dell'installazione"),
    "given_twice": ("is given already in {expected}", "è già indicato in {expected}"),
    "key_shape": ("{value} cannot be a key here; expected {expected}", "{value} non può essere una chiave qui; atteso {expected}"),
    "unknown_item": ("{value} is not in {expected}{hint}", "{value} non è in {expected}{hint_it}"),
    "unknown_group": ("{value} is not in {expected}{hint}", "{value} non è in {expected}{hint_it}"),
    "cycle": ("lies inside itself: {value}", "si trova dentro sé stesso: {value}"),
    # Of a file.
    "missing_file": ("there is no deployment here; `crm init` writes one", "qui non c'è un'installazione; `crm init` ne scrive una"),
    "unreadable_file": ("the file cannot be read: {error}", "il file non è leggibile: {error}"),
    "too_large": (
        "the file has {value} bytes, at most {expected} are read",
        "il file ha {value} byte, se ne leggono al massimo {expected}",
    ),
    "encoding": ("byte {value} is not UTF-8", "il byte {value} non è UTF-8"),
    "tab": ("a tab cannot indent YAML; use spaces", "il YAML non si indenta con tabulazioni; usare spazi"),
    "syntax": ("not valid YAML: {error}", "YAML non valido: {error}"),
    "too_deep": ("nested too deeply", "annidamento troppo profondo"),
    "too_many": ("aliases expand to more than {expected} values", "gli alias si espandono in più di {expected} valori"),
    "recursive": ("an alias refers to itself", "un alias fa riferimento a sé stesso"),
    "duplicate": ("the key is there twice, first at line {expected}", "la chiave compare due volte, la prima alla riga {expected}"),
    "key_type": ("a key must be text, got {value}", "una chiave deve essere testo, trovato {value}"),
    "tag": ("tag {value} is not allowed", "il tag {value} non è ammesso"),
    "scalar": ("{value} cannot be read: {error}", "{value} non è leggibile: {error}"),
    "merge": ("only a mapping can be merged with `<<`", "con `<<` si unisce solo una mappa"),
    "not_mapping": ("the file must hold keys and values, got {value}", "il file deve contenere chiavi e valori, trovato {value}"),
    "not_editable": (
        "the list is written in a way that only a person can edit",
        "l'elenco è scritto in un modo che solo una persona può modificare",
    ),
}
"""Reason → English and Italian template."""


def config_problem(reason: str, *, place: str, path: str = "", plugin: str | None = None, **params: Any) -> Problem:  # noqa: ANN401 - shown as they are
    """Return a `CONFIG_INVALID` problem, or `CONFIG_UNREADABLE` when there is no path, with its reason in both languages."""
    code = "CONFIG_INVALID" if path else "CONFIG_UNREADABLE"
    english, italian = REASONS[reason]
    head = "{place}: {path}: " if path else "{place}: "
    template = ErrorCode(code, head + english, head + italian, CATALOGUE[code].help)
    shown = {"hint": "", "hint_it": "", "plugin": plugin or "", **params}
    # The plain reason is there for machines, and for the catalogue's own template.
    text = ErrorCode(code, english, italian, "").render("en", shown)
    return Problem(
        code=code, params={"place": place, "path": path, "reason": text, "kind": reason, **shown}, plugin=plugin, template=template
    )
