"""Signing in, for whoever stands between people and the Crm: a web server, a desktop program, a script.

::

    challenge = crm.signin.begin(device)                    # the device signs challenge.text
    opened = crm.signin.open("rossi", password, Proof(device, challenge.nonce, signature))
    ...
    with crm.session(crm.signin.actor(opened.token)) as s:  # at each request
        ...

Nobody is signed in yet here, so each call has transactions of its own. They are short: none is open while a password is verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmcore.access.signin import challenges, devices, opening, requests
from crmcore.access.signin.keys import PublicKey
from crmcore.access.signin.refusing import system_session
from crmcore.access.signin.values import Challenge, DeviceInfo, Opened, Proof, Purpose

if TYPE_CHECKING:
    from crmcore.app import Crm
    from crmcore.session import Actor


class SignIn:
    """Devices that prove themselves, sessions and tokens; see the module. What administrators do is on the session: ``s.signin``."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def begin_enrolment(self) -> Challenge:
        """Return the challenge that a new device signs with the key it is to be known by."""
        with system_session(self._crm) as session:
            challenge = challenges.issue(session, Purpose.ENROLL)
            session.commit()
            return challenge

    def enroll(self, name: str, public_key: str, nonce: str, signature: str, *, kind: str = "pc") -> DeviceInfo:
        """Register a device that has the key which it hands over, for an administrator to approve (A01).

        ``public_key`` is the SubjectPublicKeyInfo (DER) of an ECDSA P-256 or Ed25519 key as base64url, ``kind`` "pc" or "phone". The
        administrator compares the fingerprint.

        Raises:
            ValidationFailed: ``DEVICE_KEY_INVALID``, ``DEVICE_KEY_KNOWN``, or what is wrong with the name or kind.
            AccessDenied: ``CHALLENGE_INVALID``, ``SIGNATURE_INVALID``, ``SIGNIN_LIMITED`` when too many devices ask.
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        return devices.enroll(self._crm, name, PublicKey.read(public_key), Proof("", nonce, signature), kind)

    def begin(self, device: str) -> Challenge:
        """Return the challenge that a registered device signs to open a session.

        Raises:
            AccessDenied: ``DEVICE_NOT_REGISTERED``.
        """
        return devices.begin(self._crm, device)

    def check_device(self, proof: Proof) -> None:
        """Return when a registered device has proved itself; nobody is signed in by that.

        Raises:
            AccessDenied: ``DEVICE_NOT_REGISTERED``, ``CHALLENGE_INVALID``, ``SIGNATURE_INVALID``.
        """
        devices.prove(self._crm, proof, Purpose.OPEN)

    def open(self, login: str, password: str, proof: Proof | None = None) -> Opened:
        """Open a session (I-25). Without a registered device there is none, whatever the password, when ``require_device`` is set.

        Takes a few tenths of a second of processor time. A refusal is told by the event ``session.refused``.

        Raises:
            AccessDenied: ``DEVICE_NOT_REGISTERED``, ``CHALLENGE_INVALID``, ``SIGNATURE_INVALID``, ``SIGNIN_LIMITED``, ``SIGNIN_FAILED``,
                ``USER_BLOCKED``; in this order, so that nobody learns about a password from a device that is not ours.
            UsageError: ``ACCESS_EXTRA_MISSING``.
        """
        return opening.open_session(self._crm, login, password, proof)

    def actor(self, token: str) -> Actor:
        """Return who works with a token, of a session or of a program; asked at each request, one query.

        The actor of a program's token may do what the token is for, as far as its user may do it.

        Raises:
            AccessDenied: ``TOKEN_UNKNOWN``, ``USER_BLOCKED``, ``SESSION_ENDED`` or ``TOKEN_ENDED`` with the reason, and
                ``DEVICE_PROOF_NEEDED`` when the device has to sign again: see `renew`.
        """
        return requests.actor_of(self._crm, token)

    def begin_renewal(self, token: str) -> Challenge:
        """Return the challenge that the device of a session signs for `renew`.

        Raises:
            AccessDenied: ``TOKEN_UNKNOWN``, ``USER_BLOCKED``, ``SESSION_ENDED``, ``SESSION_NEEDED``, ``DEVICE_NOT_REGISTERED``.
        """
        return requests.begin_renewal(self._crm, token)

    def renew(self, token: str, proof: Proof) -> None:
        """Let a session go on, because its device has proved itself again.

        A session token that was copied to another machine ends being of use here, because the key cannot be copied with it: the idea of
        Device Bound Session Credentials (W3C).

        Raises:
            AccessDenied: as `begin_renewal`, and ``CHALLENGE_INVALID``, ``SIGNATURE_INVALID``.
        """
        requests.renew(self._crm, token, proof)

    def close(self, token: str) -> None:
        """End the session of a token: sign out.

        Raises:
            AccessDenied: ``TOKEN_UNKNOWN``, ``USER_BLOCKED``, ``SESSION_ENDED``, ``SESSION_NEEDED``.
        """
        requests.close(self._crm, token)

    def change_password(self, token: str, current: str, new: str) -> None:
        """Give the user of a session a new password, which ends all other sessions of this user.

        Raises:
            AccessDenied: ``SIGNIN_FAILED`` when ``current`` is wrong, ``SIGNIN_LIMITED``, and what `actor` raises.
            ValidationFailed: ``PASSWORD_WEAK``.
        """
        row = requests.session_of(self._crm, token)
        self.actor(token)
        opening.change_password(self._crm, row.login, row.device, current, new, keep=row.uid)
