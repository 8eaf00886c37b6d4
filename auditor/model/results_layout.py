"""How ``results.json`` is laid out in lines, so that a run of a million findings stays a stream.

Findings are encoded once, where they are made, and never decoded on the way into the file. Whoever
joins, counts or marks them changes bytes, and whoever reads a file finds them without a parser for
the whole. Both rest on the layout that this module alone knows::

    {
    "schema": "results/v1",
    ...
    "gaps": [
    {"target":"prod","scope":"k8s/Secret",...}],
    "findings": [
    {"fingerprint":"9f86...","evidence":["sha256:2c26..."],"covers":3,"causes":["1a2b..."],"new":true,"rule":...},
    {"fingerprint":"60303...","evidence":["sha256:fcde..."],"covers":1,"rule":...}],
    "controls": [
    ...
    }

One finding is one line: JSON text has no raw line feed in it. A finding begins with its *head*: the
fields whose values are digests, numbers, ``true`` and ids of rules. They come in one order, and no
text that somebody else wrote (a name, a message, an observed value, the reason of a waiver) stands
in the head or before it, so a pattern that is anchored at the start of the line can't be led astray
by whatever follows. The field after the head is ``rule``.

The head of a finding that two lines were joined into, which only pods have, and which is new::

    {"fingerprint":"...","evidence":["..."],"covers":2,"causes":["..."],"differs":true,"new":true,"rule":...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

import msgspec
from msgspec import UNSET

from auditor.late import late
from auditor.model.results import Results
from auditor.model.results_finding import Waiver

OPEN: Final = b'"findings": [\n'
"""The line before the first finding."""
NONE: Final = b'"findings": [],\n'
"""The line in place of findings."""
CLOSE: Final = b"],\n"
"""What with :data:`OPEN` stands for findings that were left out."""
_LAST: Final = b"}],\n"
"""How the line of the last finding ends."""
_ROWS: Final = frozenset({"gaps", "controls"})
"""Fields with one line for each of their elements, for tools that read lines."""
_FINDINGS_BEFORE: Final = "controls"

_NOT_WAIVED: Final = b'"waiver":null}\n'
NO_END: Final = "it ends before its findings do"
_NOT_OURS: Final = "a finding does not begin as this program writes them"
_HEAD_ENDS: Final = b',"rule":'
_COVERS: Final = b',"covers":'
_CAUSES: Final = b',"causes":['
_DIGEST: Final = rb'"sha256:[0-9a-f]{64}"'
_WHOLE_HEAD: Final = late(
    rb'\{"fingerprint":"[0-9a-f]{64}"'
    rb',"evidence":\[((?:' + _DIGEST + rb"(?:," + _DIGEST + rb")*)?)\]"
    rb',"covers":[1-9][0-9]{0,18}'
    rb'(?:,"causes":\["[0-9a-f]{16}"(?:,"[0-9a-f]{16}")*\])?'
    rb'(?:,"differs":true)?(?:,"covered_by":"[a-z0-9]+(?:-[a-z0-9]+)*")?(?:,"new":true)?'
    rb'(?=,"rule":)'
)

_encode = msgspec.json.encode


class Mark(Enum):
    """What is said of a finding after it was made; see :class:`auditor.model.results.Finding`."""

    DIFFERS = b',"differs":true'
    NEW = b',"new":true'


def head(fingerprint: str, evidence: tuple[str, ...], covers: int, causes: tuple[str, ...]) -> str:
    """Begin a finding; ``evidence`` are sha256 in hexadecimal digits, ``rule`` has to follow."""
    listed = ',"causes":["' + '","'.join(causes) + '"]' if causes else ""
    digests = ",".join([f'"sha256:{digest}"' for digest in evidence])
    begin = f'{{"fingerprint":"{fingerprint}","evidence":[{digests}]'
    return f'{begin},"covers":{covers}{listed}'


def _split(finding: bytes) -> tuple[bytes, bytes]:
    """Take a finding apart: its head, and all that follows."""
    end = finding.index(_HEAD_ENDS)
    return finding[:end], finding[end:]


def marked(finding: bytes, mark: Mark) -> bytes:
    """Put a mark on a finding; marks are put on in the order of their enum, each once."""
    start, rest = _split(finding)
    return b"%b%b%b" % (start, mark.value, rest)


def covered(finding: bytes, rule: str) -> bytes:
    """Say of a finding which rule covers it, before marks that come after."""
    start, rest = _split(finding)
    return b'%b,"covered_by":"%b"%b' % (start, rule.encode("ascii"), rest)


def waived(finding: bytes, waiver: Waiver) -> bytes:
    """Put a waiver on a finding that has none; it is the last field."""
    if not finding.endswith(_NOT_WAIVED):
        raise ValueError("a finding does not end as this program writes them")
    return b'%b"waiver":%b}\n' % (finding.removesuffix(_NOT_WAIVED), _encode(waiver))


def rule_of(finding: bytes) -> str:
    """Read the id of a finding's rule."""
    start = finding.index(_HEAD_ENDS) + len(_HEAD_ENDS) + 1
    return finding[start : finding.index(b'"', start)].decode()


