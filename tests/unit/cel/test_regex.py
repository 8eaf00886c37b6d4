"""Patterns: what RE2 accepts and refuses, what they match, and that none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel.errors import CelEvalError
from auditor.cel.regex import compile_pattern
from auditor.cel.regex_needed import needed_texts
from auditor.cel.regex_nfa import Automaton
from auditor.cel.regex_parser import parse_regex
from auditor.cel.regex_program import compile_program

REFUSED = {
    "lookahead": ("(?=a)", "lookaround"),
    "negative lookahead": ("(?!a)", "lookaround"),
    "lookbehind": ("(?<=a)", "lookaround"),
    "negative lookbehind": ("(?<!a)", "lookaround"),
    "atomic group": ("(?>a)", "starts no group"),
    "comment": ("(?#a)", "starts no group"),
    "verbose flag": ("(?x)a", "starts no group"),
    "flag without a letter after the minus": ("(?i-)a", "starts no group"),
    "backreference": (r"(a)\1", "backreferences"),
    "named backreference": (r"(?P<n>a)(?P=n)", "starts no group"),
    "possessive": ("a++", "follows another repetition"),
    "two stars": ("a**", "follows another repetition"),
    "counts after counts": ("a{2}{3}", "follows another repetition"),
    "Perl's end of text": (r"a\Z", r"use \z"),
    "single byte": (r"\C", r"\C is not supported"),
    "letter without a meaning": (r"\y", "no such escape"),
    "escaped letter with an accent": ("\\\xe9", "no such escape"),
    "word boundary in a class": (r"[\b]", "no such escape"),
    "open group": ("(a", "missing )"),
    "closed group": ("a)", "unexpected )"),
    "open class": ("[a", "missing ]"),
    "empty class": ("[]", "missing ]"),
    "descending range": ("[z-a]", "empty range"),
    "unknown POSIX class": ("[[:foo:]]", "not a POSIX class"),
    "unknown Unicode class": (r"\p{Foo}", "not a Unicode general category"),
    "star of nothing": ("*a", "nothing to repeat"),
    "star of nothing in a branch": ("a|*", "nothing to repeat"),
    "descending count": ("a{2,1}", "not a count"),
    "large count": ("a{1001}", "not a count"),
    "very large count": ("a{99999}", "repeats more than 1000"),
    "counts of counts": ("(a{100}){11}", "more than 1000 times in all"),
    "name of a group": ("(?P<a-b>c)", "not a name of a group"),
    "backslash at the end": ("a\\", "at the end"),
    "no code point": (r"\x{110000}", "not a code point"),
    "nested too deep": ("(" * 1001 + ")" * 1001, "nested deeper"),
    "too long": ("a" * 20_001, "longer than"),
    "too large a program": ("(a{1000}b{1000}){1}" * 100, "too large"),
}


@pytest.mark.parametrize(("pattern", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(pattern: str, reason: str) -> None:
    with pytest.raises(CelEvalError, match=re.escape(reason)) as caught:
        compile_pattern(pattern)._made()
    assert len(str(caught.value)) < 300


FOUND = {
    "end is not before a newline": ("a$", "a\n", []),
    "end of a line": ("(?m)a$", "a\nba", ["a", "a"]),
    "begin of a line": ("(?m)^a", "a\na", ["a", "a"]),
    "text ends": (r"a\z", "aba", ["a"]),
    "dot": (".", "\na", ["a"]),
    "dot with s": ("(?s).", "\na", ["\n", "a"]),
    "digits are ASCII": (r"\d", "\u0663" + "3", ["3"]),
    "words are ASCII": (r"\w+", "caf\xe9", ["caf"]),
    "no vertical tab is a space": (r"\s", "\v\f", ["\f"]),
    "but it is a POSIX space": ("[[:space:]]", "\v", ["\v"]),
    "edges of words are ASCII": (r"\b", "\xe9", []),
    "no edge in an empty text": (r"\B", "", [""]),
    "case": ("(?i)Kelvin", "\u212aELVIN", ["\u212aELVIN"]),
    "case in a group only": ("(?i:a)b", "Ab AB", ["Ab"]),
    "case off": ("(?i)a(?-i)b", "Ab AB", ["Ab"]),
    "case of a negated class": ("(?i)[^k]", "Kx", ["x"]),
    "dotless i": ("(?i)\u0131", "I\u0131", ["\u0131"]),
    "lazy by a flag": ("(?U)a+", "aa", ["a", "a"]),
    "greedy by a flag": ("(?U)a+?", "aa", ["aa"]),
    "leftmost branch": ("a|ab", "ab", ["a"]),
    "quoted": (r"\Qa.b\E+", "a.bb", ["a.bb"]),
    "quoted to the end": (r"\Qa.", "a.b", ["a."]),
    "octal": (r"\141\07", "a\a", ["a\a"]),
    "hexadecimal": (r"\x41\x{e9}", "A\xe9", ["A\xe9"]),
    "brace": ("a{,2}", "a{,2}", ["a{,2}"]),
    "bracket first": ("[]a]+", "]a", ["]a"]),
    "minus anywhere": (r"[\w-.]+", "a-.", ["a-."]),
    "POSIX negated": ("[[:^alpha:]]", "a1", ["1"]),
    "category": (r"\pL+", "1\xe9a", ["\xe9a"]),
    "category of two letters": (r"\p{Lu}", "aA", ["A"]),
    "not a category": (r"\PL", "a1", ["1"]),
    "not not a category": (r"\P{^L}", "a1", ["a"]),
    "empty after a match": ("a*", "aab", ["aa", ""]),
    "empty branches": ("|a", "a", ["", ""]),
    "star of what can be empty": ("(|a)*", "aa", ["", "", ""]),
    "repeated anchor": ("^*a", "aa", ["a", "a"]),
    "name twice": ("(?P<n>a)(?<n>b)", "ab", ["ab"]),
    "no times": ("a{0}b", "ab", ["b"]),
}


def _by_automaton(pattern: str, text: str) -> list[tuple[int, ...]]:
    parsed = parse_regex(pattern)
    automaton = Automaton(compile_program(parsed), len(parsed.names))
    found, position, last = [], 0, -1
    while position <= len(text) and (match := automaton.find(text, position)) is not None:
        start, end = match[:2]
        if end > position or start != last:
            found.append(match)
        position, last = (end if end > position else position + 1), end
    assert automaton.search(text) == bool(found)
    return found


@pytest.mark.parametrize(("pattern", "text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_finds(pattern: str, text: str, expected: list[str]) -> None:
    compiled = compile_pattern(pattern)
    spans = list(compiled.find_all(text))
    assert [text[start:end] for start, end, *_ in spans] == expected
    assert compiled.search(text) == bool(expected)
    assert _by_automaton(pattern, text) == spans


GROUPS = {
    "branch not taken": ("(a)|(b)", "b", (0, 1, -1, -1, 0, 1)),
    "last round": ("(?:(a)|b)*", "ab", (0, 2, 0, 1)),
    "lazy": ("(a+?)(a*)", "aaa", (0, 3, 0, 1, 1, 3)),
    "nested": ("((a)b)+", "abab", (0, 4, 2, 4, 2, 3)),
    "ambiguous": ("(a|ab)(c|bcd)(d*)", "abcd", (0, 4, 0, 1, 1, 4, 4, 4)),
}


@pytest.mark.parametrize(("pattern", "text", "spans"), GROUPS.values(), ids=GROUPS.keys())
def test_groups(pattern: str, text: str, spans: tuple[int, ...]) -> None:
    assert compile_pattern(pattern).find(text) == spans
    assert _by_automaton(pattern, text)[0] == spans


def test_names_of_groups() -> None:
    assert compile_pattern("(?P<one>a)(b)(?<three>c)(?:d)").names == ("one", None, "three")


HOSTILE = {
    "nested plus": ("(a+)+$", "a" * 50_000 + "b"),
    "equal branches": ("(a|a)*b", "a" * 50_000),
    "nested dots": ("(.*)*x", "a" * 50_000),
    "nested stars": ("(((a*)*)*)*b", "a" * 50_000),
    "adjacent stars": ("a*a*a*a*a*a*b", "a" * 20_000),
    "counted choice": ("(x{0,30}){30}y", "x" * 50_000),
    "many states": ("(a|b)*a(a|b){900}c", "ab" * 2_000),
    "words": (r"^(\w+\s?)*$", "aaa " * 20_000 + "!"),
    "deep": ("(" * 999 + "a" + ")" * 999, "b" * 500),
    "names of hosts": (
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "a" * 20_000 + "_",
    ),
}


@pytest.mark.parametrize(("pattern", "text"), HOSTILE.values(), ids=HOSTILE.keys())
def test_is_linear(pattern: str, text: str) -> None:
    start = time.process_time()
    compiled = compile_pattern(pattern)
    assert not compiled.search(text)
    assert list(compiled.find_all(text)) == []
    assert time.process_time() - start < 5


def test_much_work_is_refused() -> None:
    with pytest.raises(CelEvalError, match="takes too long"):
        compile_pattern("(a?){1000}" * 10 + "$").find("a" * 5_000 + "b")


def test_memo_is_bounded() -> None:
    assert compile_pattern.cache_info().maxsize == 512
    assert compile_pattern("a") is compile_pattern("a")


_SAFE = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", r"\b", "^", r"\n", "."]),
    lambda below: st.one_of(
        st.tuples(below, below).map("".join),
        st.tuples(below, below).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        below.map(lambda part: f"({part})"),
        st.tuples(
            below.filter(lambda part: re.search(f"^(?:{part})$", "") is None),
            st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??"]),
        ).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


NEEDED = {
    "abcd": ("abcd",),
    "a+bcd|fghi+j": ("bcd", "fgh"),
    "fgh+i": (),
    r"(^|\s)FIRST_(SECOND|THIRD)=[1-9]": ("FIRST_",),
    "one(two|three)": ("one",),
    "on(two|three)": ("two", "three"),
    "(server|server-two|new-server)": ("server",),
    "x(?:abc)+y": ("abc",),
    "a(b)c(?P<n>d)^e$": ("abcde",),
    "(abc)?": (),
    "abc|d": (),
    "abc|": (),
    "ab": (),
    "(?i:abc)": (),
    "one|two|three|four|five": (),
    "": (),
}


@pytest.mark.parametrize(("pattern", "expected"), NEEDED.items())
def test_texts_that_a_match_needs(pattern: str, expected: tuple[str, ...]) -> None:
    assert needed_texts(parse_regex(pattern).tree) == expected
    assert compile_pattern(pattern).needed == expected


_WORDS = st.recursive(
    st.sampled_from(["abc", "bcab", "c", "[ab]", r"\b", "^", ".", "(?i:c)"]),
    lambda below: st.one_of(
        st.tuples(below, below).map("".join),
        st.tuples(below, below).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(
            below.filter(lambda part: re.search(f"^(?:{part})$", "") is None),
            st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,2}", "+?", "??"]),
        ).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)


@given(_WORDS, st.lists(st.sampled_from(["abc", "bcab", "a", "C", " "]), max_size=6).map("".join))
def test_nothing_matches_without_what_is_needed(pattern: str, text: str) -> None:
    found = _by_automaton(pattern, text) != []
    needed = compile_pattern(pattern).needed
    assert compile_pattern(pattern).search(text) == found
    assert not (found and needed) or any(each in text for each in needed)


@given(_SAFE, st.text("ab\n", max_size=8))
def test_automaton_agrees_with_python(pattern: str, text: str) -> None:
    expected = re.search(pattern, text)
    found = _by_automaton(pattern, text)
    if expected is None:
        assert found == []
    else:
        spans = [expected.span(group) for group in range(len(expected.groups()) + 1)]
        assert found[0] == tuple(edge for span in spans for edge in span)
        assert list(compile_pattern(pattern).find_all(text)) == found
