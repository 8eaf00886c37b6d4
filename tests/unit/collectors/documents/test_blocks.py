"""Plain documents read line by line: the same as the exact reader, values, types and lines."""

from __future__ import annotations

import random

import pytest

from auditor.secrets.marks import marker
from tests.sweeps import sweep
from tests.unit.collectors.documents.yaml_cases import (
    LONG,
    compare,
    estate_documents,
    exact,
    fast,
    mutated,
    odd_document,
)

PLAIN = {
    "scalars": ("a: 1\nb: x\nc: true\n", {"a": 1, "b": "x", "c": True}),
    "words of YAML 1.1": ("a: yes\nb: Off\nc: y\n", {"a": True, "b": False, "c": True}),
    "octal mode": ("defaultMode: 0644\n", {"defaultMode": 0o644}),
    "underscores": ("a: 1_000\n", {"a": 1000}),
    "no base 60": ("a: 12:30\n", {"a": "12:30"}),
    "a date is text": ("a: 2001-01-01\n", {"a": "2001-01-01"}),
    "whole float": ("a: 1e3\n", {"a": 1000}),
    "null is left out": ("a: null\nb: ~\nc:\nd: 1\n", {"d": 1}),
    "null below a key": ("a:\n  b:\nc: 1\n", {"a": {}, "c": 1}),
    "null in a list stays": ("a:\n- ~\n-\n- null\n", {"a": [None, None, None]}),
    "list at the key's column": ("a:\n- 1\n- 2\nb: 3\n", {"a": [1, 2], "b": 3}),
    "list further right": ("a:\n    - 1\n    - 2\n", {"a": [1, 2]}),
    "mappings in a list": ("- a: 1\n  b: 2\n- a: 3\n", [{"a": 1, "b": 2}, {"a": 3}]),
    "lists in a list": ("- - 1\n  - 2\n-\n  - 3\n", [[1, 2], [3]]),
    "mapping below a dash": ("-\n  a: 1\n", [{"a": 1}]),
    "quotes": ("a: 'it''s'\nb: \"x\\ty\"\n'c d': 1\n", {"a": "it's", "b": "x\ty", "c d": 1}),
    "comments": ("# x\na: 1 # y\n\n  # z\nb: 'c' # d\n", {"a": 1, "b": "c"}),
    "flow": (
        'a: ["sh", -c, 1, yes]\nb: {c: {d: []}}\n',
        {"a": ["sh", "-c", 1, True], "b": {"c": {"d": []}}},
    ),
    "literal": ("a: |\n  x\n\n    y\nb: 1\n", {"a": "x\n\n  y\n", "b": 1}),
    "literal, stripped": ("a: |-\n  x\n\nb: 1\n", {"a": "x", "b": 1}),
    "literal, kept": ("a: |+\n  x\n\nb: 1\n", {"a": "x\n\n", "b": 1}),
    "folded": ("a: >\n  x\n  y\nb: 1\n", {"a": "x y\n", "b": 1}),
    "keys in a literal": ("a: |\n  b: 1\n  b: 2\n  - c\n  # d\n", {"a": "b: 1\nb: 2\n- c\n# d\n"}),
    "literal in a list": ("- |\n  x\n- a: |\n    y\n", ["x\n", {"a": "y\n"}]),
    "empty": ("\n# nothing\n", None),
    "a key's token": ("a: hf_" + "x" * 34 + "\n", {"a": marker("huggingface-token")}),
    "secret variable": (
        "env:\n- name: DB_PASSWORD\n  value: hunter22\n- {name: A_TOKEN, value: abcdef}\n",
        {
            "env": [
                {"name": "DB_PASSWORD", "value": marker("by-name")},
                {"name": "A_TOKEN", "value": marker("by-name")},
            ]
        },
    ),
}


@pytest.mark.parametrize(("text", "value"), PLAIN.values(), ids=PLAIN)
def test_plain_document_is_read_without_a_parser(text: str, value: object) -> None:
    block = fast(text)
    assert block is not None
    assert block.value == value
    assert compare(text) == (True, None)


