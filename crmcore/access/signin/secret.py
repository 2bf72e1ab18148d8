"""Chance, and what is kept of secrets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from crmcore.errors import UsageError

SESSION: Final = "crms_"
"""How the tokens of sessions begin: whoever finds one in a log knows what it is."""
TOKEN: Final = "crmt_"  # noqa: S105 - how the tokens of programs begin
_UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_LONGEST: Final = 4_000


def draw(prefix: str = "") -> str:
    """Return 256 random bits as text that needs no quoting anywhere."""
    return prefix + secrets.token_urlsafe(32)


def digest(*parts: str) -> str:
    """Return the SHA-256 of some texts, as 64 characters; the lengths are part of it, so that no two lists are one."""
    whole = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def uid_or_none(text: str) -> str | None:
    """Return an id as it is stored, or None for what cannot be one: the databases do not agree on what they do with that."""
    lowered = text.lower()
    return lowered if _UID.fullmatch(lowered) else None


def login_or_none(text: str) -> str | None:
    """Return a login as it may be stored, or None for what cannot be one; not every text can be sent to a database."""
    return text if text.isprintable() and len(text) <= _LONGEST else None


def encode(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes | None:
    """Return what base64url stands for, with or without padding; None for everything else."""
    bare = text.rstrip("=")
    if len(text) > _LONGEST or not _BASE64URL.fullmatch(bare):
        return None
    try:
        return base64.urlsafe_b64decode(bare + "==")  # what is too much of it is left
    except binascii.Error:
        return None


@contextmanager
def extra(package: str) -> Iterator[None]:
    """Say which package is missing, when an import in the block fails.

    Raises:
        UsageError: ``ACCESS_EXTRA_MISSING``.
    """
    try:
        yield
    except ImportError as error:
        raise UsageError("ACCESS_EXTRA_MISSING", package=package) from error
