"""Specs of pods as they are kept, from memory where another pod of one origin has the same."""

from __future__ import annotations

import re
import secrets
from typing import Final

import msgspec

from auditor.model.evidence import Redaction
from auditor.redact import clean
from auditor.redaction import MARK, Commit, redactions
from auditor.secret_hints import may_hold_secret

_NODE: Final = b'"nodeName":"'
_ACCESS: Final = b"kube-api-access-"
_TOKEN: Final = 5
"""Characters that ServiceAccount admission ends the name of a volume with."""
_NO_TOKEN: Final = b"\0" * _TOKEN
_NAME: Final = re.compile(rb"[a-z0-9.-]+")
_MOST: Final = 512


class Cleaner:
    """Leaves secrets out; ``commit`` is how to commit to them, None when nobody asks."""

    def __init__(self, commit: Commit | None) -> None:
        self._commit = commit

    def always(self, raw: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """JSON without secrets and without its nulls, and what was left out."""
        found = clean(raw)
        if self._commit is None or MARK not in found:
            return found, ()
        before, after = msgspec.json.decode(raw), msgspec.json.decode(found)
        return found, tuple(redactions(after, before, self._commit))

    def cleaned(self, raw: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """JSON without secrets: as it is when there are none."""
        return self.always(raw) if may_hold_secret(raw) else (raw, ())


class _Spec(msgspec.Struct, frozen=True, gc=False):
    """A spec as it is kept, cut where the names stand, and what was left out of it.

    ``nodes`` and ``tokens`` are the numbers of the parts that are a name.
    """

    parts: list[bytes]
    nodes: tuple[int, ...]
    tokens: tuple[int, ...]
    left_out: tuple[Redaction, ...]

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
        self._node, self._token = self._mark + b"n", self._mark + b"t"
        self._cut = re.compile(b"(%b[nt])" % self._mark)
        self._met = False
        self._specs: dict[bytes, _Spec] = {}
        self._nodes: dict[bytes, bool] = {}

    def kept(self, spec: bytes) -> tuple[list[bytes], tuple[Redaction, ...]]:
        """A spec as it is kept, in parts, and what was left out of it."""
        common, node, token = self._without_names(spec)
        found = self._specs.get(common)
        if found is None:
            found = self._looked_through(common)
            if found is None:  # a commitment is to the secret itself, with its own names
                body, left_out = self._own.cleaned(spec)
                return [body], left_out
            if len(self._specs) >= _MOST:
                self._specs.clear()  # pods of one origin stand together in a list
            self._specs[common] = found
        return found.named(node, token), found.left_out

    def _without_names(self, spec: bytes) -> tuple[bytes, bytes, bytes]:
        """A spec without its names; no JSON has a NUL in it."""
        token = node = b""
        start = spec.find(_ACCESS)
        if start >= 0:
            start += len(_ACCESS)
            token = spec[start : start + _TOKEN]
            if len(token) == _TOKEN and token.isalnum():
                spec = spec.replace(_ACCESS + token, _ACCESS + _NO_TOKEN)
            else:
                token = b""
        start = spec.find(_NODE)
        if start >= 0:
            start += len(_NODE)
            end = spec.find(b'"', start)
            node = spec[start:end]
            if self._may_name(node):
                spec = b"%b\0%b" % (spec[:start], spec[end:])
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
        marked = common.replace(_ACCESS + _NO_TOKEN, _ACCESS + self._token)
        marked = marked.replace(_NODE + b"\0", _NODE + self._node)
        self._met = False
        body, left_out = self._marked.cleaned(marked)
        if self._met:
            return None
        parts = self._cut.split(body)
        nodes = tuple(at for at, part in enumerate(parts) if part == self._node)
        tokens = tuple(at for at, part in enumerate(parts) if part == self._token)
        return _Spec(parts, nodes, tokens, left_out)

    def _committed(self, value: str) -> str:
        if self._mark.decode() in value:
            self._met = True
        return self._commit(value) if self._commit is not None else ""
