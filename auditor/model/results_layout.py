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

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec
from msgspec import UNSET

from auditor.late import late
from auditor.model.results import Results, ResultsHead
from auditor.model.results_finding import Waiver

START: Final = b"{\n"
"""The first line."""
END: Final = b"}\n"
"""The last line."""
OPEN: Final = b'"findings": [\n'
"""The line before the first finding."""
NONE: Final = b'"findings": [],\n'
"""The line in place of findings."""
_LAST: Final = b"}],\n"
"""How the line of the last finding ends, and of any other last row."""
_NEXT: Final = b"},\n"
"""How the line of a row ends that another follows."""
_ROWS: Final = frozenset({"gaps"})
"""Fields with one line for each of their elements, as findings and controls have."""
_ROWS_BEFORE: Final = "counts"
"""The field that follows findings and controls."""

_MEMBER: Final = late(rb'"([A-Za-z_]+)": ([^\n]+)\n')
_BESIDES: Final = "a line of it is not laid out as this program writes results"
_NOT_WAIVED: Final = b'"waiver":null}\n'
NO_END: Final = "it ends before its findings do"
_NOT_OURS: Final = "a finding does not begin as this program writes them"
_BEGUN: Final = b'{"fingerprint":"'
_FINGERPRINTED: Final = len(_BEGUN) + 64
"""Bytes of a head up to the end of its fingerprint."""
_NOBODY: Final = _BEGUN.ljust(_FINGERPRINTED, b"0")
_HEAD_ENDS: Final = b',"rule":'
_COVERS: Final = b',"covers":'
_CAUSES: Final = b',"causes":['
_DIGEST: Final = rb'"sha256:[0-9a-f]{64}"'
_QUOTED: Final = late(_DIGEST)
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


def heads_in(lines: Sequence[bytes]) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """The heads of many findings in two parts: what each has as evidence, and what stands behind.

    Of a head all but its fingerprint stands in many findings: its evidence in all those of a file,
    the rest in all those of one fault. Whether a part is one, :func:`check_heads` says.

    Raises:
        ValueError: one does not begin with a head as this module writes them.
    """
    try:
        ends = [line.index(_HEAD_ENDS, _FINGERPRINTED) for line in lines]
    except ValueError as error:
        raise ValueError(_NOT_OURS) from error
    digits = b"".join([line[len(_BEGUN) : _FINGERPRINTED] for line in lines])
    begun = {line[: len(_BEGUN)] for line in lines}
    if not begun <= {_BEGUN} or digits.translate(None, b"0123456789abcdef"):
        raise ValueError(_NOT_OURS)
    parts = [
        line[_FINGERPRINTED:end].partition(b"]") for line, end in zip(lines, ends, strict=True)
    ]
    return frozenset(part[0] for part in parts), frozenset(part[2] for part in parts)


def check_heads(evidence: Iterable[bytes], rest: Iterable[bytes]) -> None:
    """See that parts of heads are what this module writes.

    Raises:
        ValueError: one is not.
    """
    for each in evidence:
        evidence_of(b"%b%b%b%b" % (_NOBODY, each, b'],"covers":1', _HEAD_ENDS))
    for each in rest:
        evidence_of(b"%b%b%b%b" % (_NOBODY, b'","evidence":[]', each, _HEAD_ENDS))


def digests_in(evidence: Iterable[bytes]) -> set[bytes]:
    """The digests of evidence in parts of heads, each in its quotes."""
    return {digest for each in evidence for digest in _QUOTED.findall(each)}


def document(results: Results, findings: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the file in pieces; ``findings`` are blocks of findings, each with its line's end."""
    separator = START
    for name in ResultsHead.__struct_fields__:
        if name == _ROWS_BEFORE:
            yield separator + OPEN[:-1]
            yield from _lines(findings)
            yield b'],\n"controls": '
            yield from _rows(results.controls)
            separator = b",\n"
        value = getattr(results, name)
        if value is UNSET:
            continue
        yield b"%b%b: " % (separator, _encode(name))
        yield from _rows(value) if name in _ROWS else (_encode(value),)
        separator = b",\n"
    yield b"\n" + END


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


def member(line: bytes) -> tuple[str, bytes | None, bool]:
    """Read the name of a member, its value, and whether more of them follow.

    The value is None where its rows follow.

    Raises:
        ValueError: it is no line with a member.
    """
    found = _MEMBER.fullmatch(line)
    if found is None:
        raise ValueError(_BESIDES)
    name, value = found[1].decode(), found[2]
    if value == b"[":
        return name, None, True
    return name, value.removesuffix(b","), value.endswith(b",")


def rows(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the rows of a member: what stands on the lines up to the end of the last.

    Raises:
        ValueError: there is no last one.
    """
    for line in lines:
        if line.endswith(_LAST):
            yield line.removesuffix(_LAST) + b"}"
            return
        if not line.endswith(_NEXT):
            break
        yield line.removesuffix(_NEXT) + b"}"
    raise ValueError(_BESIDES)


def ended(block: bytes) -> tuple[list[bytes], bytes | None]:
    """Part whole lines of findings from what follows the last; None where more findings do.

    Raises:
        ValueError: a line does not end as that of a finding.
    """
    lines = block.split(b"\n")
    last = lines.pop()
    if not last and {line[-2:] for line in lines} == {_NEXT[:-1]}:
        return lines, None
    for number, line in enumerate(lines, 1):
        if line.endswith(_LAST[:-1]):
            return lines[:number], b"\n".join((*lines[number:], last))
        if not line.endswith(_NEXT[:-1]):
            break
    raise ValueError(NO_END)


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
