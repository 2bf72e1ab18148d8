"""Why two accounts may be one, in words: which fields agree, nearly agree or speak against it, and how much each says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmcore import Label

if TYPE_CHECKING:
    from crmcore_quality.duplicates import Model
    from crmcore_quality.duplicates.columns import Indices
    from crmcore_quality.duplicates.preparing import PreparedRecords
    from crmcore_quality.matching.keysets import OwnKeys

_LEAST: Final = 0.5
"""Weights below which a field says nothing worth telling."""
_WORDS: Final[Mapping[str, tuple[Label, ...]]] = {
    "name": (
        Label("stesso nome", "same name"),
        Label("nome con un refuso", "name with a slip"),
        Label("un nome è parte dell'altro", "one name is part of the other"),
        Label("nome con un'iniziale", "name with an initial"),
        Label("nomi simili", "similar names"),
        Label("una parola del nome in comune", "one word of the name in common"),
        Label("nomi diversi in parte", "names that differ in part"),
        Label("nomi diversi", "different names"),
    ),
    "form": (Label("stessa forma giuridica", "same legal form"), Label("forma giuridica diversa", "different legal form")),
    "vat_code": (
        Label("stessa partita IVA", "same VAT code"),
        Label("partita IVA diversa per una cifra", "VAT codes one digit apart"),
        Label("partita IVA diversa per due cifre", "VAT codes two digits apart"),
        Label("partite IVA diverse", "different VAT codes"),
    ),
    "fiscal_code": (
        Label("stesso codice fiscale", "same fiscal code"),
        Label("codice fiscale diverso per un carattere", "fiscal codes one character apart"),
        Label("codice fiscale diverso per due caratteri", "fiscal codes two characters apart"),
        Label("codici fiscali diversi", "different fiscal codes"),
    ),
    "phones": (
        Label("stesso telefono", "same phone"),
        Label("telefono diverso per una cifra", "phones one digit apart"),
        Label("telefoni diversi", "different phones"),
    ),
    "emails": (
        Label("stessa e-mail", "same e-mail"),
        Label("e-mail diversa per una lettera", "e-mails one letter apart"),
        Label("e-mail diverse", "different e-mails"),
    ),
    "address": (
        Label("stesso indirizzo", "same address"),
        Label("indirizzo quasi uguale", "nearly the same address"),
        Label("stessa via, senza civico", "same street, number missing"),
        Label("stessa via, altro civico", "same street, another number"),
        Label("stesso comune", "same town"),
        Label("stesso comune, altra via", "same town, another street"),
        Label("comuni diversi", "different towns"),
    ),
}
_OWN: Final = (Label("{label} uguale", "same {label}"), Label("{label} diverso", "different {label}"))
_CONFLICTS: Final[Mapping[str, Label]] = {
    "vat_code": Label("due partite IVA valide e diverse", "two valid VAT codes that differ"),
    "fiscal_code": Label("due codici fiscali validi e diversi", "two valid fiscal codes that differ"),
    "name": Label(
        "nomi che si contraddicono: un nucleo familiare o un centralino?", "names that contradict: a household, or a switchboard?"
    ),
}


@attrs.frozen
class Reason:
    """What one field says about two accounts: ``weight`` is a logarithm of odds, positive for one and the same; conflicts have none."""

    field: str
    text: Label
    weight: float
    conflict: bool = False


def reasons_of(model: Model, prepared: PreparedRecords, left: Indices, right: Indices) -> list[list[list[Any]]]:
    """Return the reasons of pairs as they are stored: ``[field, level, weight]``, the strongest first; level -1 is a conflict."""
    levels = prepared.levels(left, right)
    weights = model.field_weights(levels) + prepared.rarity_by_field(left, right, levels)
    names = [field.name for field in prepared.schema.fields]
    conflicts = [(name, applies.tolist()) for name, _, applies in prepared.conflicts(levels)]
    rows = enumerate(zip(levels.tolist(), weights.tolist(), strict=True))
    return [told(names, mine, scores, [name for name, applies in conflicts if applies[place]]) for place, (mine, scores) in rows]


def told(fields: Sequence[str], levels: Sequence[int], weights: Sequence[float], conflicts: Iterable[str]) -> list[list[Any]]:
    """Return the reasons of one pair as they are stored."""
    found: list[list[Any]] = [
        [name, level, round(score, 2)]
        for name, level, score in zip(fields, levels, weights, strict=True)
        if level >= 0 and abs(score) >= _LEAST
    ]
    found.sort(key=lambda each: -abs(each[2]))
    return [*([name, -1, 0.0] for name in conflicts), *found]


def in_words(stored: Iterable[Sequence[Any]], own: OwnKeys, hidden: Collection[str] = ()) -> tuple[Reason, ...]:
    """Return stored reasons in words, without those of hidden evidence; those of a key set are called by its label."""
    labels = {each.kind: each.label for each in own.sets}
    return tuple(_in_words(str(field), int(level), float(weight), labels) for field, level, weight in stored if field not in hidden)


def _in_words(field: str, level: int, weight: float, labels: Mapping[str, Label]) -> Reason:
    if level < 0:
        return Reason(field, _CONFLICTS[field], weight, conflict=True)
    if field in _WORDS:
        return Reason(field, _WORDS[field][level], weight)
    label = labels.get(field, Label(field, field))
    form = _OWN[level]
    return Reason(field, Label(form.it.format(label=label.it), form.en.format(label=label.text("en"))), weight)
