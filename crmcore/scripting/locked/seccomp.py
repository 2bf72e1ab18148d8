"""The list of system calls that a locked worker may still make, as a program for the kernel's filter (seccomp BPF).

It is an allow list: what is not named is refused. What nobody makes by mistake (starting programs, opening sockets, reaching into other
processes) ends the process at once, so that the parent learns of it. Source: seccomp(2), `linux/seccomp.h`, `linux/audit.h`; the numbers
are those of `asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h` (aarch64).
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

KILL: Final = 0x80000000  # SECCOMP_RET_KILL_PROCESS
REFUSE: Final = 0x00050000 | errno.EPERM  # SECCOMP_RET_ERRNO
ALLOW: Final = 0x7FFF0000  # SECCOMP_RET_ALLOW

_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST_ARGUMENT: Final = 16
_THIRD_ARGUMENT: Final = 32
"""Offsets in `struct seccomp_data`; both machines are little-endian, so the low half of an argument comes first."""

_PROT_EXEC: Final = 4
_X32: Final = 0x40000000
"""On x86_64 the same calls exist a second time under numbers with this bit."""

CHANNEL: Final = 0
"""The descriptor of the socket to the parent, the only one that is open."""


@attrs.frozen(kw_only=True)
class Machine:
    """Name the calls of one processor: ``audit`` identifies it to the kernel."""

    audit: int
    allowed: Mapping[str, int]
    channel: Mapping[str, int]
    """Allowed on `CHANNEL` only."""
    mapping: Mapping[str, int]
    """Allowed unless they ask for executable memory."""
    deadly: Mapping[str, int]


MACHINES: Final[Mapping[str, Machine]] = MappingProxyType(
    {
        "x86_64": Machine(
            audit=0xC000003E,
            allowed={
                "munmap": 11,
                "brk": 12,
                "rt_sigreturn": 15,
                "sched_yield": 24,
                "mremap": 25,
                "madvise": 28,
                "exit": 60,
                "gettimeofday": 96,
                "futex": 202,
                "restart_syscall": 219,
                "clock_gettime": 228,
                "exit_group": 231,
                "getrandom": 318,
            },
            channel={"read": 0, "write": 1},
            mapping={"mmap": 9, "mprotect": 10},
            deadly={
                "socket": 41,
                "connect": 42,
                "accept": 43,
                "bind": 49,
                "listen": 50,
                "socketpair": 53,
                "clone": 56,
                "fork": 57,
                "vfork": 58,
                "execve": 59,
                "kill": 62,
                "ptrace": 101,
                "rt_sigqueueinfo": 129,
                "personality": 135,
                "modify_ldt": 154,
                "pivot_root": 155,
                "chroot": 161,
                "mount": 165,
                "iopl": 172,
                "ioperm": 173,
                "init_module": 175,
                "tkill": 200,
                "tgkill": 234,
                "kexec_load": 246,
                "add_key": 248,
                "request_key": 249,
                "keyctl": 250,
                "unshare": 272,
                "accept4": 288,
                "perf_event_open": 298,
                "open_by_handle_at": 304,
                "setns": 308,
                "process_vm_readv": 310,
                "process_vm_writev": 311,
                "finit_module": 313,
                "memfd_create": 319,
                "bpf": 321,
                "execveat": 322,
                "userfaultfd": 323,
                "pkey_mprotect": 329,
                "pidfd_send_signal": 424,
                "io_uring_setup": 425,
                "io_uring_enter": 426,
                "io_uring_register": 427,
                "clone3": 435,
                "pidfd_getfd": 438,
            },
        ),
        "aarch64": Machine(
            audit=0xC00000B7,
            allowed={
                "exit": 93,
                "exit_group": 94,
                "futex": 98,
                "clock_gettime": 113,
                "sched_yield": 124,
                "restart_syscall": 128,
                "rt_sigreturn": 139,
                "gettimeofday": 169,
                "brk": 214,
                "munmap": 215,
                "mremap": 216,
                "madvise": 233,
                "getrandom": 278,
            },
            channel={"read": 63, "write": 64},
            mapping={"mmap": 222, "mprotect": 226},
            deadly={
                "mount": 40,
                "pivot_root": 41,
                "chroot": 51,
                "personality": 92,
                "unshare": 97,
                "kexec_load": 104,
                "init_module": 105,
                "ptrace": 117,
                "kill": 129,
                "tkill": 130,
                "tgkill": 131,
                "rt_sigqueueinfo": 138,
                "socket": 198,
                "socketpair": 199,
                "bind": 200,
                "listen": 201,
                "accept": 202,
                "connect": 203,
                "add_key": 217,
                "request_key": 218,
                "keyctl": 219,
                "clone": 220,
                "execve": 221,
                "perf_event_open": 241,
                "accept4": 242,
                "open_by_handle_at": 265,
                "setns": 268,
                "process_vm_readv": 270,
                "process_vm_writev": 271,
                "finit_module": 273,
                "memfd_create": 279,
                "bpf": 280,
                "execveat": 281,
                "userfaultfd": 282,
                "pkey_mprotect": 288,
                "pidfd_send_signal": 424,
                "io_uring_setup": 425,
                "io_uring_enter": 426,
                "io_uring_register": 427,
                "clone3": 435,
                "pidfd_getfd": 438,
            },
        ),
    }
)
"""Processor, as `os.uname` names it → its calls."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand: `struct sock_filter`."""


def program(machine: Machine) -> list[Instruction]:
    """Return the filter of a machine."""
    found: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, KILL),
    ]
    for number in machine.channel.values():
        found += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_EQUAL, 0, 1, CHANNEL),
            (_RETURN, 0, 0, ALLOW),
            (_RETURN, 0, 0, REFUSE),
        ]
    for number in machine.allowed.values():
        found += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, ALLOW)]
    for number in machine.mapping.values():
        found += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _THIRD_ARGUMENT),
            (_ANY_BIT, 1, 0, _PROT_EXEC),
            (_RETURN, 0, 0, ALLOW),
            (_RETURN, 0, 0, REFUSE),
        ]
    for number in machine.deadly.values():
        found += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, KILL)]
    found.append((_RETURN, 0, 0, REFUSE))
    return found


def assemble(instructions: list[Instruction]) -> bytes:
    """Return a filter as the kernel reads it."""
    return b"".join(struct.pack("<HBBI", *each) for each in instructions)
