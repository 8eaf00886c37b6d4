"""Specs of pods as they are kept, from memory where another pod of one origin has the same."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.evidence import Redaction
from auditor.secrets.bodies import Cleaner
from auditor.secrets.hints import find, may_hold_secret
from auditor.secrets.redactions import Commit

_NODE: Final = b'"nodeName":"'
_ACCESS: Final = b"kube-api-access-"
_TOKEN: Final = 5
"""Characters that ServiceAccount admission ends the name of a volume with."""
_OF_NODE, _OF_TOKEN = b"n", b"t"
_NAME: Final = late(rb"[a-z0-9.-]+")
_MOST: Final = 512

Kept = tuple[Sequence[bytes], tuple[Redaction, ...]]
"""JSON as it is kept, in pieces, and what was left out of it."""


class _Spec(msgspec.Struct, frozen=True, gc=False):
    """A spec as it is kept, cut where the names stand, and what was left out of it.

    ``nodes`` and ``tokens`` are the numbers of the parts that are a name. ``places`` is where the
    first of each is, and the length of what is not a node; None when they stand otherwise.
    """

    parts: list[bytes]
    nodes: tuple[int, ...]
    tokens: tuple[int, ...]
    left_out: tuple[Redaction, ...]
    places: tuple[int, int, int] | None = None

    def names_of(self, spec: bytes) -> tuple[bytes, bytes] | None:
        """The node and the token with which this is that spec, kept as it came."""
        if self.places is None:
            return None
        at_node, at_token, others = self.places
        node = spec[at_node : at_node + len(spec) - others]
        token = spec[at_token : at_token + _TOKEN]
        return (node, token) if b"".join(self.named(node, token)) == spec else None

    def named(self, node: bytes, token: bytes) -> list[bytes]:
        """The parts of the spec of one pod."""
        parts = self.parts.copy()
        for number in self.nodes:
            parts[number] = node
        for number in self.tokens:
            parts[number] = token
        return parts


class Specs:
    """The specs of many pods, as they are kept.

    Pods of one origin share their ``spec`` but for two names: that of the node and that of the
    volume with the token. It is looked through once, with marks in place of the names, and
    remembered as it is kept; the names are looked at each time.
    """

    def __init__(self, commit: Commit | None) -> None:
        self._commit = commit
        self._own = Cleaner(commit)
        self._marked = Cleaner(self._committed if commit is not None else None)
        # stand-ins for the two names: nothing else begins so
        self._mark = secrets.token_hex(12).encode()
        self._met = False
        self._specs: dict[bytes, _Spec] = {}
        self._nodes: dict[bytes, bool] = {}
        self._last: _Spec | None = None

    def kept(self, spec: bytes) -> Kept:
        """A spec as it is kept, and what was left out of it.

        Raises:
            msgspec.DecodeError, RecursionError: nobody can read it.
        """
        names = self._last.names_of(spec) if self._last is not None else None
        if names is not None and names[1].isalnum() and self._may_name(names[0]):
            return (spec,), ()
        common, node, token = self._without_names(spec)
        found = self._specs.get(common)
        if found is None:
            found = self._looked_through(common)
            if found is None:  # a commitment is to the secret itself, with its own names
                body, left_out = self._own.cleaned(spec)
                return (body,), left_out
            if len(self._specs) >= _MOST:
                self._specs.clear()  # pods of one origin stand together in a list
            self._specs[common] = found
        self._last = found
        return found.named(node, token), found.left_out

    def _without_names(self, spec: bytes) -> tuple[bytes, bytes, bytes]:
        """A spec with a NUL in place of each name, and the two; no JSON has a NUL in it."""
        token = node = b""
        at = find(spec, _ACCESS) + len(_ACCESS)
        if at >= len(_ACCESS):
            token = spec[at : at + _TOKEN]
            if len(token) == _TOKEN and token.isalnum():
                spec = spec.replace(_ACCESS + token, _ACCESS + b"\0")
            else:
                token = b""
        start = find(spec, _NODE) + len(_NODE)
        if start >= len(_NODE):
            end = spec.find(b'"', start)
            node = spec[start:end]
            if self._may_name(node):
                spec = b"\0".join((spec[:start], spec[end:]))
            else:
                node = b""
        return spec, node, token

    def _may_name(self, node: bytes) -> bool:
        """Whether the name of a node is none that looks like a secret: there are few nodes."""
        known = self._nodes.get(node)
        if known is None:
            known = _NAME.fullmatch(node) is not None and not may_hold_secret(node)
            if len(self._nodes) < _MOST:
                self._nodes[node] = known
        return known

    def _looked_through(self, common: bytes) -> _Spec | None:
        """A spec as it is kept with any names; None where a name stands in a secret."""
        marked = common.replace(_ACCESS + b"\0", _ACCESS + self._mark + _OF_TOKEN)
        marked = marked.replace(_NODE + b"\0", _NODE + self._mark + _OF_NODE)
        self._met = False
        body, left_out = self._marked.cleaned(marked)
        if self._met:
            return None
        first, *rest = body.split(self._mark)
        parts = [first]
        names: dict[bytes, list[int]] = {_OF_NODE: [], _OF_TOKEN: []}
        for number, part in enumerate(rest):
            names[part[:1]].append(2 * number + 1)
            parts += (b"", part[1:])
        nodes, tokens = names[_OF_NODE], names[_OF_TOKEN]
        places = _places(parts, nodes, tokens)
        return _Spec(parts, tuple(nodes), tuple(tokens), left_out, places)

    def _committed(self, value: str) -> str:
        if self._mark.decode() in value:
            self._met = True
        return self._commit(value) if self._commit is not None else ""


def _places(parts: list[bytes], nodes: list[int], tokens: list[int]) -> tuple[int, int, int] | None:
    """Where the names of a spec are: one node, behind all tokens, as Go writes the fields."""
    if len(nodes) != 1 or not tokens or tokens[-1] > nodes[0]:
        return None
    before = sum(map(len, parts[: nodes[0]])) + _TOKEN * len(tokens)
    return before, sum(map(len, parts[: tokens[0]])), before + sum(map(len, parts[nodes[0] :]))
