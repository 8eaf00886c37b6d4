"""Programs of a nondeterministic automaton, compiled from the tree of a regular expression.

Targets are relative, so that the code of a part can be repeated as it is.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import IntEnum
from typing import Final, NamedTuple

from auditor.cel.regex_classes import Ranges
from auditor.cel.regex_escapes import RegexError
from auditor.cel.regex_syntax import (
    Alternate,
    Anchor,
    Chars,
    Concat,
    Group,
    Parsed,
    Regex,
    Repeat,
    fold_tree,
)

MAX_PROGRAM: Final = 100_000


class Op(IntEnum):
    """What an instruction does; SPLIT prefers its first target."""

    CHAR = 0
    SPLIT = 1
    JUMP = 2
    SAVE = 3
    ASSERT = 4
    MATCH = 5


class CharSet:
    """A class that tells whether it has a character."""

    __slots__ = ("_highs", "_lows")

    def __init__(self, ranges: Ranges) -> None:
        self._lows = [low for low, _ in ranges]
        self._highs = [high for _, high in ranges]

    def has(self, code: int) -> bool:
        """Whether a code point is in the class."""
        index = bisect_right(self._lows, code) - 1
        return index >= 0 and code <= self._highs[index]


class Instruction(NamedTuple):
    """``first`` and ``second`` are relative targets, or the slot of SAVE."""

    op: Op
    first: int = 0
    second: int = 0
    chars: CharSet = CharSet(())
    anchor: Anchor = Anchor.BEGIN_TEXT


Code = tuple[Instruction, ...]


class _Part(NamedTuple):
    code: Code
    empty: bool


def compile_program(parsed: Parsed) -> Code:
    """The program of a pattern; slots 0 and 1 are the whole match, 2 and 3 the first group.

    Raises:
        RegexError: it would have more than MAX_PROGRAM instructions.
    """
    body = fold_tree(parsed.tree, _combine).code
    save = Instruction(Op.SAVE, 0), Instruction(Op.SAVE, 1)
    return (save[0], *body, save[1], Instruction(Op.MATCH))


def _combine(node: Regex, below: list[_Part]) -> _Part:
    _check(sum(len(part.code) + 2 for part in below))
    match node:
        case Anchor():
            return _Part((Instruction(Op.ASSERT, anchor=node),), empty=True)
        case Chars(ranges):
            return _Part((Instruction(Op.CHAR, chars=CharSet(ranges)),), empty=False)
        case Group(_, index):
            first, last = Instruction(Op.SAVE, 2 * index), Instruction(Op.SAVE, 2 * index + 1)
            return _Part((first, *below[0].code, last), below[0].empty)
        case Concat():
            code = tuple(step for part in below for step in part.code)
            return _Part(code, all(part.empty for part in below))
        case Alternate():
            return _Part(_alternate(below), any(part.empty for part in below))
        case Repeat():
            part = below[0]
            _check((len(part.code) + 2) * max(node.low, node.high or 1))
            return _Part(_repeat(node, part), node.low == 0 or part.empty)


def _check(size: int) -> None:
    if size > MAX_PROGRAM:
        raise RegexError("the pattern is too large")


def _alternate(below: list[_Part]) -> Code:
    total = sum(len(part.code) + 2 for part in below) - 2
    code: list[Instruction] = []
    for part in below[:-1]:
        code.append(Instruction(Op.SPLIT, 1, len(part.code) + 2))
        code += part.code
        code.append(Instruction(Op.JUMP, total - len(code)))
    code += below[-1].code
    return tuple(code)


def _repeat(node: Repeat, part: _Part) -> Code:
    body = part.code
    size = len(body)
    if node.high is None:
        if node.low == 0 and not part.empty:
            return (_split(node, 1, size + 2), *body, Instruction(Op.JUMP, -size - 1))
        plus = body * max(node.low, 1) + (_split(node, -size, 1),)
        # What can be empty is tried once before going on without it.
        return plus if node.low else (_split(node, 1, len(plus) + 1), *plus)
    code = list(body * node.low)
    end = node.low * size + (node.high - node.low) * (size + 1)
    for _ in range(node.high - node.low):
        code.append(_split(node, 1, end - len(code)))
        code += body
    return tuple(code)


def _split(node: Repeat, again: int, out: int) -> Instruction:
    """Going round again or out, in the order of preference."""
    return Instruction(Op.SPLIT, again, out) if node.greedy else Instruction(Op.SPLIT, out, again)
