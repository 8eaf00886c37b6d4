"""Values that are text of a template which nobody rendered: what they will be is not known.

``privileged: "{{ .Values.privileged }}"`` is, to every parser, a text. A rule that reads it and
comes to a verdict decides by the text of the template, and not by what a cluster will get. So:

* a value that is a template and nothing else may become anything: where it decides, nothing does;
* a text with holes in it, ``--model={{ .Values.model }}``, is what stands around the holes, with
  one word in each. The words that the rule itself looks for are tried there; where one of them
  changes the verdict, a hole decides, and nothing does. A hole never becomes a switch of its own.

So ``vllm serve {{ .Values.model }}`` is a server that trusts no model's code, while nobody knows
whether ``r.io/a:{{ .Values.tag }}`` moves. The choice is explained in ADR 0017.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from auditor.cel import CelEvalError, Program, Read, ReadTree
from auditor.late import late
from auditor.policy.compiled import ActiveRule
from auditor.secrets.hints import find

UNRENDERED: Final = "it rests on text of a template that was not rendered"

_HOLE: Final = late(r"\{\{.*?\}\}", re.DOTALL)
_LITERAL: Final = late(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_WORD: Final = late(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*")
_ALWAYS_TRIED: Final = ("", "x", "1", f"sha256:{'0' * 64}")
_MOST_TRIED: Final = 128


def may_hold(raw: bytes) -> bool:
    """Whether there can be text of a template in some JSON: a quick look, which may be wrong."""
    return find(raw, b"{{") >= 0 or find(raw, b"\\u007") >= 0


def has_hole(text: str) -> bool:
    """Whether there is something in a text that was not rendered."""
    return "{{" in text and _HOLE.search(text) is not None


def is_read(rule: ActiveRule, body: object, item: object) -> bool:
    """Whether a rule may read text of a template."""
    return any(
        _reads_hole(program.reads[root], value)
        for program in (rule.when, rule.check)
        if program is not None
        for root, value in (("object", body), ("item", item))
        if root in program.reads
    )


def _reads_hole(tree: ReadTree, value: object) -> bool:
    if isinstance(value, str):
        return has_hole(value)
    if tree.whole:
        return _has_hole(value)
    if isinstance(value, dict):
        named = ((child, value[name]) for name, child in tree.fields.items() if name in value)
        each = ((tree.elements, below) for below in value.values()) if tree.elements else ()
        return any(_reads_hole(child, below) for child, below in (*named, *each))
    if isinstance(value, list) and tree.elements is not None:
        return any(_reads_hole(tree.elements, below) for below in value)
    return isinstance(value, list) and bool(tree.fields) and _has_hole(value)


def _has_hole(value: object) -> bool:
    if isinstance(value, str):
        return has_hole(value)
    if isinstance(value, dict):
        return any(map(_has_hole, value.values()))
    return isinstance(value, list) and any(map(_has_hole, value))


def decides(rule: ActiveRule, body: object, item: object) -> Program | None:
    """The expression of a rule whose result on these values hangs on a template, if one does."""
    programs = [program for program in (rule.when, rule.check) if program is not None]
    doubtful: Program | None = None
    for program in programs:
        traced = program.trace(body, item, rule.params)
        for kind in map(_openness, traced.reads):
            if kind is True:
                return program
            if kind is None:
                doubtful = program
        if program is rule.when and traced.value is False:
            break
    return doubtful if doubtful is not None and _changes(rule, body, item) else None


def _openness(read: Read) -> bool | None:
    """True for a template and nothing else, None for something with holes in it, else False."""
    if read.root == "params" or not _has_hole(read.value):
        return False
    if not isinstance(read.value, str):
        return None
    return True if _WORD.search(_HOLE.sub("", read.value)) is None else None


def _changes(rule: ActiveRule, body: object, item: object) -> bool:
    """Whether there is a word for the holes that changes the verdict."""
    as_it_is = _verdict(rule, body, item)
    for word in _tried(rule):
        fill = _filler(word)
        if _verdict(rule, fill(body), fill(item)) != as_it_is:
            return True
    return False


def _verdict(rule: ActiveRule, body: object, item: object) -> object:
    """What a rule comes to; of anything that is not a verdict, that it is none."""
    try:
        if rule.when is not None and rule.when.run(body, item, rule.params) is not True:
            return "not applicable"
        return rule.check.run(body, item, rule.params)
    except CelEvalError:
        return "undecided"


def _filler(word: str) -> Callable[[object], object]:
    """What puts a word into every hole of a value."""

    def filled(value: object) -> object:
        if isinstance(value, str):
            return _HOLE.sub(lambda _: word, value) if "{{" in value else value
        if isinstance(value, dict):
            return {name: filled(below) for name, below in value.items()}
        if isinstance(value, list):
            return [filled(below) for below in value]
        return value

    return filled


def _tried(rule: ActiveRule) -> tuple[str, ...]:
    """The words that may matter to a rule: those of its expressions and of its parameters."""
    sources = [program.source for program in (rule.when, rule.check) if program is not None]
    literals = [one or two for source in sources for one, two in _LITERAL.findall(source)]
    found = dict.fromkeys(_ALWAYS_TRIED)
    for text in (*literals, *_texts(rule.params)):
        if _WORD.match(text) and " " not in text:
            found[text] = None
        found.update(dict.fromkeys(_WORD.findall(text)))
    return tuple(found)[:_MOST_TRIED]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, Iterable):
        for below in value:
            yield from _texts(below)
