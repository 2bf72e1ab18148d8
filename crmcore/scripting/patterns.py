r"""Regular expressions that cannot be made slow: the automaton of Thompson (CACM 1968), in steps that the guard counts.

Python's `re` goes back and tries again, and holds the interpreter while it does: ``(a+)+$`` on thirty letters takes longer than anybody
waits. Here all ways are followed at once, so the time is at most the length of the text times that of the pattern, and is charged.

Patterns are made of characters, ``.``, ``[a-z]`` and ``[^…]``, ``\d \w \s \D \W \S``, groups ``(…)`` and ``(?:…)``, ``|``, the repeats
``* + ? {m,n}`` and the anchors ``^ $``; a pattern occurs anywhere in the text unless it is anchored. There are no references back,
nothing that looks ahead, and case counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NoReturn

import attrs

from crmcore.labels import Label
from crmcore.scripting.faults import Fault
from crmcore.scripting.limits import Guard

LONGEST_PATTERN: Final = 200
LONGEST_TEXT: Final = 4_096
_MOST_STATES: Final = 1_000
_MOST_REPEATS: Final = 200
_DEEPEST: Final = 20
_KEPT: Final = 32

Test = Callable[[str], bool]


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


_CLASSES: Final[dict[str, Test]] = {"d": str.isdecimal, "w": _is_word, "s": str.isspace}
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}


@attrs.define
class _State:
    """One state: passes a character that fits ``test`` to ``out``, or (without a test) to all of ``ways`` at once."""

    test: Test | None = None
    out: int = -1
    ways: tuple[int, ...] = ()
    anchor: str = ""


def search(guard: Guard, pattern: str, text: str) -> bool:
    """Return whether a pattern occurs in a text.

    Raises:
        Fault: when the pattern is none, or is too large.
        BudgetExceeded: as everything.
    """
    if len(pattern) > LONGEST_PATTERN or len(text) > LONGEST_TEXT:
        raise Fault(
            Label(
                f"al massimo {LONGEST_PATTERN} caratteri di espressione e {LONGEST_TEXT} di testo",
                f"at most {LONGEST_PATTERN} characters of pattern and {LONGEST_TEXT} of text",
            )
        )
    states, start, end = _automaton(pattern)
    guard.charge(len(pattern) + len(states) // 4)
    return _Run(guard, states, end, text).found(start)


class _Run:
    """Follow all ways through an automaton."""

    def __init__(self, guard: Guard, states: tuple[_State, ...], end: int, text: str) -> None:
        self.guard = guard
        self.states = states
        self.end = end
        self.text = text

    def found(self, start: int) -> bool:
        present: set[int] = set()
        for place in range(len(self.text) + 1):
            self._enter(start, place, present)
            self.guard.charge(1 + len(present) // 2)
            if self.end in present:
                return True
            if place == len(self.text):
                return False
            character = self.text[place]
            following: set[int] = set()
            for each in present:
                state = self.states[each]
                if state.test is not None and state.test(character):
                    self._enter(state.out, place + 1, following)
            present = following
        return False

    def _enter(self, first: int, place: int, present: set[int]) -> None:
        """Add a state, and all that are reached from it without a character."""
        pending = [first]
        while pending:
            each = pending.pop()
            if each in present:
                continue
            state = self.states[each]
            if (state.anchor == "^" and place != 0) or (state.anchor == "$" and place != len(self.text)):
                continue
            present.add(each)
            pending += state.ways


@lru_cache(maxsize=_KEPT)
def _automaton(pattern: str) -> tuple[tuple[_State, ...], int, int]:
    """Return the states of a pattern, the first and the last one."""
    parser = _Parser(pattern)
    start, end = parser.alternatives(0)
    if parser.place != len(pattern):
        parser.refuse()
    return tuple(parser.states), start, end


class _Parser:
    """Read a pattern by recursive descent; each piece becomes states with one way in and one way out."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.states: list[_State] = []

    def refuse(self) -> NoReturn:
        place = self.place + 1
        raise Fault(Label(f"l'espressione non si capisce (carattere {place})", f"the pattern makes no sense (character {place})"))

    def state(self, test: Test | None = None, ways: tuple[int, ...] = (), anchor: str = "") -> int:
        if len(self.states) >= _MOST_STATES:
            raise Fault(Label("l'espressione è troppo grande", "the pattern is too large"))
        self.states.append(_State(test, -1, ways, anchor))
        return len(self.states) - 1

    def link(self, end: int, start: int) -> None:
        """Go on from the end of one piece with the start of another."""
        self.states[end].ways = (*self.states[end].ways, start)

    def next(self) -> str:
        return self.pattern[self.place] if self.place < len(self.pattern) else ""

    def take(self) -> str:
        found = self.next()
        if not found:
            self.refuse()
        self.place += 1
        return found

    def alternatives(self, depth: int) -> tuple[int, int]:
        if depth > _DEEPEST:
            self.refuse()
        start, end = self.state(), self.state()
        while True:
            first, last = self.sequence(depth)
            self.link(start, first)
            self.link(last, end)
            if self.next() != "|":
                return start, end
            self.take()

    def sequence(self, depth: int) -> tuple[int, int]:
        start = end = self.state()
        while self.next() not in {"", "|", ")"}:
            first, last = self.repeated(depth)
            self.link(end, first)
            end = last
        return start, end

    def repeated(self, depth: int) -> tuple[int, int]:
        place = self.place
        first, last = self.piece(depth)
        least, most = self.times()
        if (least, most) == (1, 1):
            return first, last
        after = self.place
        copies = [(first, last)]
        wanted = max(least, 1) if most is None else most
        while len(copies) < wanted:
            # The same piece again, from the same text: states are never shared.
            self.place = place
            copies.append(self.piece(depth))
        self.place = after
        start = end = self.state()
        final = self.state()
        for number, (first, last) in enumerate(copies[:wanted]):
            if number >= least:
                self.link(end, final)
            self.link(end, first)
            end = last
        self.link(end, final)
        if most is None:
            self.link(last, first)
        return start, final

    def times(self) -> tuple[int, int | None]:
        """Read how often a piece occurs; only one such sign, so nothing is repeated a repeated number of times."""
        sign = self.next()
        if sign not in {"*", "+", "?", "{"} or not sign:
            return 1, 1
        self.take()
        if sign == "{":
            least, comma, most = self._until("}").partition(",")
            found = self._number(least), (self._number(most) if most else None) if comma else self._number(least)
        else:
            found = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if self.next() == "?":
            # As few as possible, or as many: for whether it occurs that is the same.
            self.take()
        if self.next() in {"*", "+", "?", "{"} and self.next():
            self.refuse()
        if found[1] is not None and found[1] < found[0]:
            self.refuse()
        return found

    def _number(self, text: str) -> int:
        if not text.isascii() or not text.isdecimal() or len(text) > 3 or int(text) > _MOST_REPEATS:  # noqa: PLR2004 - digits
            self.refuse()
        return int(text)

    def _until(self, end: str) -> str:
        found = ""
        while (character := self.take()) != end:
            found += character
        return found

    def piece(self, depth: int) -> tuple[int, int]:
        character = self.take()
        if character == "(":
            if self.next() == "?":
                self.take()
                if self.take() != ":":
                    self.refuse()
            found = self.alternatives(depth + 1)
            if self.take() != ")":
                self.refuse()
            return found
        if character in "*+?{":
            self.refuse()
        if character in "^$":
            both = self.state(anchor=character)
            return both, both
        test = self.test(character)
        first = self.state(test)
        last = self.state()
        self.states[first].out = last
        return first, last

    def test(self, character: str) -> Test:
        if character == "[":
            return self.members()
        if character == ".":
            return lambda each: each != "\n"
        if character == "\\":
            return self.escape(self.take())
        return character.__eq__

    def escape(self, character: str) -> Test:
        known = _CLASSES.get(character)
        if known is not None:
            return known
        opposite = _CLASSES.get(character.lower())
        if opposite is not None:
            return lambda each: not opposite(each)
        if character in _ESCAPED:
            return _ESCAPED[character].__eq__
        if character.isalnum():
            self.refuse()
        return character.__eq__

    def members(self) -> Test:
        """Read a class of characters up to its bracket."""
        negated = self.next() == "^"
        if negated:
            self.take()
        tests: list[Test] = []
        while not tests or self.next() != "]":
            character = self.take()
            if character == "\\":
                tests.append(self.escape(self.take()))
            elif self.next() == "-" and self.pattern[self.place + 1 : self.place + 2] not in {"", "]"}:
                self.take()
                tests.append(self._between(character, self.take()))
            else:
                tests.append(character.__eq__)
        self.take()
        found = tuple(tests)
        return lambda each: any(test(each) for test in found) is not negated

    def _between(self, first: str, last: str) -> Test:
        if last == "\\":
            last = self.take()
        if last < first:
            self.refuse()
        return lambda each: first <= each <= last
