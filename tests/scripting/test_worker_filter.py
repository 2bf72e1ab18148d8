"""The filter of system calls, run on every call that there is, for each processor: also for the one that these tests do not run on."""

from __future__ import annotations

import struct

import pytest

from crmcore.scripting.locked.seccomp import ALLOW, CHANNEL, KILL, MACHINES, REFUSE, assemble, program

pytestmark = pytest.mark.feature("I-16")

HIGHEST = 600
"""Above the numbers that kernels know today."""


def verdict(code, number, audit, arguments=(0, 0, 0, 0, 0, 0)):
    """Run a filter as the kernel does: `struct seccomp_data`, little-endian, in words."""
    data = struct.pack("<iIQ6Q", number, audit, 0, *arguments)
    accumulator, place = 0, 0
    while True:
        operation, if_true, if_false, operand = struct.unpack_from("<HBBI", code, 8 * place)
        place += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            [accumulator] = struct.unpack_from("<I", data, operand)
        else:
            holds = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}[operation]
            place += if_true if holds else if_false


@pytest.fixture(params=sorted(MACHINES))
def machine(request):
    return MACHINES[request.param]


@pytest.fixture
def code(machine):
    return assemble(program(machine))


def test_what_is_not_named_is_refused(machine, code):
    named = {*machine.allowed.values(), *machine.channel.values(), *machine.mapping.values(), *machine.deadly.values()}
    assert {verdict(code, number, machine.audit) for number in range(HIGHEST) if number not in named} == {REFUSE}


def test_no_number_is_named_twice(machine):
    numbers = [number for group in (machine.allowed, machine.channel, machine.mapping, machine.deadly) for number in group.values()]
    assert len(numbers) == len(set(numbers))


def test_what_is_needed_is_allowed(machine, code):
    assert {verdict(code, number, machine.audit, (9,) * 6) for number in machine.allowed.values()} == {ALLOW}


def test_reading_and_writing_is_allowed_on_the_channel_only(machine, code):
    for number in machine.channel.values():
        assert verdict(code, number, machine.audit, (CHANNEL, 0, 0, 0, 0, 0)) == ALLOW
        assert {verdict(code, number, machine.audit, (other, 0, 0, 0, 0, 0)) for other in (1, 2, 3, 1000, 2**32 - 1)} == {REFUSE}


def test_memory_is_never_executable(machine, code):
    for number in machine.mapping.values():
        assert {verdict(code, number, machine.audit, (0, 0, protection, 0, 0, 0)) for protection in (0, 1, 2, 3)} == {ALLOW}
        assert {verdict(code, number, machine.audit, (0, 0, protection, 0, 0, 0)) for protection in (4, 5, 6, 7)} == {REFUSE}


def test_what_nobody_calls_by_mistake_ends_the_process(machine, code):
    assert {verdict(code, number, machine.audit) for number in machine.deadly.values()} == {KILL}
    assert {"execve", "execveat", "clone", "clone3", "socket", "ptrace", "bpf", "io_uring_setup"} <= set(machine.deadly)


def test_calls_of_another_processor_or_numbering_end_the_process(machine, code):
    others = [each.audit for each in MACHINES.values() if each.audit != machine.audit]
    for audit in (*others, 0x40000003, 0):
        assert {verdict(code, number, audit) for number in range(HIGHEST)} == {KILL}
    assert {verdict(code, 0x40000000 + number, machine.audit) for number in range(HIGHEST)} == {KILL}


def test_the_list_is_short(machine):
    assert len(machine.allowed) + len(machine.channel) + len(machine.mapping) < 25
