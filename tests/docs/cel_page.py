"""The page of all functions that a condition may call, from the tables that the checker uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from auditor.cel.functions import NEVER, Function, Signature
from auditor.cel.library import LIBRARIES
from auditor.cel.stdlib import STDLIB

HEAD = """\
# Functions of conditions

Made by `make docs` from the tables that the checker uses. The macros (`has`, `all`, `exists`,
`exists_one`, `filter`, `map`, their forms with two variables, `optMap`, `optFlatMap`, `cel.bind`)
and the operators are in [the description of the language](../auditor/cel/README.md), with all
differences to Kubernetes.

"since" is the Kubernetes minor version whose API server first has the function; nothing there
means from the start, "never" that no API server has it: a rule that calls it can't be exported.
"""


def cel_page() -> str:
    """The text of ``docs/cel-functions.md``."""
    tables = {"standard": tuple(STDLIB.values())}
    for name in sorted(LIBRARIES):
        tables[name] = import_module(f"auditor.cel.library.{name}").FUNCTIONS
    return HEAD + "".join(_section(name, functions) for name, functions in tables.items())


def _section(library: str, functions: Sequence[Function]) -> str:
    rows = sorted(
        {
            f"| `{_shown(function.name, signature)}` | {signature.since} |"
            for function in functions
            for signature in _told(function)
        },
        key=lambda row: row.replace("`", "").lower(),
    )
    title = library.replace("_", " ")
    return "\n".join(("", f"## {title}", "", "| call | since |", "|---|---|", *rows, ""))


def _told(function: Function) -> Iterator[Signature]:
    """The overloads, but of those that differ only in their number of arguments the first few."""
    for signature in function.signatures:
        if len(signature.args) <= 3 or function.since != NEVER:
            yield signature


def _shown(name: str, signature: Signature) -> str:
    arguments = ", ".join(str(each).removeprefix("?") for each in signature.args)
    call = f"{name}({arguments})"
    if signature.receiver is not None:
        call = f"{signature.receiver}.{call}"
    return f"{call} → {signature.result}".replace("?", "").replace("|", "\\|")
