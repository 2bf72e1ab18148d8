"""Codes of devices, passwords, sessions and tokens."""

from __future__ import annotations

from typing import Final

from crmcore.errors.code import ErrorCode

SIGNIN: Final = (
    ErrorCode(
        "ACCESS_EXTRA_MISSING",
        "signing in needs {package}, which is not installed",
        "l'accesso richiede {package}, che non è installato",
        "Install crmcore with the extra `access`: `pip install 'crmcore[access]'`.",
    ),
    ErrorCode(
        "DEVICE_NOT_REGISTERED",
        "this device is not registered, or not for this user",
        "questo dispositivo non è censito, o non per questo utente",
        "Enrol it, and let an administrator approve it. A device that was revoked is enrolled anew, with a new key (I-25).",
    ),
    ErrorCode(
        "DEVICE_KEY_INVALID",
        "the public key of the device cannot be used: {reason}",
        "la chiave pubblica del dispositivo non è utilizzabile: {reason}",
        "Give an ECDSA P-256 or Ed25519 key as SubjectPublicKeyInfo (DER) in base64url.",
    ),
    ErrorCode(
        "DEVICE_KEY_FILE",
        "cannot write a key into {path}: {reason}",
        "impossibile scrivere una chiave in {path}: {reason}",
        "Name a file that is not there yet, in a folder that only its owner reads.",
    ),
    ErrorCode(
        "DEVICE_KEY_KNOWN",
        "a device with this key has asked already",
        "un dispositivo con questa chiave ha già fatto richiesta",
        "Wait for the approval. After a revocation, make a new key.",
    ),
    ErrorCode(
        "DEVICE_LAST_USER",
        "device {uid} is for nobody any more, which would make it everybody's",
        "il dispositivo {uid} resta senza utenti: varrebbe per tutti",
        "Revoke the device, or name another user for it first.",
    ),
    ErrorCode(
        "DEVICE_STATUS",
        "device {uid} is {status}: it cannot be approved",
        "il dispositivo {uid} è nello stato {status}: non può essere approvato",
        "Only a device that waits for it is approved; one that was revoked is enrolled anew.",
    ),
    ErrorCode(
        "CHALLENGE_INVALID",
        "the challenge is expired, answered already, or was not given for this",
        "la sfida è scaduta, ha già avuto risposta o non era destinata a questo",
        "Ask for a new challenge and answer it at once; each is good for one answer, and answering one ends those before it.",
    ),
    ErrorCode(
        "SIGNATURE_INVALID",
        "the signature is not of this device's key over this challenge",
        "la firma non è della chiave di questo dispositivo su questa sfida",
        "Sign the exact text of the challenge with the key that was enrolled. ECDSA signatures are r and s, 32 bytes each, as WebCrypto gives them.",
    ),
    ErrorCode(
        "SIGNIN_FAILED",
        "login or password are wrong",
        "nome utente o password errati",
        "Both are asked for together, so that nobody learns which logins exist.",
    ),
    ErrorCode(
        "SIGNIN_LIMITED",
        "too many attempts; the next one is possible at {retry_at}",
        "troppi tentativi; il prossimo è possibile alle {retry_at}",
        "Wait. `core.access.attempts` and `attempts_window` say how many are allowed in which time.",
    ),
    ErrorCode(
        "SESSION_ENDED",
        "the session has ended: {reason}",
        "la sessione è terminata: {reason}",
        "Sign in again.",
    ),
    ErrorCode(
        "SESSION_NEEDED",
        "this takes the session of a person, not a token for programs",
        "serve la sessione di una persona, non un token per programmi",
        "Sign in with login and password.",
    ),
    ErrorCode(
        "DEVICE_PROOF_NEEDED",
        "the device has to prove itself again",
        "il dispositivo deve dimostrare di nuovo la sua identità",
        "Ask `crm.signin.begin_renewal` for a challenge, sign it and hand it to `renew`; the session goes on.",
    ),
    ErrorCode(
        "TOKEN_UNKNOWN",
        "there is no such session or token",
        "non esiste questa sessione o questo token",
        "Sign in, or ask an administrator for a token.",
    ),
    ErrorCode(
        "TOKEN_ENDED",
        "the token is of no use any more: {reason}",
        "il token non è più valido: {reason}",
        "Ask an administrator for a new one.",
    ),
    ErrorCode(
        "TOKEN_LIFETIME",
        "a token lives 1 to {longest} days, not {given}",
        "un token dura da 1 a {longest} giorni, non {given}",
        "`core.access.token_lifetime` is the longest life of tokens.",
    ),
    ErrorCode(
        "TOKEN_DEVICE_NEEDED",
        "a token has to name the device that uses it",
        "un token deve indicare il dispositivo che lo usa",
        "`core.access.require_device` is on: only registered devices work here, also with tokens.",
    ),
    ErrorCode(
        "PASSWORD_WEAK",
        "the password is refused: {reason}",
        "la password è rifiutata: {reason}",
        "Choose a longer one that nobody would think of; a sentence is good.",
    ),
)
