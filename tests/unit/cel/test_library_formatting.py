"""format: the values are those of Kubernetes 1.35 for the same calls."""

from __future__ import annotations

import time

import pytest

from auditor.cel import DYN, CelCheckError, CelEvalError, CelLimitError, Environment
from auditor.cel.library.formatting import format_text

ENVIRONMENT = Environment({"x": DYN})
UNCHECKED = Environment({"x": DYN}, checked=False)

VALUES = {
    "no clause": ("'abc'.format([])", "abc"),
    "nothing": ("''.format([])", ""),
    "percent signs": ("'%%a%%%%'.format([])", "%a%%"),
    "several clauses": ("'é%s: %d%%, %s'.format(['a', 50, null])", "éa: 50%, null"),
    "more values than clauses": ("'%s'.format([1, 2])", "1"),
    "text": ("'%s'.format(['a\\n\"b\"'])", 'a\n"b"'),
    "bytes": ("'%s'.format([b'\\303\\251'])", "é"),
    "bools": ("'%s %s'.format([true, false])", "true false"),
    "integers": ("'%s %s'.format([-1, 18446744073709551615u])", "-1 18446744073709551615"),
    "doubles": ("'%s %s %s %s'.format([1.0, 0.1, 1e21, -1e-7])", "1 0.1 1e+21 -1e-07"),
    "special doubles": (
        "'%s %s %s'.format([0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0])",
        "NaN +Inf -Inf",
    ),
    "times": (
        "'%s %s'.format([timestamp('2024-02-29T12:30:45.50+05:00'), duration('1h30m0.5s')])",
        "2024-02-29T12:30:45.5+05:00 5400.5s",
    ),
    "types": (
        "'%s %s %s %s'.format([int, type([1]), type(duration('1s')), type(optional.none())])",
        "int list google.protobuf.Duration optional_type",
    ),
    "an unused precision": ("'%.3s %.2d %.1b'.format(['abcdef', 5, true])", "abcdef 5 1"),
    "a list": (
        "'%s'.format([[1, 2u, 1.5, 'a', b'b', true, null, int, []]])",
        '[1, 2, 1.500000, "a", b"b", true, null, int, []]',
    ),
    "times in a list": (
        "'%s'.format([[timestamp(0), duration('90s')]])",
        '[timestamp("1970-01-01T00:00:00Z"), duration("90s")]',
    ),
    "doubles in a list": (
        "'%s'.format([[1e21, -0.0, 1e-9, 0.0 / 0.0, -1.0 / 0.0]])",
        '[1000000000000000000000.000000, -0.000000, 0.000000, "NaN", "-Inf"]',
    ),
    "a map in the order of its keys": (
        "'%s'.format([{10: 'a', 9: {'c': 1, 'b': [2]}, 'z': 1, '10': 2, true: 3, 2u: 4}])",
        '{"10":2, "z":1, 10:"a", 2:4, 9:{"b":[2], "c":1}, true:3}',
    ),
    "an empty map": ("'%s'.format([{}])", "{}"),
    "escapes": (
        r"'%s'.format([['\a\b\f\n\r\t\v\\\"\'\u0001\u007f\u0085\u00a0\u200b\U000e0001é😀']])",
        r"""["\a\b\f\n\r\t\v\\\"'\x01\x7f\u0085\u00a0\u200b\U000e0001é😀"]""",
    ),
    "decimals": (
        "'%d %d'.format([-9223372036854775808, 18446744073709551615u])",
        "-9223372036854775808 18446744073709551615",
    ),
    "binary": ("'%b %b %b %b'.format([5, -5, 3u, true])", "101 -101 11 1"),
    "octal": ("'%o %o %o'.format([8, -8, 9u])", "10 -10 11"),
    "hexadecimal": ("'%x %X %x %X'.format([255, 255, -255, 10u])", "ff FF -ff A"),
    "hexadecimal texts": ("'%x %X %x'.format(['é', b'\\377\\000', ''])", "c3a9 FF00 "),
    "a double": ("'%f'.format([3.14])", "3.140000"),
    "thousands": ("'%f %.1f'.format([-1234567.5, 999.96])", "-1,234,567.500000 1,000.0"),
    "ties go to the even digit": ("'%.0f %.0f %.1f'.format([0.5, 1.5, 0.25])", "0 2 0.2"),
    "exact digits decide": ("'%.2f %.1f'.format([2.675, 0.35])", "2.67 0.3"),
    "many digits": ("'%.25f'.format([0.1])", "0.1000000000000000055511151"),
    "the sign of zero": (
        "'%f %e %.0f'.format([-0.0, -0.0, -0.3])",
        "0.000000 0.000000\u00d710⁰⁰ -0",
    ),
    "special doubles at a point": (
        "'%f %f %.9f'.format([0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0])",
        "NaN ∞ -∞",
    ),
    "names of special doubles": (
        "'%f %f %f'.format(['NaN', 'Infinity', '-Infinity'])",
        "NaN ∞ -∞",
    ),
    "a precision modulo 256": ("'%.259f %.300f'.format([0.5, 0.0])", f"0.500 0.{'0' * 44}"),
    "a precision that wraps to negative": ("'%.32768f'.format([1234.1])", "1,234.1"),
    "a precision that wraps to none": ("'%.65536f'.format([0.75])", "1"),
    "a precision that Go does not read": ("'%.10000010f'.format([1.0])", "%!(NOVERB)"),
    "leading zeros of a precision": ("'%.0000000000000000000000002f'.format([1.0])", "1.00"),
    "scientific": (
        "'%e %e %e'.format([123456789.0, -1.5e-7, 1e300])",
        "1.234568\u00d710⁰⁸ -1.500000\u00d710⁻⁰⁷ 1.000000\u00d710³⁰⁰",
    ),
    "a width, not a precision": (
        "'%.0e|%.15e'.format([0.1, 2.5])",
        "1.000000\u00d710⁻⁰¹|  2.500000\u00d710⁰⁰",
    ),
    "special doubles in a width": ("'%e|%e'.format([0.0 / 0.0, -1.0 / 0.0])", "   NaN|    -∞"),
}


