"""Keys of devices: the public half, which the server knows, and for clients in Python the private one.

A browser makes its key with WebCrypto, not extractable, so that nobody can copy it. A key in a file is as safe as the file.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import attrs

from crmcore.access.signin.secret import decode, encode, extra
from crmcore.access.signin.values import Challenge, Proof
from crmcore.errors import UsageError, ValidationFailed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    _Public = EllipticCurvePublicKey | Ed25519PublicKey
    _Private = EllipticCurvePrivateKey | Ed25519PrivateKey

ES256: Final = "ES256"
ED25519: Final = "Ed25519"
_HALF: Final = 32
"""Bytes of r, and of s, on P-256."""


@attrs.frozen
class PublicKey:
    """The public key of a device. ``text`` is its SubjectPublicKeyInfo in DER as base64url, spelt in the one canonical way."""

    algorithm: str
    text: str
    fingerprint: str
    _key: _Public = attrs.field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the key that a device hands over.

        Raises:
            ValidationFailed: ``DEVICE_KEY_INVALID``.
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        with extra("cryptography"):
            from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415
        data = decode(text)
        if data is None:
            raise ValidationFailed("DEVICE_KEY_INVALID", reason="it is not base64url")
        try:
            key = load_der_public_key(data)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValidationFailed("DEVICE_KEY_INVALID", reason="it is no SubjectPublicKeyInfo of a known algorithm") from error
        return cls._of(key)

    @classmethod
    def _of(cls, key: object) -> Self:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra, which was found already
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415

        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            algorithm = ES256
        elif isinstance(key, ed25519.Ed25519PublicKey):
            algorithm = ED25519
        else:
            raise ValidationFailed("DEVICE_KEY_INVALID", reason="it is neither ECDSA P-256 nor Ed25519")
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return cls(algorithm, encode(der), hashlib.sha256(der).hexdigest(), key)

    def verifies(self, text: str, signature: str) -> bool:
        """Return whether a signature, as base64url, is this key's over a text."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra, which was found already
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        given = decode(signature)
        if given is None or len(given) != 2 * _HALF:
            return False
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(given, text.encode())
            else:
                r, s = (int.from_bytes(half) for half in (given[:_HALF], given[_HALF:]))
                self._key.verify(encode_dss_signature(r, s), text.encode(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@attrs.frozen
class DeviceKey:
    """The private key of a device, for clients in Python; what it is never shows."""

    _key: _Private = attrs.field(repr=False)

    @classmethod
    def generate(cls, algorithm: str = ED25519) -> Self:
        """Return a new key, of Ed25519 or ES256.

        Raises:
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        with extra("cryptography"):
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415 - an extra
        return cls(ec.generate_private_key(ec.SECP256R1()) if algorithm == ES256 else ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key that `save` wrote.

        Raises:
            ValidationFailed: ``DEVICE_KEY_INVALID``.
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        with extra("cryptography"):
            from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise ValidationFailed("DEVICE_KEY_INVALID", reason=f"{path} holds no private key") from error
        if isinstance(key, ed25519.Ed25519PrivateKey) or (
            isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
        ):
            return cls(key)
        raise ValidationFailed("DEVICE_KEY_INVALID", reason=f"{path} holds neither an ECDSA P-256 nor an Ed25519 key")

    def save(self, path: Path) -> None:
        """Write the key into a new file that only its owner reads.

        Raises:
            UsageError: ``DEVICE_KEY_FILE`` when the file is there already, or cannot be written.
        """
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra, which was found already

        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        data = self._key.private_bytes(encoding, form, serialization.NoEncryption())
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
        except OSError as error:
            raise UsageError("DEVICE_KEY_FILE", path=path, reason=error.strerror) from error

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return PublicKey._of(self._key.public_key())  # noqa: SLF001 - the other half of one thing

    def sign(self, text: str) -> str:
        """Return the signature over a text, as base64url."""
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415 - an extra, which was found already
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return encode(self._key.sign(text.encode()))
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return encode(r.to_bytes(_HALF) + s.to_bytes(_HALF))

    def answer(self, device: str, challenge: Challenge) -> Proof:
        """Return the proof that this device has its key."""
        return Proof(device, challenge.nonce, self.sign(challenge.text))
