"""Passwords: what is taken, and how it is kept (Argon2id, RFC 9106)."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from crmcore.access.signin.secret import extra
from crmcore.access.signin.values import Limits
from crmcore.errors import ValidationFailed
from crmcore.labels import Label

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LONGEST: Final = 1_000
"""Characters; hashing without an end would be a way to keep the server busy."""
_LANES: Final = 4
_TELLING: Final = 4
"""A login from this length on may not be part of the password."""
_DIFFERENT: Final = 5


class Passwords:
    """Hashes and verifies with the settings of a deployment. One hash takes a few tenths of a second: never inside a transaction."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def hash(self, login: str, password: str) -> str:
        """Return what is stored of a new password.

        Raises:
            ValidationFailed: ``PASSWORD_WEAK``.
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        reason = self._weakness(login, password)
        if reason is not None:
            raise ValidationFailed("PASSWORD_WEAK", reason=reason)
        return self._hasher().hash(_bytes(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether a password is the one that is stored; without one, take as long as it would take to say no.

        Raises:
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        hasher = self._hasher()
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - an extra, which was found already

        given = _bytes(password[: LONGEST + 1])
        if stored is None or len(password) > LONGEST:
            hasher.hash(given)
            return False
        try:
            return hasher.verify(stored, given)
        except (VerificationError, InvalidHashError):
            return False

    def renewed(self, stored: str, password: str) -> str | None:
        """Return the new hash of a password that was verified, when the stored one was made with other parameters than those set."""
        hasher = self._hasher()
        return hasher.hash(_bytes(password)) if hasher.check_needs_rehash(stored) else None

    def _hasher(self) -> PasswordHasher:
        with extra("argon2-cffi"):
            from argon2 import PasswordHasher  # noqa: PLC0415 - an extra
        return PasswordHasher(time_cost=self._limits.hash_passes, memory_cost=self._limits.hash_memory, parallelism=_LANES)

    def _weakness(self, login: str, password: str) -> Label | None:
        plain = _normal(password)
        least = self._limits.password_minimum
        if len(plain) < least:
            return Label(f"ha meno di {least} caratteri", f"it has less than {least} characters")
        if len(password) > LONGEST:
            return Label(f"ha più di {LONGEST} caratteri", f"it has more than {LONGEST} characters")
        if len(set(plain)) < _DIFFERENT:
            return Label("ha troppo pochi caratteri diversi", "it has too few different characters")
        if len(login) >= _TELLING and login.casefold() in plain.casefold():
            return Label("contiene il nome utente", "it contains the login")
        return None


def _normal(password: str) -> str:
    # NIST SP 800-63B §3.1.1.2: an accented letter is typed in more ways than one.
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")
