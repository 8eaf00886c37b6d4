"""What decides can't look: no clock, chance, network, process or environment in the pure core."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("model", "cel", "analysis", "engine", "policy")
FILES = [
    pytest.param(path, id=str(path.relative_to(ROOT)))
    for package in PURE
    for path in sorted((ROOT / "auditor" / package).rglob("*.py"))
]
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


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


@pytest.mark.parametrize("path", FILES)
def test_imports(path: Path) -> None:
    allowed = POLICY_FILES if path.parts[-2] == "policy" else frozenset[str]()
    banned = (MODULES | POLICY_FILES) - allowed
    found = [
        f"line {line}: {name}"
        for line, name in imports(ast.parse(path.read_text()))
        if name.partition(".")[0] in banned
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES)
def test_calls(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
            found.append(f"line {node.lineno}: .{node.attr}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in BUILTINS or (name == "open" and path.parts[-2] != "policy"):
                found.append(f"line {node.lineno}: {name}()")
    assert found == []


@pytest.mark.parametrize("path", FILES)
def test_no_module_has_a_state(path: Path) -> None:
    """No ``global``, and no empty container at the top that something would have to fill."""
    tree = ast.parse(path.read_text())
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
