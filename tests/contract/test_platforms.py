"""Every live target that can be typed is one of a platform: else nothing is wanted of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from auditor.cli.wiring import SHIPPED
from auditor.platforms import PLATFORMS
from tests.cases import every

ROOT = Path(__file__).parents[2]


def test_schemes_of_collectors_are_those_of_platforms() -> None:
    schemes = {scheme for platform in PLATFORMS for scheme in platform.schemes}
    assert set(SHIPPED.collectors) == set(SHIPPED.readers) == schemes


def test_a_platform_wants_what_rules_name() -> None:
    """A target of each scheme is told apart from files, of which nothing is asked."""
    for scheme in SHIPPED.collectors:
        assert PLATFORMS.of_target(f"{scheme}://x") is not None, scheme


CORE = ("engine", "policy", "runner", "evidence")
NAMES = re.compile("k8s|kube|docker|vsphere|vcenter|esxi", re.IGNORECASE)
"""What platforms are called, and their schemes: only the file of a platform may say them."""


OWN_WORDS = {
    "reports/html/network.py": {"kubelet", "kubelets"},
    "reports/policy_reports.py": {"wgpolicyk8s.io/v1alpha2", "app.kubernetes.io/managed-by"},
}
"""What a section calls a place of its facts, and what the schema of a format calls things."""


def words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The names and the strings of a module, apart from what is written for its readers."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(str(text)) if id(node) not in docs | alone:
                yield node.lineno, text
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text):
                yield node.lineno, text
            case ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text
            case ast.ImportFrom(module=str(text)):
                yield node.lineno, text
            case ast.alias(name=text):
                yield 0, text
            case _:
                pass


FILES = {
    str(path.relative_to(ROOT)): path
    for folder in (*(ROOT / "auditor" / name for name in CORE), ROOT / "reports")
    for path in sorted(folder.rglob("*.py"))
}


def test_no_platform_is_named() -> None:
    every(FILES, names_no_platform)


def names_no_platform(path: Path) -> None:
    own = OWN_WORDS.get(str(path.relative_to(ROOT)), frozenset())
    found = [
        f"{path.name}:{line}: {text}"
        for line, text in words(ast.parse(path.read_text()))
        if NAMES.search(text) and text not in own
    ]
    assert found == []


def test_own_words_are_said() -> None:
    for name, own in OWN_WORDS.items():
        assert own <= {text for _, text in words(ast.parse((ROOT / name).read_text()))}, name


def test_a_name_would_be_found() -> None:
    said = '"""k8s"""\nimport kubernetes\nkube = "docker://"\ndef f(vsphere):\n    "k8s"\n'
    texts = {text for _, text in words(ast.parse(said)) if NAMES.search(text)}
    assert texts == {"kubernetes", "kube", "docker://", "vsphere"}