def recounted(finding: bytes, covers: int) -> bytes:
    """Let a finding cover so many resources."""
    start, rest = _split(finding)
    before, _, after = start.partition(_COVERS)
    _, comma, more = after.partition(b",")
    return b"%b%b%d%b%b%b" % (before, _COVERS, covers, comma, more, rest)


def causes_of(finding: bytes) -> tuple[str, ...]:
    """Read the causes in a finding's head."""
    _, _, after = _split(finding)[0].partition(_CAUSES)
    listed = after.partition(b"]")[0].decode()
    return tuple(name.strip('"') for name in listed.split(",")) if listed else ()


def with_causes(finding: bytes, causes: tuple[str, ...]) -> bytes:
    """Give a finding other causes, at least one."""
    start, rest = _split(finding)
    before, _, after = start.partition(_COVERS)
    number, comma, more = after.partition(b",")
    if more.startswith(_CAUSES[1:]):
        _, comma, more = more.partition(b"]")
        comma = b""
    listed = '","'.join(causes).encode()
    begin = b'%b%b%b%b"%b"]' % (before, _COVERS, number, _CAUSES, listed)
    return b"%b%b%b%b" % (begin, comma, more, rest)


def evidence_of(finding: bytes) -> bytes:
    """Read the digests of evidence in a finding's head, in quotes, with commas between them.

    Raises:
        ValueError: it does not begin with a head as this module writes them.
    """
    found = _WHOLE_HEAD.match(finding)
    if found is None:
        raise ValueError(_NOT_OURS)
    return found[1]


def evidence_in(findings: bytes) -> tuple[set[bytes], int]:
    """Read what :func:`evidence_of` does of many findings, each a line; and how many there are.

    Raises:
        ValueError: one does not begin with a head as this module writes them.
    """
    found: set[bytes] = set()
    number = start = 0
    match, end = _WHOLE_HEAD.match, len(findings)
    while start < end:
        begun = match(findings, start)
        if begun is None:
            raise ValueError(_NOT_OURS)
        found.add(begun[1])
        number += 1
        start = findings.find(b"\n", begun.end()) + 1 or end
    return found, number


def document(results: Results, findings: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the file in pieces; ``findings`` are blocks of findings, each with its line's end."""
    separator = b"{\n"
    for name in Results.__struct_fields__:
        value = getattr(results, name)
        if value is UNSET:
            continue
        if name == _FINDINGS_BEFORE:
            yield separator + OPEN[:-1]
            yield from _lines(findings)
            yield b"]"
            separator = b",\n"
        yield b"%b%b: " % (separator, _encode(name))
        yield from _rows(value) if name in _ROWS else (_encode(value),)
        separator = b",\n"
    yield b"\n}\n"


def _rows(rows: Iterable[object]) -> Iterator[bytes]:
    separator = b"[\n"
    for row in rows:
        yield separator + _encode(row)
        separator = b",\n"
    yield b"]" if separator == b",\n" else b"[]"


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Rows that are encoded already, many at a time: only what stands between them is added."""
    separator = b"\n"
    for block in blocks:
        yield separator + block[:-1].replace(b"\n", b",\n")
        separator = b",\n"


def without_findings(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file without those of its findings, still as one JSON document."""
    for line in lines:
        yield line
        if line == OPEN:
            for finding in lines:
                if finding.endswith(_LAST):
                    break
            yield CLOSE


def ended(block: bytes) -> tuple[bytes, bytes | None]:
    """Part whole lines of findings from what follows the last; None where more findings do."""
    end = block.find(_LAST)
    return (block, None) if end < 0 else (block[: end + 1], block[end + len(_LAST) :])


def findings_in(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield each finding of a file, given by its lines.

    Raises:
        ValueError: the file ends before its findings do.
    """
    for line in lines:
        if line == NONE:
            return
        if line == OPEN:
            break
    for line in lines:
        if line.endswith(_LAST):
            yield line.removesuffix(_LAST) + b"}"
            return
        yield line.removesuffix(b",\n")
    raise ValueError(NO_END)
