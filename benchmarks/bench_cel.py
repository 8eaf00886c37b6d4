"""Sixty of our rules on generated pods: our compiled CEL against Google's cel-cpp binding.

    python -m benchmarks.bench_cel [--pods 1000] [--pairs 7] [--rules]

Both evaluate identical expressions on the same decoded pods in one process, in turns (A B A B); the
figure is the median of the ratios of pairs. A digest of all verdicts is taken of each: they must be
equal, errors included. The last line is a JSON object; the exit code is 1 if the goal was missed.
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
from itertools import pairwise
from typing import Any, Final, NamedTuple

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from auditor.analysis.shapes import prepare
from auditor.cel import BOOL, DYN, CelEvalError, Environment, Program
from auditor.platforms import PLATFORMS
from benchmarks.cel_rules import COUNT, KIND, Condition, conditions
from benchmarks.generate import pod, pod_spec

GOAL: Final = 8.0
ERROR: Final = "error"
VARIABLES: Final = ("object", "params")
Verdicts = list[object]
Pods = list[dict[str, Any]]


class Run(NamedTuple):
    """How long all rules on all pods took, and what came out."""

    seconds: float
    digest: str


def pods(count: int) -> Pods:
    """Pods as rules see them: decoded, no string object shared, with their owner."""
    random_ = random.Random(11)
    made = []
    for number in range(count):
        each = pod(number, pod_spec(random_), number, random_)
        metadata = each["metadata"]
        each["owner"] = {
            "apiVersion": "apps/v1",
            "kind": random_.choice(("Deployment", "StatefulSet", "Job")),
            "name": metadata["labels"]["app"],
            "namespace": metadata["namespace"],
        }
        made.append(prepare(PLATFORMS.shape_of(KIND), json.loads(json.dumps(each))))
    return made


def compile_ours(rules: list[Condition]) -> list[Program]:
    """Compile as the policies are compiled, with types for the parameters."""
    types = {name: kind for rule in rules for name, kind in rule.types.items()}
    environment = Environment(dict.fromkeys(VARIABLES, DYN), fields={"params": types})
    return [environment.compile(rule.source, expect=BOOL) for rule in rules]


def parameters(rules: list[Condition]) -> dict[str, object]:
    """The parameters of all rules in one map, which every rule gets."""
    merged: dict[str, object] = {}
    for rule in rules:
        for name, value in rule.params.items():
            if merged.setdefault(name, value) != value:
                raise ValueError(f"two rules have different defaults for {name}")
    return merged


def ours(programs: list[Program], params: object, objects: Pods) -> Verdicts:
    """Evaluate as the engine does: the fast path, and whatever it refuses by the interpreter."""
    rules = [(program.fast, program) for program in programs]
    verdicts: Verdicts = []
    keep = verdicts.append
    for each in objects:
        for fast, program in rules:
            try:
                keep(fast(each, params))
            except Exception:  # noqa: BLE001  # the contract of Program.fast
                keep(slow(program, each, params))
    return verdicts


def slow(program: Program, each: object, params: object) -> object:
    """What the interpreter says."""
    try:
        return program.exact(each, params)
    except CelEvalError:
        return ERROR


def peer() -> Any:
    """The binding's environment, with the extensions that it has and our rules use."""
    extensions = (ext_bindings.ExtBindings, ext_optional.ExtOptional, ext_strings.ExtStrings)
    return cel.NewEnv(
        variables=dict.fromkeys(VARIABLES, cel.Type.DYN),
        extensions=[extension() for extension in extensions],
    )


def comparable(rules: list[Condition]) -> tuple[list[Condition], list[str]]:
    """The first sixty rules that the binding has all functions for, and the names of others."""
    other, found, left_out = peer(), [], []
    for rule in rules:
        try:
            other.compile(rule.source)
        except RuntimeError:
            left_out.append(rule.rule)
        else:
            found.append(rule)
    return found[:COUNT], left_out


def theirs(environment: Any, expressions: list[Any], params: object, objects: Pods) -> Verdicts:
    """Evaluate with the binding: one lazy conversion of a pod for all rules."""
    verdicts: Verdicts = []
    for each in objects:
        activation = environment.Activation({"object": each, "params": params})
        for expression in expressions:
            result = expression.eval(activation)
            verdicts.append(ERROR if str(result.type()).startswith("ERROR") else result.value())
    return verdicts


def timed(run: Callable[[], Verdicts]) -> Run:
    """Seconds, and the digest of the verdicts."""
    gc.collect()
    start = time.perf_counter()
    verdicts = run()
    seconds = time.perf_counter() - start
    return Run(seconds, hashlib.sha256(repr(verdicts).encode()).hexdigest()[:16])


def compare(rules: list[Condition], objects: Pods, pairs: int) -> dict[str, object]:
    """Run in pairs, after one run of each to warm up."""
    start = time.perf_counter()
    programs = compile_ours(rules)
    compiling = time.perf_counter() - start
    other = peer()
    expressions = [other.compile(rule.source) for rule in rules]
    params = parameters(rules)
    runs: list[Run] = []
    for _ in range(pairs + 1):
        runs.append(timed(lambda: ours(programs, params, objects)))
        runs.append(timed(lambda: theirs(other, expressions, params, objects)))
    a, b = runs[2::2], runs[3::2]
    ratios = [there.seconds / here.seconds for here, there in zip(a, b, strict=True)]
    evaluations = len(rules) * len(objects)
    return {
        "name": "cel",
        "ratio": round(statistics.median(ratios), 2),
        "spread": [round(min(ratios), 2), round(max(ratios), 2)],
        "goal": GOAL,
        "pairs": pairs,
        "rules": len(rules),
        "pods": len(objects),
        "microseconds": round(statistics.median(run.seconds for run in a) / evaluations * 1e6, 3),
        "peer": "cel-expr-python",
        "peer_microseconds": round(
            statistics.median(run.seconds for run in b) / evaluations * 1e6, 3
        ),
        "compile_milliseconds": round(compiling * 1e3, 1),
        "digest": runs[0].digest,
        "equal": all(one.digest == other.digest for one, other in pairwise(runs)),
    }


def by_rule(rules: list[Condition], objects: Pods) -> None:
    """Print what each rule costs, dearest first."""
    costs = []
    for rule in rules:
        compiled = compile_ours([rule])
        params = rule.params
        runs = [timed(lambda a=compiled, b=params: ours(a, b, objects)) for _ in range(3)]
        seconds = min(run.seconds for run in runs)
        costs.append((seconds / len(objects) * 1e6, rule.rule))
    for cost, name in sorted(costs, reverse=True):
        print(f"{cost:8.2f} us  {name}")


def main() -> int:
    """Run the benchmark; 1 if the goal was missed or a verdict differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--rules", action="store_true", help="print the cost of each rule instead")
    options = parser.parse_args()
    rules, left_out = comparable(conditions())
    objects = pods(options.pods)
    if options.rules:
        by_rule(rules, objects)
        return 0
    found = {**compare(rules, objects, options.pairs), "left_out": left_out}
    print(
        "CEL, {rules} rules on {pods} pods: {ratio:.1f} times as fast as {peer}"
        " ({spread[0]:.1f} to {spread[1]:.1f} in {pairs} pairs; goal {goal:.0f}):"
        " {microseconds:.2f} us a rule, not {peer_microseconds:.2f} us;"
        " digest {digest}".format(**found)
        + ("" if found["equal"] else "; THE VERDICTS DIFFER")
    )
    print(json.dumps(found))
    return 0 if found["equal"] and float(str(found["ratio"])) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
