"""Matching in time linear in the text: a lazy automaton for tests, threads for positions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from auditor.cel.errors import CelLimitError
from auditor.cel.regex_classes import WORD
from auditor.cel.regex_program import CharSet, Code, Instruction, Op
from auditor.cel.regex_syntax import Anchor

CHAR: Final = int(Op.CHAR)
SPLIT: Final = int(Op.SPLIT)
SAVE: Final = int(Op.SAVE)
ASSERT: Final = int(Op.ASSERT)
MATCH: Final = int(Op.MATCH)

MAX_STEPS: Final = 5_000_000
"""Steps of threads for one call, a few seconds; only large patterns on large texts need so many."""

MAX_TRANSITIONS: Final = 4096
"""Transitions that are remembered of one pattern."""

Spans = tuple[int, ...]
"""Start and end of the match and of each group, -1 where a group took no part."""


class _Edge(IntEnum):
    """What is on one side of a position, as far as anchors ask."""

    END = 0
    NEWLINE = 1
    WORD = 2
    OTHER = 3


_WORD: Final = CharSet(WORD)


def _edge(char: str) -> _Edge:
    if not char:
        return _Edge.END
    if char == "\n":
        return _Edge.NEWLINE
    return _Edge.WORD if _WORD.has(ord(char)) else _Edge.OTHER


def _holds(anchor: Anchor, before: _Edge, after: _Edge) -> bool:
    match anchor:
        case Anchor.BEGIN_TEXT:
            return before is _Edge.END
        case Anchor.END_TEXT:
            return after is _Edge.END
        case Anchor.BEGIN_LINE:
            return before <= _Edge.NEWLINE
        case Anchor.END_LINE:
            return after <= _Edge.NEWLINE
        case Anchor.WORD:
            return (before is _Edge.WORD) != (after is _Edge.WORD)
        case Anchor.NOT_WORD:
            return (before is _Edge.WORD) == (after is _Edge.WORD)


def _targets(at: int, step: Instruction) -> tuple[int, int]:
    """Where an instruction goes on; the second is the slot of a SAVE."""
    match step.op:
        case Op.SPLIT:
            return at + step.first, at + step.second
        case Op.JUMP:
            return at + step.first, 0
        case Op.SAVE:
            return at + 1, step.first
        case Op.CHAR | Op.ASSERT | Op.MATCH:
            return at + 1, 0


class _State(dict[str, "_State"]):
    """The next state by character, "" at the end of the text; what is missing is made."""

    __slots__ = ("_automaton", "_before", "_starts")

    def __init__(self, automaton: Automaton, starts: frozenset[int], before: _Edge) -> None:
        super().__init__()
        self._automaton = automaton
        self._starts = starts
        self._before = before

    def __missing__(self, char: str) -> _State:
        state = self._automaton.step(self._starts, self._before, char)
        self[char] = state
        return state


class Automaton:
    """Matches one program; remembers a bounded number of states between texts."""

    __slots__ = (
        "_anchored",
        "_code",
        "_found",
        "_groups",
        "_initial",
        "_states",
        "_steps",
        "_used",
    )

    def __init__(self, code: Code, groups: int) -> None:
        # Plain tuples with absolute targets: this is the innermost loop.
        self._code = [
            (int(step.op), *_targets(at, step), step.chars.has, step.anchor)
            for at, step in enumerate(code)
        ]
        self._groups = groups
        self._anchored = any(step[0] == ASSERT for step in self._code)
        self._states: dict[tuple[frozenset[int], _Edge], _State] = {}
        self._found = _State(self, frozenset(), _Edge.END)
        self._initial = _State(self, frozenset((0,)), _Edge.END)
        self._used = 0
        self._steps = 0

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere.

        Raises:
            CelLimitError: pattern and text are both too large.
        """
        self._steps = 0
        state, found = self._initial, self._found
        for char in text:
            state = state[char]
            if state is found:
                return True
        return state[""] is found

    def step(self, starts: frozenset[int], before: _Edge, char: str) -> _State:
        """The state after a character, by following every thread."""
        after = _edge(char)
        reached = self._reached(starts, before, after)
        if reached is None:
            return self._found
        code = self._code
        point = ord(char) if char else -1
        following = {at + 1 for at in reached if code[at][3](point)}
        key = (frozenset((0, *following)), after if self._anchored else _Edge.OTHER)
        self._used += 1
        if self._used > MAX_TRANSITIONS:
            self._forget()
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = _State(self, *key)
        return state

    def _forget(self) -> None:
        self._used = 0
        for state in (*self._states.values(), self._initial):
            state.clear()
        self._states.clear()

    def _reached(self, starts: Iterable[int], before: _Edge, after: _Edge) -> list[int] | None:
        """The CHAR instructions that can be reached, None when a match is."""
        code = self._code
        seen: set[int] = set()
        found: list[int] = []
        pending = list(starts)
        while pending:
            at = pending.pop()
            if at in seen:
                continue
            seen.add(at)
            op, first, second, _, anchor = code[at]
            if op == CHAR:
                found.append(at)
            elif op == SPLIT:
                pending.append(second)
                pending.append(first)
            elif op == MATCH:
                return None
            elif op != ASSERT or _holds(anchor, before, after):
                pending.append(first)
        self._count(len(seen))
        return found

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise CelLimitError("a regular expression takes too long for this text")

    def find(self, text: str, start: int = 0) -> Spans | None:
        """The leftmost match from ``start`` on, of several the one that is preferred.

        Raises:
            CelLimitError: pattern and text are both too large.
        """
        self._steps = 0
        return self.find_next(text, start)

    def find_next(self, text: str, start: int) -> Spans | None:
        """As :meth:`find`, in the steps that the last call left."""
        none = (-1,) * (2 * self._groups + 2)
        self._count(1 + len(none) // 16)
        threads: list[tuple[int, Spans]] = []
        matched: Spans | None = None
        before = _edge(text[start - 1 : start] if start else "")
        for position in range(start, len(text) + 1):
            if matched is None:
                threads.append((0, none))
            char = text[position : position + 1]
            after = _edge(char)
            ready, match = self._follow(threads, position, before, after)
            matched = match or matched
            point = ord(char) if char else -1
            threads = [(at + 1, spans) for at, spans in ready if self._code[at][3](point)]
            if matched is not None and not threads:
                break
            before = after
        return matched

    def _follow(
        self, threads: list[tuple[int, Spans]], position: int, before: _Edge, after: _Edge
    ) -> tuple[list[tuple[int, Spans]], Spans | None]:
        """Threads that wait for a character, best first, and the match that ends the others."""
        code = self._code
        seen: set[int] = set()
        ready: list[tuple[int, Spans]] = []
        pending = threads[::-1]
        while pending:
            at, spans = pending.pop()
            if at in seen:
                continue
            seen.add(at)
            op, first, second, _, anchor = code[at]
            if op == CHAR:
                ready.append((at, spans))
            elif op == SPLIT:
                pending.append((second, spans))
                pending.append((first, spans))
            elif op == SAVE:
                pending.append((first, (*spans[:second], position, *spans[second + 1 :])))
                self._steps += len(spans) // 16
            elif op == MATCH:
                self._count(len(seen))
                return ready, spans
            elif op != ASSERT or _holds(anchor, before, after):
                pending.append((first, spans))
        self._count(len(seen))
        return ready, None
