"""Signing in: devices that prove themselves, passwords, sessions, and tokens for programs (A01, A02, A08)."""

from crmcore.access.signin.api import SignInApi
from crmcore.access.signin.events import (
    SIGNIN_EVENTS,
    DeviceApproved,
    DeviceRegistered,
    DeviceRevoked,
    PasswordChanged,
    SessionClosed,
    SessionOpened,
    SessionRefused,
    TokenCreated,
    TokenRevoked,
)
from crmcore.access.signin.keys import ED25519, ES256, DeviceKey, PublicKey
from crmcore.access.signin.service import SignIn
from crmcore.access.signin.values import Challenge, DeviceInfo, NewToken, Opened, Proof, Purpose, Reason, SessionInfo, TokenInfo

__all__ = [
    "ED25519",
    "ES256",
    "SIGNIN_EVENTS",
    "Challenge",
    "DeviceApproved",
    "DeviceInfo",
    "DeviceKey",
    "DeviceRegistered",
    "DeviceRevoked",
    "NewToken",
    "Opened",
    "PasswordChanged",
    "Proof",
    "PublicKey",
    "Purpose",
    "Reason",
    "SessionClosed",
    "SessionInfo",
    "SessionOpened",
    "SessionRefused",
    "SignIn",
    "SignInApi",
    "TokenCreated",
    "TokenInfo",
    "TokenRevoked",
]
