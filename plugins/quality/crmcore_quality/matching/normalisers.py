"""The named normalisers of key sets: each brings one value of a field to the texts that are compared, none where it says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from crmcore_italy import normalise_email, normalise_fiscal, normalise_vat, read_phones, without_omocodia

from crmcore import Label

Normalise = Callable[[str], Iterable[str]]
_NOT_CODE: Final = re.compile(r"[^0-9a-z]+")
_NOT_DIGIT: Final = re.compile(r"[^0-9]+")


def _plain(text: str) -> tuple[str, ...]:
    # Imported when keys are made: the engine brings numpy with it.
    from crmcore_quality.duplicates.accounts import plain  # noqa: PLC0415

    return _filled(plain(text))


def _name(text: str) -> tuple[str, ...]:
    from crmcore_quality.duplicates.accounts import name_words  # noqa: PLC0415 - as above

    return _filled(" ".join(sorted(name_words(text).split())))


def _sound(text: str) -> tuple[str, ...]:
    from crmcore_quality.duplicates.accounts import name_words  # noqa: PLC0415 - as above
    from crmcore_quality.duplicates.phonetics import sound_of  # noqa: PLC0415 - as above

    return _filled(" ".join(sorted(sound_of(word) for word in name_words(text).split())))


def _street(text: str) -> tuple[str, ...]:
    from crmcore_quality.duplicates.accounts import street_of  # noqa: PLC0415 - as above

    return _filled(street_of(text))


def _filled(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _code(text: str) -> tuple[str, ...]:
    return _filled(_NOT_CODE.sub("", text.casefold()).lstrip("0"))


def _digits(text: str) -> tuple[str, ...]:
    return _filled(_NOT_DIGIT.sub("", text).lstrip("0"))


def _phone(text: str) -> tuple[str, ...]:
    return tuple(number.e164 for number in read_phones(text).numbers)


def _checked(normalise: Callable[[object], str]) -> Normalise:
    def checked(text: str) -> tuple[str, ...]:
        try:
            return (normalise(text),)
        except ValueError:
            return ()

    return checked


def _fiscal(value: object) -> str:
    return without_omocodia(normalise_fiscal(value))


NORMALISERS: Final[Mapping[str, tuple[Normalise, Label]]] = {
    "exact": (lambda text: _filled(text.strip()), Label("com'è", "as it is")),
    "text": (_plain, Label("testo senza accenti, segni e maiuscole", "text without accents, signs and capitals")),
    "code": (_code, Label("codice: lettere e cifre, senza zeri davanti", "code: letters and digits, without zeros in front")),
    "digits": (_digits, Label("cifre, senza zeri davanti", "digits, without zeros in front")),
    "name": (_name, Label("parole del nome in ordine, senza forma giuridica", "words of a name in order, without legal form")),
    "sound": (_sound, Label("suono del nome", "sound of a name")),
    "street": (_street, Label("via, comunque scritta", "street, however it is written")),
    "phone": (_phone, Label("telefono", "phone")),
    "email": (_checked(normalise_email), Label("e-mail", "e-mail")),
    "vat_code": (_checked(normalise_vat), Label("partita IVA", "VAT code")),
    "fiscal_code": (_checked(_fiscal), Label("codice fiscale", "fiscal code")),
}
"""By name: what it does with a value, and what that is called."""
