"""Comparing the two readers of YAML, and texts to compare them on."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.secrets.redact import redact
from collectors.documents.blocks import Block, Memory
from collectors.documents.flow import NotSimple
from collectors.documents.guards import Unreadable, check_depth, decode
from collectors.documents.yaml_documents import chunks
from collectors.documents.yaml_reader import Builder, NodeDocument, documents

ROOT = Path(__file__).resolve().parents[4]
ESTATE = ROOT / "examples" / "estate"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the fast reader and the exact one do not agree."""

    text: str
    what: str


def fast(text: str) -> Block | None:
    try:
        return Block(text, Memory())
    except NotSimple:
        return None


def exact(text: str) -> list[NodeDocument] | None:
    try:
        check_depth(text)
        return list(documents(text, Builder(len(text))))
    except Unreadable:
        return None


def compare(text: str) -> tuple[bool, Difference | None]:
    """Whether the fast reader took a text, and how it was wrong."""
    block = fast(text)
    if block is None:
        return False, None
    found = exact(text)
    if found is None:
        return True, Difference(text, f"not refused: {block.value!r}")
    if not found:
        return True, None if block.value is None else Difference(text, f"{block.value!r}")
    if len(found) > 1:
        return True, Difference(text, "more than one document")
    value = redact(block.value) if block.holds_secret else block.value
    if tagged(value) != tagged(redact(found[0].value)):
        return True, Difference(text, f"{value!r} is not {redact(found[0].value)!r}")
    if found[0].duplicates:
        return True, Difference(text, "a key twice")
    for pointer in reversed([*pointers(found[0].value)]):  # the deepest first: none is known before
        for asked in (f"{pointer}/absent/0", pointer):
            mine, theirs = block.line_of(asked), found[0].line_of(asked)
            if mine != theirs:
                return True, Difference(text, f"{asked} at line {mine}, not {theirs}")
    lines = block.all_lines()
    if lines not in (None, [block.line_of(pointer) for pointer in pointers(block.value)]):
        return True, Difference(text, f"the lines of all nodes are not {lines}")
    return True, None


def tagged(value: Any) -> Any:
    """A value that is equal only to one of the same types: ``1``, ``1.0`` and ``true`` differ."""
    if isinstance(value, dict):
        return {key: tagged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tagged(item) for item in value]
    return type(value).__name__, repr(value)


def pointers(value: Any, base: str = "") -> Iterator[str]:
    """The pointer of everything in a value."""
    yield base
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from pointers(item, f"{base}/{str(key).replace('~', '~0').replace('/', '~1')}")


def estate_documents() -> list[str]:
    """Every document of the example estate."""
    found = []
    for path in sorted(ESTATE.rglob("*.yaml")):
        found += [chunk for chunk, _ in chunks(decode(path.read_bytes()))]
    return found


_ODD = json.loads(Path(__file__).with_name("odd.json").read_text())
SCALARS: list[str] = _ODD["scalars"]
LONG = {
    "5,000 digits": "9" * 5_000,
    "a sign": "-" + "1" * 4_400,
    "a plus": "+" + "7" * 4_301,
    "zeros in front": "0" * 4_400 + "7",
    "underscores": "1_" * 4_400 + "1",
    "26 digits": "1" + "0" * 25,
    "310 digits": "1" * 310,
    "hexadecimal": "0x" + "f" * 4_400,
    "a fraction": "1." + "3" * 4_400,
}
"""Numbers of more digits than Python reads; too long for the random documents."""
KEYS: list[str] = _ODD["keys"]


def odd_document(random_: random.Random, depth: int = 0, indent: int = 0) -> list[str]:
    """Lines of a document that is mostly right, with odd scalars, keys and indentations."""
    lines: list[str] = []
    listed = random_.random() < 0.35
    for _ in range(random_.randint(1, 4)):
        margin = " " * (
            indent if random_.random() < 0.97 else max(0, indent + random_.randint(-2, 2))
        )
        if random_.random() < 0.06:
            lines.append(random_.choice(("", "   ", "# c", margin + "# c", "\t", margin + "x")))
        head = "-" if listed else random_.choice(KEYS if random_.random() < 0.3 else "abcdef") + ":"
        draw = random_.random()
        if depth < 4 and draw < 0.4:
            step = random_.choice((1, 2, 2, 2, 3, 0))
            below = odd_document(random_, depth + 1, indent + step)
            if listed and random_.random() < 0.7:
                pad = max(step, 2)
                below = odd_document(random_, depth + 1, indent + pad)
                lines.append(margin + "-" + " " * (pad - 1) + below[0].strip())
                lines += below[1:]
            else:
                lines += [margin + head, *below]
        elif draw < 0.5:
            lines += block_scalar(random_, margin + head, indent)
        else:
            lines.append(f"{margin}{head} {random_.choice(SCALARS)}".rstrip(" "))
    return lines


def block_scalar(random_: random.Random, head: str, indent: int) -> list[str]:
    """A block of text, sometimes badly indented or with blank lines at odd places."""
    lines = [f"{head} {random_.choice(('|', '|-', '|+', '>', '>-', '>+', '|2'))}"]
    margin = " " * (indent + random_.choice((1, 2, 2, 2, 4, 0)))
    texts = ("x", "y: z", "- a", "# no", " more", "", "", "   ", "a\tb", "\tq", "tail ", "---", "é")
    lines += [
        margin + text if text.strip() or random_.random() < 0.5 else text
        for text in random_.choices(texts, k=random_.randint(0, 4))
    ]
    return lines


def mutated(random_: random.Random, text: str) -> str:
    """A real document with a few characters or lines changed."""
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(len(text))
        match random_.randrange(5):
            case 0:
                text = text[:at] + random_.choice(" \n-:#'\"{}[],&*!|>%@`\t\\?~=<") + text[at:]
            case 1:
                text = text[:at] + text[at + random_.randint(1, 3) :]
            case 2:
                lines = text.split("\n")
                number = random_.randrange(len(lines))
                lines[number] = " " * random_.randint(0, 3) + lines[number]
                text = "\n".join(lines)
            case 3:
                lines = text.split("\n")
                lines.insert(random_.randrange(len(lines)), random_.choice(lines))
                text = "\n".join(lines)
            case _:
                text = text[:at] + random_.choice(SCALARS) + text[at:]
    return text