@pytest.mark.parametrize(("source", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values(source: str, expected: str) -> None:
    assert UNCHECKED.compile(source).run(None) == expected


ERRORS = {
    "no text": ("x.format([])", 1, "no such overload: format(int, list)"),
    "no list": ("'%s'.format(x)", "a", "no such overload: format(string, string)"),
    "no value": ("'%s %s'.format(x)", ["a"], "no value for %s: index 1 out of range"),
    "no clause": ("x.format([1])", "%", "no such clause: %"),
    "an unknown clause": ("x.format([1])", "%q", "no such clause: %q"),
    "a width": ("x.format([1])", "%5d", "no such clause: %5"),
    "another letter": ("x.format([1])", "%é", "no such clause: %é"),
    "a line feed": ("x.format([1])", "%\n", "no such clause: %\n"),
    "a precision without clause": ("x.format([1.0])", "%.5", "no such clause: %.5"),
    "an empty precision": ("x.format([1.0])", "%.f", "no such precision: ."),
    "a precision beyond int64": (
        "x.format([1.0])",
        "%.9223372036854775808f",
        "no such precision: .9223372036854775808",
    ),
    "an endless precision": ("x.format([1.0])", f"%.{'9' * 10_000}f", "no such precision: .99"),
    "a decimal double": ("'%d'.format(x)", [1.0], "%d does not write a double"),
    "a decimal bool": ("'%d'.format(x)", [True], "%d does not write a bool"),
    "an int at a point": ("'%f'.format(x)", [1], "%f does not write a int"),
    "a text at a point": ("'%f'.format(x)", ["1.0"], "%f does not write a string"),
    "a scientific int": ("'%e'.format(x)", [1], "%e does not write a int"),
    "a binary text": ("'%b'.format(x)", ["a"], "%b does not write a string"),
    "an octal bool": ("'%o'.format(x)", [True], "%o does not write a bool"),
    "a hexadecimal bool": ("'%x'.format(x)", [True], "%x does not write a bool"),
    "a hexadecimal double": ("'%X'.format(x)", [1.0], "%X does not write a double"),
    "an optional": ("'%s'.format([optional.of(x)])", 1, "%s does not write a optional_type"),
    "an optional in a map": (
        "'%s'.format([{'a': optional.none()}])",
        1,
        "%s does not write a optional_type",
    ),
    "a URL": ("'%s'.format([[url(x)]])", "/a", "%s does not write a kubernetes.URL"),
    "no UTF-8": ("'%s'.format([[b'\\377']])", 1, "invalid UTF-8"),
    "a lone surrogate": ("'%x'.format([x])", "\ud800", "lone surrogate"),
}


@pytest.mark.parametrize(("source", "x", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_errors(source: str, x: object, message: str) -> None:
    with pytest.raises(CelEvalError) as caught:
        UNCHECKED.compile(source).run(x)
    assert message in str(caught.value)


def test_checked_call() -> None:
    program = ENVIRONMENT.compile("'%s has %d'.format([x.name, size(x.ports)])")
    assert str(program.result_type) == "string"
    assert program.since() == "1.29"
    assert program.run({"name": "a", "ports": [1, 2]}) == "a has 2"


def test_refused_for_an_older_version() -> None:
    with pytest.raises(CelCheckError, match=r"format.* needs Kubernetes 1\.29"):
        Environment({"x": DYN}, kubernetes="1.28").compile("'%s'.format([x])")


REFUSED = {
    "fewer values": ("'%s %s'.format([x])", "no value for %s: index 1 out of range"),
    "more values": ("'%s%%'.format([x, 1])", "2 values for 1 clauses"),
    "values for nothing": ("'a'.format([x])", "1 values for 0 clauses"),
    "a malformed clause": ("'%5d'.format([x])", "no such clause: %5"),
    "a malformed precision": ("'%.f'.format([x])", "no such precision: ."),
    "a decimal text": ("'%d'.format(['a'])", "%d does not write a string"),
    "a decimal double": ("'%d'.format([1.0 + 2.0])", "%d does not write a double"),
    "an int at a point": ("'%f'.format([size(x)])", "%f does not write a int"),
    "an octal bool": ("'%o'.format([x == 1])", "%o does not write a bool"),
    "a binary text": ("'%s %b'.format([1, x.a + 'b'])", "%b does not write a string"),
    "a hexadecimal double": ("'%x'.format([1.5])", "%x does not write a double"),
    "an optional": ("'%s'.format([x.?a])", "%s does not write a optional_type"),
    "a URL in a list": ("'%s'.format([[x, url('/a')]])", "%s does not write a kubernetes.URL"),
    "an optional in a map": ("'%s'.format([{1: x.?a}])", "%s does not write a optional_type"),
    "in a macro": ("[1].all(i, '%f'.format([i]) == x)", "%f does not write a int"),
}


@pytest.mark.parametrize(("source", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_when_loaded(source: str, message: str) -> None:
    with pytest.raises(CelCheckError) as caught:
        ENVIRONMENT.compile(source)
    assert caught.value.message == f"format: {message}"


ACCEPTED = {
    "nothing is known": "'%d %f %x %s'.format([x, x.a, x[0], [x]])",
    "no constant template": "x.format([1, 2])",
    "no list of values": "'%d %d'.format(x)",
    "a text at a point": "'%f %e'.format(['NaN', x.a + 'b'])",
    "list of what is unknown": "'%s %s'.format([[x.?a.orValue(1)], {'a': [x]}])",
    "a list of another type": "'%s'.format([true ? [optional.of(1)] : []])",
    "types": "'%s %s'.format([int, type(x)])",
}


@pytest.mark.parametrize("source", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted_when_loaded(source: str) -> None:
    assert str(ENVIRONMENT.compile(source).result_type) == "string"


def _doubled(value: object, times: int) -> object:
    for _ in range(times):
        value = [value, value]
    return value


def _deep(times: int) -> object:
    value: object = []
    for _ in range(times):
        value = [value]
    return value


TOO_LONG = {
    "a list that holds itself many times": ("%s", [_doubled("a" * 10_000, 60)]),
    "a map that holds itself many times": ("%s", [{"a": _doubled({"b" * 10_000: 1}, 60)}]),
    "escapes": ("%s", [["\x01" * 5_000_000]]),
    "digits of a text": ("%x", ["a" * 10_000_000]),
    "wide numbers": ("%.65535e" * 300, [1.0] * 300),
}


@pytest.mark.parametrize(("template", "values"), TOO_LONG.values(), ids=TOO_LONG.keys())
def test_too_long(template: str, values: list[object]) -> None:
    start = time.process_time()
    with pytest.raises(CelLimitError, match="more than 16777216 bytes"):
        format_text(template, values)
    assert time.process_time() - start < 20


def test_too_deep() -> None:
    with pytest.raises(CelLimitError):
        UNCHECKED.compile("'%s'.format([x])").run(_deep(100_000))


def test_many_clauses() -> None:
    start = time.process_time()
    assert format_text("%.2f" * 50_000, [5e-324] * 50_000) == "0.00" * 50_000
    assert time.process_time() - start < 10