LINES = {
    "nodes in order": ("a: 1\nb:\n- x\n- c: 2\n  d: 3\n", [0, 0, 1, 2, 3, 3, 4]),
    "collections in one line": ("a: [1, {b: 2}]\nc: {}\n", [0, 0, 0, 0, 0, 1]),
    "an item below its dash": ("-\n  a: 1\n- - 2\n", [0, 1, 1, 2, 2]),
    "a text of lines": ("a: |\n  x\n\n  y\nb: 1\n", [0, 0, 4]),
    "a key without a value": ("a:\nb: 1\n", None),
    "a null": ("a: ~\nb: 1\n", None),
}


@pytest.mark.parametrize(("text", "lines"), LINES.values(), ids=LINES)
def test_lines_of_all_nodes(text: str, lines: list[int] | None) -> None:
    block = fast(text)
    assert block is not None
    assert block.all_lines() == lines


LEFT = {
    "key twice": "a: 1\na: 2\n",
    "key twice, once null": "a:\na: 2\n",
    "key twice in a flow": "a: {b: 1, b: 2}\n",
    "anchor": "a: &x 1\nb: *x\n",
    "merge": "a:\n  <<: {b: 1}\n",
    "tag": "a: !!str 1\n",
    "binary": "a: !!binary aGk=\n",
    "key that is a number": "1: a\n",
    "key that is a boolean": "on: a\n",
    "question mark": "? a\n: b\n",
    "scalar on two lines": "a: b\n  c\n",
    "quotes on two lines": "a: 'b\n  c'\n",
    "flow on two lines": "a: [b,\n  c]\n",
    "list inside a scalar": "a: b\n  - c\n",
    "colon inside a scalar": "a: b: c\n",
    "dash inside a scalar": "a: - b\n",
    "bad indentation": "a:\n    b: 1\n  c: 2\n",
    "tab": "a:\n\tb: 1\n",
    "tab after a value": "a: 1\t# x\n",
    "next line": "a: b\x85c\n",
    "line separator": "a: b\u2028c\n",
    "byte order mark inside": "a: b\ufeffc\n",
    "bell": "a: b\x07c\n",
    "infinity": "a: .inf\n",
    "no number": "a: .nan\n",
    "end mark": "a: 1\n...\n",
    "content behind the mark": "--- {a: 1}\n",
    "directive": "%YAML 1.1\n---\na: 1\n",
    "template": "a: {{ .Values.b }}\n",
    "indentation indicator": "a: |2\n    b\n",
    "literal without a line end": "a: |\n  b",
    "literal that is empty": "a: |\nb: 1\n",
    "literal behind blank columns": "a: |\n     \n  b\n",
    "folded with a blank line": "a: >\n  b\n\n  c\n",
    "scalar document": "abc\n",
    "deep": "".join(" " * level + "a:\n" for level in range(80)),
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_unusual_document_is_left_to_the_parser(text: str) -> None:
    assert fast(text) is None


def check_random(seed: int, number: int) -> int:
    """Compare the readers on random documents; returns how many were plain."""
    random_ = random.Random(seed)
    documents = estate_documents()
    taken = 0
    for turn in range(number):
        if turn % 2:
            text = "\n".join(odd_document(random_)) + random_.choice(("\n", "\n", "\n", ""))
        else:
            text = mutated(random_, random_.choice(documents))
        was_taken, difference = compare(text)
        assert difference is None, f"seed {seed}, turn {turn}"
        taken += was_taken
    return taken


@sweep(some=1_500, whole=15_000)
def test_random_documents_read_the_same_both_ways(size: int) -> None:
    assert check_random(20261123, size) > size * 2 // 15


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_many_random_documents_read_the_same_both_ways(seed: int) -> None:
    assert check_random(seed, 100_000) > 14_000


def test_estate_is_plain_and_reads_the_same_both_ways() -> None:
    texts = estate_documents()
    results = [compare(text) for text in texts]
    assert [difference for _, difference in results if difference is not None] == []
    assert sum(taken for taken, _ in results) >= 0.97 * len(texts)
    known = [block.all_lines() is not None for block in map(fast, texts) if block is not None]
    assert sum(known) >= 0.9 * len(known), "lines that are not looked up one by one"


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_numbers_of_any_length_are_read(text: str) -> None:
    """Both readers agree; that kubectl takes them so is a test that asks it."""
    for line in (
        f"a: {text}\n",
        f"a:\n- {text}\n- 1\n",
        f"{{a: [{text}]}}\n",
        f"a: !!str {text}\n",
    ):
        fine, difference = compare(line)
        assert (difference, exact(line) is None) == (None, False), fine
