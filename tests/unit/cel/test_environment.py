"""What compiling refuses by size, and programs that are kept and restored."""

from __future__ import annotations

import marshal

import msgspec
import pytest

from auditor.cel import DYN, CelCheckError, CelError, Environment, Limits, Program
from auditor.cel.sizes import SATURATED

ENVIRONMENT = Environment({"x": DYN, "y": DYN})
DEEP = [
    ("sums", " + ".join(["1"] * 3000)),
    ("conjunctions", " && ".join(["x"] * 3000)),
    ("brackets", "(" * 400 + "x" + ")" * 400),
    ("lists", "[" * 400 + "]" * 400),
    ("calls", "size(" * 400 + "x" + ")" * 400),
    ("selections", "x" + ".a" * 3000),
    ("negations", "!" * 400 + "x"),
]


@pytest.mark.parametrize("source", [case[1] for case in DEEP], ids=[case[0] for case in DEEP])
def test_nesting_that_would_overflow_the_stack(source: str) -> None:
    with pytest.raises(CelError, match="nested"):
        ENVIRONMENT.compile(source)


SHALLOW = [
    ("a sum of 60", " + ".join(["1"] * 60)),
    ("a conjunction of 100", " && ".join(["x == 1"] * 100)),
    ("40 brackets", "(" * 40 + "x" + ")" * 40),
    ("40 lists", "[" * 40 + "]" * 40),
    ("a list of 3000", f"x in [{', '.join(map(str, range(3000)))}]"),
]


@pytest.mark.parametrize("source", [case[1] for case in SHALLOW], ids=[case[0] for case in SHALLOW])
def test_what_rules_may_hold(source: str) -> None:
    program = ENVIRONMENT.compile(source)
    assert repr(program.run(1, 2)) == repr(program.exact(1, 2))


def test_macros_inside_one_another() -> None:
    inner = "true"
    for name in ("g", "f", "e", "d", "c", "b", "a"):
        inner = f"x.all({name}, {inner})"
    with pytest.raises(CelCheckError, match="more than 6 macros inside one another") as caught:
        ENVIRONMENT.compile(inner)
    assert caught.value.column == inner.rindex("x.all") + 2
    wide = Limits(comprehensions=7, cost=SATURATED)
    assert Environment({"x": DYN}, limits=wide).compile(inner).run([]) is True


def test_macros_after_one_another() -> None:
    source = " && ".join(["x.all(a, a.all(b, b == 1))"] * 8)
    assert ENVIRONMENT.compile(source).run([[1]], None) is True


RESTORED = [
    ("a condition", "x.a.exists(e, e == y)"),
    ("a pattern", "x.name.matches('^a+$')"),
    ("a number", "size(x.name)"),
    ("an optional", "x.?a[0]"),
    ("a list", "x.a.map(e, size(e))"),
    ("a map", "{'a': [x]}"),
]


@pytest.mark.parametrize("source", [case[1] for case in RESTORED], ids=[c[0] for c in RESTORED])
def test_a_restored_program_is_the_same(source: str) -> None:
    program = ENVIRONMENT.compile(source)
    same(source, program, ENVIRONMENT.restore(program.dump()))


@pytest.mark.parametrize("source", [case[1] for case in RESTORED], ids=[c[0] for c in RESTORED])
def test_a_packed_program_is_the_same(source: str) -> None:
    program = ENVIRONMENT.compile(source)
    packed = program.pack()
    assert ENVIRONMENT.compile(source).pack() == packed
    same(source, program, ENVIRONMENT.unpack(packed))
    again = ENVIRONMENT.unpack(packed)
    assert again.pack() == packed
    same(source, program, ENVIRONMENT.restore(again.dump()))


def same(source: str, program: Program, again: Program) -> None:
    args = ({"a": ["aa"], "name": "aa"}, "aa")
    assert repr(again.run(*args)) == repr(program.run(*args))
    assert repr(again.exact(*args)) == repr(program.exact(*args))
    assert again.trace(*args) == program.trace(*args)
    assert (again.source, again.variables, again.code) == (source, ("x", "y"), program.code)
    assert (again.result_type, again.cost, again.reads) == (
        program.result_type,
        program.cost,
        program.reads,
    )
    assert (again.functions_used(), again.since()) == (program.functions_used(), program.since())
    assert again.wants == program.wants


def test_a_program_has_no_other_attribute() -> None:
    program = ENVIRONMENT.restore(ENVIRONMENT.compile("x").dump())
    with pytest.raises(AttributeError, match="slow"):
        getattr(program, "slow")  # noqa: B009 - mypy knows that there is none
    assert program.fast(1, 2) == 1
    assert program.fast is program.fast


def test_a_program_for_other_variables() -> None:
    dumped = ENVIRONMENT.compile("x").dump()
    with pytest.raises(CelError, match="compiled for other variables"):
        Environment({"y": DYN, "x": DYN}).restore(dumped)


NO_DUMPS = [
    ("nothing", b""),
    ("text", b"program"),
    ("something else", marshal.dumps({"a": 1})),
    ("another version", marshal.dumps(("other", ()))),
    ("half a dump", ENVIRONMENT.compile("x.a == 1").dump()[:-9]),
]


@pytest.mark.parametrize("dumped", [case[1] for case in NO_DUMPS], ids=[c[0] for c in NO_DUMPS])
def test_no_dump(dumped: bytes) -> None:
    with pytest.raises(CelError):
        ENVIRONMENT.restore(dumped)


PACKED = msgspec.msgpack.decode(ENVIRONMENT.compile("x.a == 1").pack())
NOT_PACKED = [
    ("nothing", b""),
    ("half of it", msgspec.msgpack.encode(PACKED)[:-9]),
    ("a map", msgspec.msgpack.encode({"a": 1})),
    ("another version", msgspec.msgpack.encode([0, *PACKED[1:]])),
    ("a part less", msgspec.msgpack.encode(PACKED[:-1])),
    ("other variables", Environment({"y": DYN}).compile("y").pack()),
]


@pytest.mark.parametrize("packed", [case[1] for case in NOT_PACKED], ids=[c[0] for c in NOT_PACKED])
def test_not_packed(packed: bytes) -> None:
    with pytest.raises(CelError):
        ENVIRONMENT.unpack(packed)


def test_what_this_python_cannot_compile_is_left_to_the_interpreter() -> None:
    parts = list(PACKED)
    parts[parts.index(ENVIRONMENT.compile("x.a == 1").code)] = "def cel(v0, v1):\n    return ("
    program = ENVIRONMENT.unpack(msgspec.msgpack.encode(parts))
    assert program.run({"a": 1}, None) is True


def test_expressions_share_the_functions_that_they_call() -> None:
    """Thousands of rules would hold a table of all names each."""
    one, other = (Environment({}).functions for _ in range(2))
    assert one is other
    assert one["size"] is other["size"]
