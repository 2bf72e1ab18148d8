"""Lock the worker's own process down: what scripts could do if the language itself were broken.

Each wall stands by itself. Which of them stand is reported to the parent; without the system-call filter a worker is not used at all.
Sources: setrlimit(2), prctl(2), landlock(7), seccomp(2), unshare(2). Everything goes through ctypes, because the standard library has
none of it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from crmcore.scripting.locked.bounds import Bounds
from crmcore.scripting.locked.seccomp import MACHINES, assemble, program

_SET_DEATH_SIGNAL: Final = 1
_SET_DUMPABLE: Final = 4
_SET_SECCOMP: Final = 22
_SET_NO_NEW_PRIVILEGES: Final = 38
_SECCOMP_FILTER: Final = 2
_SIGKILL: Final = 9
_NOBODY: Final = 65534

_NEW_NAMESPACES: Final = {"mount": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000, "net": 0x40000000}

_CAPSET: Final = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION: Final = 0x20080522
_CAPABILITY_SETS: Final = 24
"""Bytes: twice effective, permitted, inheritable."""

_LANDLOCK_CREATE: Final = 444
_LANDLOCK_RESTRICT: Final = 446
_LANDLOCK_VERSION: Final = 1
_LANDLOCK_FILES: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""From which version on of Landlock, how many rights over files there are; each is one bit."""
_LANDLOCK_NETWORK: Final = 0b11
_LANDLOCK_NETWORK_FROM: Final = 4
_LANDLOCK_SCOPES: Final = 0b11
_LANDLOCK_SCOPES_FROM: Final = 6


def lock_down(bounds: Bounds) -> Mapping[str, str]:
    """Raise every wall that this system has, and return wall → "" or the reason why it is missing.

    Nothing can be opened or imported afterwards. The order matters: the filter comes last, because it forbids what raises the others.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # Asked for now: no file can be read once Landlock stands.
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    steps: list[tuple[str, Callable[[], None]]] = [
        ("namespaces", lambda: _leave_namespaces(libc)),
        ("identity", _drop_identity),
        ("descriptors", _close_descriptors),
        ("capabilities", lambda: _drop_capabilities(libc)),
        ("not_dumpable", lambda: _prctl(libc, _SET_DUMPABLE, 0)),
        ("dies_with_parent", lambda: _prctl(libc, _SET_DEATH_SIGNAL, _SIGKILL)),
        ("no_new_privileges", lambda: _prctl(libc, _SET_NO_NEW_PRIVILEGES, 1)),
        ("landlock", lambda: _landlock(libc)),
        ("limits", lambda: _limit(bounds, size)),
        ("seccomp", lambda: _seccomp(libc)),
    ]
    walls = {}
    for name, step in steps:
        try:
            step()
        except (OSError, ValueError) as error:
            walls[name] = str(error) or type(error).__name__
        else:
            walls[name] = ""
    return walls


def _failed(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    if libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero):
        raise _failed("prctl")


def _leave_namespaces(libc: ctypes.CDLL) -> None:
    """Move to a network without interfaces, and to other namespaces of our own; unprivileged, that takes a user namespace as well."""
    wanted = _NEW_NAMESPACES["mount"] | _NEW_NAMESPACES["uts"] | _NEW_NAMESPACES["ipc"] | _NEW_NAMESPACES["net"]
    if libc.unshare(wanted) and libc.unshare(wanted | _NEW_NAMESPACES["user"]):
        raise _failed("unshare")


def _drop_identity() -> None:
    """Become nobody where we were root; who was not root stays who he is, and has nothing to drop."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up what a user namespace of our own, or root, brought with it."""
    number = _CAPSET.get(os.uname().machine)
    if number is None:
        message = f"no number of capset for {os.uname().machine}"
        raise ValueError(message)
    header = struct.pack("<Ii", _CAPABILITY_VERSION, 0)
    if libc.syscall(ctypes.c_long(number), header, bytes(_CAPABILITY_SETS)):
        raise _failed("capset")


def _close_descriptors() -> None:
    """Close everything but the socket to the parent, which is 0."""
    limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1 << 16)
    os.closerange(1, limit if limit > 0 else 1 << 16)


def _limit(bounds: Bounds, size: int) -> None:
    memory = size + bounds.memory
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_AS, memory),
        # The socket is open already. Landlock itself needs a descriptor, so this comes after it.
        (resource.RLIMIT_NOFILE, 1),
    ):
        resource.setrlimit(what, (value, value))


def _landlock(libc: ctypes.CDLL) -> None:
    """Forbid every file and every network address: a set of rules without a rule."""
    syscall = libc.syscall
    syscall.restype = ctypes.c_long
    version = syscall(ctypes.c_long(_LANDLOCK_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_VERSION))
    if version < 1:
        raise _failed("landlock")
    files = (1 << max(count for since, count in _LANDLOCK_FILES.items() if since <= version)) - 1
    fields = [files]
    if version >= _LANDLOCK_NETWORK_FROM:
        fields.append(_LANDLOCK_NETWORK)
    if version >= _LANDLOCK_SCOPES_FROM:
        fields.append(_LANDLOCK_SCOPES)
    attributes = struct.pack(f"<{len(fields)}Q", *fields)
    rules = syscall(ctypes.c_long(_LANDLOCK_CREATE), attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        raise _failed("landlock")
    try:
        if syscall(ctypes.c_long(_LANDLOCK_RESTRICT), ctypes.c_int(rules), ctypes.c_uint32(0)):
            raise _failed("landlock")
    finally:
        os.close(rules)


def _seccomp(libc: ctypes.CDLL) -> None:
    name = os.uname().machine
    machine = MACHINES.get(name)
    if machine is None:
        message = f"no list of system calls for {name}"
        raise ValueError(message)
    instructions = program(machine)
    code = ctypes.create_string_buffer(assemble(instructions), len(instructions) * 8)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    filled = Program(len(instructions), ctypes.addressof(code))
    if libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_FILTER), ctypes.byref(filled), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise _failed("seccomp")
