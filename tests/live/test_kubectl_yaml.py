"""What kubectl makes of YAML, against what we make of it: thousands of odd scalars and texts."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from auditor.secrets.redact import redact
from collectors.documents.blocks import Memory
from collectors.documents.guards import Unreadable, decode
from collectors.documents.yaml_documents import Documents, chunks
from tests.engines.kubectl import Decoded, Kubectl, decode_each
from tests.sweeps import sweep
from tests.unit.collectors.documents.yaml_cases import (
    KEYS,
    LONG,
    SCALARS,
    exact,
    odd_document,
    tagged,
)

pytestmark = pytest.mark.engine

NOT_COMPARED = re.compile(r":[]},]|[?]|![^ ]*[][{},]")
"""Flow collections and tags that libyaml and Go's port of it cut differently: see below."""

HEAD = "apiVersion: example.org/v1\nkind: Odd\nmetadata: {name: odd}\n"


def ours(text: str) -> Decoded:
    """Read one manifest as the product does."""
    return ours_of(text.encode())


def ours_of(data: bytes) -> Decoded:
    try:
        found = [
            document.value
            for chunk, offset in chunks(decode(data))
            for document in Documents(chunk, Memory()).read(chunk, offset)
        ]
    except Unreadable as error:
        return Decoded(None, error.detail)
    return Decoded(found[0] if found else None)


def theirs_as_ours(value: object) -> object:
    """kubectl's JSON as the API server takes it: nulls are absent, long numbers are floats."""
    if isinstance(value, dict):
        return {key: theirs_as_ours(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [theirs_as_ours(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    return value


def differences(kubectl: Kubectl, texts: list[str]) -> Iterator[tuple[str, object, object]]:
    """What the two do not agree on, as (text, kubectl's, ours)."""
    answers = decode_each(kubectl, [text.removesuffix("\n").encode() for text in texts])
    for text, theirs in zip(texts, answers, strict=True):
        mine = ours(text)
        if theirs.error or mine.error:
            if bool(theirs.error) != bool(mine.error):
                yield text, theirs, mine
        elif tagged(redact(theirs_as_ours(theirs.value))) != tagged(mine.value):
            yield text, theirs.value, mine.value


def odd_scalar(random_: random.Random) -> str:
    """A scalar of one word that some reader may take for something else."""
    match random_.randrange(6):
        case 0:
            return random_.choice(SCALARS)
        case 1:
            return "".join(random_.choices("0123456789_.+-eExXobB:", k=random_.randint(1, 7)))
        case 2:
            return "".join(random_.choices("01234567", k=random_.randint(1, 24)))
        case 3:
            digits = "".join(random_.choices("0123456789", k=random_.randint(1, 22)))
            return (
                f"{random_.choice(('', '-', '+'))}{digits}{random_.choice(('', '.0', '.5', 'e3'))}"
            )
        case 4:
            word = random_.choice(("yes", "no", "on", "off", "true", "false", "null", "y", ".inf"))
            return random_.choice((word, word.upper(), word.title(), word + "a", word[:-1]))
        case _:
            return "".join(
                random_.choices("ab 01:-#,.'\"[]{}&*!|>%@~=/\\", k=random_.randint(1, 6))
            )


def agreed(kubectl: Kubectl, texts: list[str], refused: int) -> list[tuple[str, object, object]]:
    """Differences on all texts that we read, and on some that we refuse: an error is slow."""
    texts = [text for text in texts if NOT_COMPARED.search(text, len(HEAD)) is None]
    read = [text for text in texts if not ours(text).error]
    not_read = [text for text in texts if ours(text).error]
    return list(differences(kubectl, read + not_read[:refused]))


@sweep(some=1_200, whole=12_000)
def test_odd_scalars_mean_what_kubectl_says(kubectl: Kubectl, size: int) -> None:
    random_ = random.Random(11)
    scalars = {*SCALARS, *LONG.values(), *(odd_scalar(random_) for _ in range(size))}
    texts = [f"{HEAD}odd: {scalar}\n" for scalar in sorted(scalars)]
    texts += [f"{HEAD}list:\n- {scalar}\n- 1\n" for scalar in sorted(scalars)]
    assert len(texts) > size // 2
    assert agreed(kubectl, texts, refused=max(12, size // 300)) == []


@sweep(some=200, whole=600)
def test_odd_keys_mean_what_kubectl_says(kubectl: Kubectl, size: int) -> None:
    random_ = random.Random(12)
    keys = sorted({*KEYS, *(odd_scalar(random_) for _ in range(size))})
    texts = [f"{HEAD}odd:\n  {key}: 1\n" for key in keys]
    assert agreed(kubectl, texts, refused=size // 30) == []


@sweep(some=500, whole=1_500)
def test_odd_documents_mean_what_kubectl_says(kubectl: Kubectl, size: int) -> None:
    random_ = random.Random(13)
    bodies = ["\n".join(odd_document(random_, indent=2)) for _ in range(size)]
    texts = [f"{HEAD}spec:\n{body}\n" for body in bodies if "\n---" not in f"\n{body}"]
    texts = [text for text in texts if not any(each.duplicates for each in exact(text) or ())]
    assert agreed(kubectl, texts, refused=size // 75) == []


ENCODED = {
    "UTF-8 with a byte order mark": "utf-8-sig",
    "UTF-16 as PowerShell writes it": "utf-16",
}


@pytest.mark.parametrize("encoding", ENCODED.values(), ids=ENCODED)
def test_encoded_text_means_what_kubectl_says(kubectl: Kubectl, encoding: str) -> None:
    data = f"{HEAD}odd: [é, yes]\ntext: |\n  a\n  b\n".encode(encoding)
    (theirs,) = decode_each(kubectl, [data])
    assert theirs.error == ""
    assert ours_of(data).value == theirs.value


def test_windows_lines_mean_what_kubectl_says(kubectl: Kubectl) -> None:
    text = f"{HEAD}a: |\n  x\n\n  y\nb: 'c\n  d'\ne: >-\n  f\n  g\n".replace("\n", "\r\n")
    (theirs,) = decode_each(kubectl, [text.encode()])
    assert theirs.error == ""
    assert ours(text).value == theirs.value


@pytest.mark.parametrize(
    ("flow", "value", "detail"),
    [
        ("[a:]", ["a:"], "found unexpected ':'"),
        ("[a, b:, c]", ["a", "b:", "c"], "found unexpected ':'"),
        ("[&a 1, &a 2, *a]", [1, 2, 2], "second occurrence"),
    ],
    ids=["colon before a bracket", "colon before a comma", "anchor set twice"],
)
def test_what_only_kubectl_reads_is_a_gap_here(
    kubectl: Kubectl, flow: str, value: object, detail: str
) -> None:
    text = f"{HEAD}odd: {flow}"
    (theirs,) = decode_each(kubectl, [text.encode()])
    assert isinstance(theirs.value, dict)
    assert theirs.value["odd"] == value
    assert detail in ours(text).error


def test_what_only_we_read_kubectl_refuses(kubectl: Kubectl) -> None:
    text = f"{HEAD}odd: [a?b]"
    (theirs,) = decode_each(kubectl, [text.encode()])
    assert "did not find expected ',' or ']'" in theirs.error
    assert ours(text).error == ""
