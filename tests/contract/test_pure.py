"""What decides can't look: no clock, chance, network, process or environment in the pure core."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cases import every

ROOT = Path(__file__).parents[2]
PURE = ("model", "cel", "analysis", "engine", "policy")
Modules = Mapping[str, ast.Module]
MODULES = frozenset(
    {
        *("time", "random", "secrets", "uuid", "socket", "ssl", "select", "subprocess", "signal"),
        *("urllib", "http", "ftplib", "smtplib", "threading", "asyncio", "multiprocessing"),
        *("concurrent", "locale", "getpass", "platform", "ctypes", "tempfile", "shutil", "gc"),
        *("collectors", "reports", "click"),
    }
)
"""What no module of the pure core imports."""
POLICY_FILES = frozenset({"os", "pathlib", "glob", "io", "tempfile"})
"""What only the policy loader may import: it reads policies, and keeps what it made of them."""
ATTRIBUTES = frozenset(
    {
        *("environ", "environb", "getenv", "now", "utcnow", "today", "fromtimestamp"),
        *("getcwd", "cwd", "home", "expanduser", "expandvars", "system", "popen", "fork"),
        *("perf_counter", "monotonic", "urandom", "getrandbits"),
    }
)
BUILTINS = frozenset({"input", "print", "eval", "breakpoint"})


@pytest.fixture(scope="module")
def modules() -> Modules:
    """The modules of the pure core by their paths, which say of which package they are."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(), str(path))
        for package in PURE
        for path in sorted((ROOT / "auditor" / package).rglob("*.py"))
    }


def of_policy(modules: Modules, *, wanted: bool) -> Modules:
    """Those of the package that reads policies, or all others."""
    folder = str(Path("auditor", "policy"))
    return {
        name: tree for name, tree in modules.items() if (str(Path(name).parent) == folder) is wanted
    }


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


@pytest.mark.parametrize("reads", [True, False], ids=["policy", "others"])
def test_imports(modules: Modules, *, reads: bool) -> None:
    banned = (MODULES | POLICY_FILES) - (POLICY_FILES if reads else frozenset[str]())

    def imports_none(tree: ast.Module) -> None:
        found = [
            f"line {line}: {name}"
            for line, name in imports(tree)
            if name.partition(".")[0] in banned
        ]
        assert found == []

    every(of_policy(modules, wanted=reads), imports_none)


@pytest.mark.parametrize("reads", [True, False], ids=["policy", "others"])
def test_calls(modules: Modules, *, reads: bool) -> None:
    banned = BUILTINS if reads else BUILTINS | {"open"}

    def calls_none(tree: ast.Module) -> None:
        found = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
                found.append(f"line {node.lineno}: .{node.attr}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in banned:
                    found.append(f"line {node.lineno}: {name}()")
        assert found == []

    every(of_policy(modules, wanted=reads), calls_none)


def test_no_module_has_a_state(modules: Modules) -> None:
    every(modules, has_no_state)


def has_no_state(tree: ast.Module) -> None:
    """No ``global``, and no empty container at the top that something would have to fill."""
    found = [
        f"line {node.lineno}: global" for node in ast.walk(tree) if isinstance(node, ast.Global)
    ]
    for node in tree.body:
        value = getattr(node, "value", None)
        empty = (isinstance(value, ast.Dict) and not value.keys) or (
            isinstance(value, ast.List) and not value.elts
        )
        if isinstance(node, ast.Assign | ast.AnnAssign) and empty:
            found.append(f"line {node.lineno}: an empty container")
    assert found == []
