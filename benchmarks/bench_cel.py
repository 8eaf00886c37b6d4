"""Sixty CEL rules on generated pods: our compiled code against Google's cel-cpp binding.

    python -m benchmarks.bench_cel [--pods 1000] [--pairs 7] [--shapes]

Both evaluate the same decoded pods in one process, in turns (A B A B); the figure is the median of
the ratios of pairs. A digest of all verdicts is printed for each: they must be equal.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from auditor.cel import BOOL, DYN, Environment, Program
from benchmarks import cel_rules
from benchmarks.generate import pod, pod_spec

GOAL: Final = 8.0
SPELLINGS: Final[dict[str, Callable[[], list[str]]]] = {
    "standard": cel_rules.standard,
    "optional": cel_rules.optional,
}
Verdicts = list[object]
Pods = list[dict[str, Any]]


def pods(count: int) -> Pods:
    """Pods as decoded from JSON: no string object is shared between them."""
    random_ = random.Random(11)
    made = [pod(number, pod_spec(random_), number, random_) for number in range(count)]
    return [json.loads(json.dumps(each)) for each in made]


def ours(programs: list[Program], objects: Pods) -> Verdicts:
    """Evaluate as the engine does: the fast path, and whatever it refuses by the interpreter."""
    rules = [(program.fast, program) for program in programs]
    verdicts: Verdicts = []
    keep = verdicts.append
    for each in objects:
        for fast, program in rules:
            try:
                keep(fast(each))
            except Exception:  # noqa: BLE001  # the contract of Program.fast
                keep(program.exact(each))
    return verdicts


def theirs(environment: Any, expressions: list[Any], objects: Pods) -> Verdicts:
    """Evaluate with the binding: one lazy conversion a pod."""
    verdicts: Verdicts = []
    for each in objects:
        activation = environment.Activation({"object": each})
        for expression in expressions:
            verdicts.append(expression.eval(activation).value())  # as above
    return verdicts


def timed(run: Callable[[], Verdicts]) -> tuple[float, str]:
    """Seconds and the digest of the verdicts."""
    gc.collect()
    start = time.perf_counter()
    verdicts = run()
    seconds = time.perf_counter() - start
    return seconds, hashlib.sha256(repr(verdicts).encode()).hexdigest()[:16]


def compare(name: str, sources: list[str], objects: Pods, pairs: int) -> bool:
    """Run one spelling in pairs and print what came out; whether the goal was reached."""
    environment = Environment({"object": DYN})
    start = time.perf_counter()
    programs = [environment.compile(source, expect=BOOL) for source in sources]
    compiling = time.perf_counter() - start
    other = cel.NewEnv(
        variables={"object": cel.Type.DYN},
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional()],
    )
    expressions = [other.compile(source) for source in sources]
    a = [timed(lambda: ours(programs, objects))]
    b = [timed(lambda: theirs(other, expressions, objects))]
    for _ in range(pairs):
        a.append(timed(lambda: ours(programs, objects)))
        b.append(timed(lambda: theirs(other, expressions, objects)))
    ratios = [theirs_[0] / ours_[0] for ours_, theirs_ in zip(a[1:], b[1:], strict=True)]
    evaluations = len(sources) * len(objects)
    digests = {digest for _, digest in (*a, *b)}
    ratio = statistics.median(ratios)
    for label, runs in (("ours", a[1:]), ("cel-expr-python", b[1:])):
        seconds = statistics.median(run[0] for run in runs)
        rate = evaluations / seconds / 1e6
        print(
            f"{name:9} {label:16} {seconds / evaluations * 1e6:6.2f} us/rule"
            f" {seconds / len(objects) * 1e6:7.1f} us/pod {rate:6.3f} M/s  digest {runs[0][1]}"
        )
    print(
        f"{name:9} ratio {ratio:.1f}x ({min(ratios):.1f} to {max(ratios):.1f}, {pairs} pairs),"
        f" compiling {len(sources)} rules {compiling * 1e3:.0f} ms,"
        f" digests {'equal' if len(digests) == 1 else 'DIFFER'}"
    )
    return len(digests) == 1 and ratio >= GOAL


def by_shape(name: str, sources: list[str], objects: Pods) -> None:
    """Print what each shape costs on the fast path, dearest first."""
    environment = Environment({"object": DYN})
    costs = []
    for number, shape in enumerate(cel_rules.SHAPES):
        programs = [environment.compile(s) for s in sources[number :: len(cel_rules.SHAPES)]]
        seconds = min(timed(lambda p=programs: ours(p, objects))[0] for _ in range(3))
        costs.append((seconds / len(programs) / len(objects) * 1e6, shape))
    for cost, shape in sorted(costs, reverse=True):
        print(f"{name:9} {shape:15} {cost:6.2f} us")


def main() -> int:
    """Run the benchmark; 1 if the goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--shapes", action="store_true", help="the cost of each shape instead")
    options = parser.parse_args()
    objects = pods(options.pods)
    reached = True
    for name, make in SPELLINGS.items():
        if options.shapes:
            by_shape(name, make(), objects)
        else:
            reached = compare(name, make(), objects, options.pairs) and reached
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
