"""E-mail addresses, certified ones among them.

Whether an address is of a certified mailbox cannot be seen from it: only the registers (INI-PEC, INAD, IPA) know. What differs is the
consent: see `crmcore_italy.privacy`.
"""

from __future__ import annotations

import re
from typing import Final

from crmcore import Label
from crmcore_italy.cleaning import text_of

EXPECTED: Final = Label("un indirizzo e-mail, come info@example.com", "an e-mail address, such as info@example.com")
_AROUND: Final = re.compile(r"^(?:mailto|e-?mail|pec)\s*:\s*|[<>]+|[.,;\s]+$|\s+(?=@)|(?<=@)\s+", re.IGNORECASE)
_PLAIN: Final = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"
)
_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64


def normalise_email(value: object) -> str:
    """Return an address in lower case: mailboxes that differ by case alone exist in the standard, and nowhere else.

    Raises:
        ValueError: for what is no address; whether it exists is not asked.
    """
    if isinstance(value, str) and len(value) <= _LONGEST_LOCAL and _PLAIN.fullmatch(value):
        return value
    text = text_of(value, EXPECTED)
    # «Mario Rossi <mario@example.com>»
    named = re.search(r"<([^<>]+)>\s*$", text)
    text = _AROUND.sub("", (named[1] if named else text).strip()).lower()
    if not text.isascii():
        text = _international(text)
    if len(text) > _LONGEST or len(text.partition("@")[0]) > _LONGEST_LOCAL or not _PLAIN.fullmatch(text):
        raise ValueError(EXPECTED)
    return text


def _international(text: str) -> str:
    """Bring the domain of an address into its ASCII form; mailboxes with other letters reach hardly any server, and are refused."""
    local, at, domain = text.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise ValueError(EXPECTED) from None
