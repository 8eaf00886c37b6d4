"""Every function of the library, called with random arguments: compiled code and interpreter."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from auditor.cel import DYN, CelEvalError, Environment, Function
from auditor.cel.library import standard_library
from tests.cases import every
from tests.sweeps import sweep
from tests.unit.cel.calls import Calls
from tests.unit.cel.compiled import fast_outcome, outcome
from tests.unit.cel.differential.documents import mutate, random_pod

FUNCTIONS: Final = standard_library()
NAMES: Final = sorted(FUNCTIONS)
PODS: Final = 3
SIGNATURES: Final = 16
"""Of a function that has many, so many are tried for each call, others each time."""
ENVIRONMENT: Final = Environment({"x": DYN}, checked=False)


def compare(function: Function, seed: int, calls: int) -> None:
    random = Random(f"{function.name} {seed}")
    writer = Calls(random, FUNCTIONS)
    signatures = function.signatures
    for _ in range(calls):
        for signature in random.sample(signatures, min(SIGNATURES, len(signatures))):
            source = writer.call(function.name, signature)
            program = ENVIRONMENT.compile(source)
            for changes in range(PODS):
                pod = mutate(random, random_pod(random), changes)
                before = repr(pod)
                expected = outcome(program.exact, pod)
                answer = fast_outcome(program.fast, pod)
                assert answer in (None, expected), f"{source}\n{program.code}\n{pod}"
                assert repr(pod) == before, source


@sweep(some=2, whole=12)
def test_calls_come_to_the_same(size: int) -> None:
    every(FUNCTIONS, lambda function: compare(function, seed=1, calls=size))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_many_calls_come_to_the_same(name: str) -> None:
    compare(FUNCTIONS[name], seed=2, calls=600)


def test_every_function_has_a_value_somewhere() -> None:
    """Else the comparison compares nothing but errors, which is all that ``undecided`` comes to."""
    random = Random(3)
    writer = Calls(random, FUNCTIONS)
    silent = set(NAMES)
    for name in NAMES:
        for signature in FUNCTIONS[name].signatures * 60:
            program = ENVIRONMENT.compile(writer.call(name, signature))
            try:
                program.run(random_pod(random))
            except CelEvalError:
                continue
            silent.discard(name)
            break
    assert silent == {"undecided"}
