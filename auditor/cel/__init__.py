"""The rule language: CEL as Kubernetes has it, compiled to Python.

An :class:`Environment` names the variables; ``compile`` makes a :class:`Program` of a source text::

    environment = Environment({"object": DYN})
    program = environment.compile("object.spec.replicas > 1", expect=BOOL)
    program.run({"spec": {"replicas": 3}})

The package stands alone: it imports nothing of ours from outside and nothing that is not in Python.
Importing it is cheap; its parts are imported when one of the names below is first used.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it; importing typing would take longer than this
if TYPE_CHECKING:
    from auditor.cel.cost import Estimate
    from auditor.cel.environment import Environment
    from auditor.cel.errors import (
        CelCheckError,
        CelCompileError,
        CelError,
        CelEvalError,
        CelLimitError,
        CelSyntaxError,
    )
    from auditor.cel.functions import Function, Library, Signature
    from auditor.cel.limits import Limits, Sizes
    from auditor.cel.program import Program
    from auditor.cel.provenance import ABSENT, LACKS, Origin, Read
    from auditor.cel.reads import ReadTree, digest, merge, prune
    from auditor.cel.tracing import Trace
    from auditor.cel.types import (
        BOOL,
        BYTES,
        DOUBLE,
        DURATION,
        DYN,
        INT,
        NULL,
        STRING,
        TIMESTAMP,
        UINT,
        Type,
        list_of,
        map_of,
        optional_of,
    )
    from auditor.cel.values import UNUSABLE
    from auditor.cel.wants import Wants

__all__ = [
    "ABSENT",
    "BOOL",
    "BYTES",
    "DOUBLE",
    "DURATION",
    "DYN",
    "INT",
    "LACKS",
    "NULL",
    "STRING",
    "TIMESTAMP",
    "UINT",
    "UNUSABLE",
    "CelCheckError",
    "CelCompileError",
    "CelError",
    "CelEvalError",
    "CelLimitError",
    "CelSyntaxError",
    "Environment",
    "Estimate",
    "Function",
    "Library",
    "Limits",
    "Origin",
    "Program",
    "Read",
    "ReadTree",
    "Signature",
    "Sizes",
    "Trace",
    "Type",
    "Wants",
    "digest",
    "list_of",
    "map_of",
    "merge",
    "optional_of",
    "prune",
]

_ERRORS = (
    "CelCheckError",
    "CelCompileError",
    "CelError",
    "CelEvalError",
    "CelLimitError",
    "CelSyntaxError",
)
_TYPES = (
    "BOOL",
    "BYTES",
    "DOUBLE",
    "DURATION",
    "DYN",
    "INT",
    "NULL",
    "STRING",
    "TIMESTAMP",
    "UINT",
)
_MODULE_OF = {
    **dict.fromkeys(_ERRORS, "errors"),
    **dict.fromkeys((*_TYPES, "Type", "list_of", "map_of", "optional_of"), "types"),
    **dict.fromkeys(("Function", "Library", "Signature"), "functions"),
    **dict.fromkeys(("ReadTree", "digest", "merge", "prune"), "reads"),
    **dict.fromkeys(("ABSENT", "LACKS", "Origin", "Read"), "provenance"),
    "Trace": "tracing",
    "UNUSABLE": "values",
    "Wants": "wants",
    "Environment": "environment",
    "Estimate": "cost",
    "Limits": "limits",
    "Sizes": "limits",
    "Program": "program",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
