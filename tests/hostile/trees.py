"""Files that no auditor wants to meet, each with what is to be said of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POD = """apiVersion: v1
kind: Pod
metadata: {name: shell, namespace: ml}
spec:
  containers:
  - name: main
    image: example.org/shell:1.0
    securityContext: {privileged: true}
"""
QUIET = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: quiet, namespace: ml}\ndata: {a: b}\n"
BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)
MERGE_BOMB = "a0: &a0 {x: y}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 10)
)
CHAIN = "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {{x: *a{i - 1}}}\n" for i in range(1, 2_000))
HEAD = "apiVersion: v1\nkind: Pod\n"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file below the target: how to make it, and the gap that it leaves."""

    path: str
    content: str | bytes | Callable[[Path], None]
    cause: str
    detail: str
    hint: str = ""
    line: int = 0

    def make(self, root: Path) -> None:
        place = root / self.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if callable(self.content):
            self.content(place)
        elif isinstance(self.content, bytes):
            place.write_bytes(self.content)
        else:
            place.write_text(self.content)


def sparse(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(2 << 30)


def listening(place: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)  # the path of a socket may have no more than a hundred bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(place.name)
    finally:
        os.chdir(here)


def linked(destination: str) -> Callable[[Path], None]:
    return lambda place: place.symlink_to(destination)


DEEP = "nested deeper than 256 levels"
HELM = "helm template NAME CHART | auditor scan -"
HOSTILE = {
    case.path: case
    for case in (
        Hostile("broken.yaml", "kind: [1\nb: }\n", "malformed", "not valid YAML: did", line=2),
        Hostile("broken.json", '{"kind": 1,\n "b" 2}', "malformed", "expected ':'", line=2),
        Hostile("letters.yaml", 'a: ["\\x6bind"\nb: }\n', "malformed", "not valid YAML", line=2),
        Hostile("folded.yaml", 'a: ["ki\\\n nd"\nb: }\n', "malformed", "not valid YAML", line=3),
        Hostile("base64.yaml", "!!binary a2luZA==: [\nb: }\n", "malformed", "not valid", line=2),
        Hostile("kelvin.json", '{"\u212aind": 1,\n "b" 2}', "malformed", "expected ':'", line=2),
        Hostile("cut.json", '{"kind": "PodList", "items": [{"a', "malformed", "truncated", line=1),
        Hostile("tab.yaml", "kind:\n\tb: 1\n", "malformed", "cannot start any token", line=2),
        Hostile("bomb.yaml", BOMB, "malformed", "aliases add more than 250,000 nodes"),
        Hostile("merges.yaml", MERGE_BOMB, "malformed", "aliases add more than 250,000 nodes"),
        Hostile("chain.yaml", CHAIN, "malformed", DEEP),
        Hostile("itself.yaml", "a: &a [*a]\n", "malformed", "an alias contains itself", line=1),
        Hostile("flow.yaml", "[" * 100_000 + "]" * 100_000, "malformed", DEEP, "no Kubernetes"),
        Hostile("flow-maps.yaml", '{"a":' * 100_000 + "1" + "}" * 100_000, "malformed", DEEP),
        Hostile("dashes.yaml", "- " * 100_000 + "a\n", "malformed", DEEP, line=1),
        Hostile(
            "block.yaml",
            "".join(" " * i + "a:\n" for i in range(2_000)),
            "malformed",
            DEEP,
            line=257,
        ),
        Hostile("deep.json", '{"a":' * 100_000 + "1" + "}" * 100_000, "malformed", DEEP),
        Hostile(
            "deep-item.json",
            '{"kind":"PodList","apiVersion":"v1","items":[' + "[" * 100_000 + "]" * 100_000 + "]}",
            "malformed",
            DEEP,
        ),
        Hostile(
            "deep-field.json",
            '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"deep"},"spec":'
            + '{"a":' * 700
            + '"hf_0123456789abcdefghijklmnopqrstuvwxyz"'
            + "}" * 701,
            "malformed",
            DEEP,
        ),
        Hostile("sparse.yaml", sparse, "truncated", "2,147,483,648 bytes", "--chunk-size"),
        Hostile(
            "latin.yaml", b"a: 1\nb: \xe9\n", "malformed", "not UTF-8: byte 8", "as UTF-8", line=2
        ),
        Hostile("latin.json", b'{"a":\n"\xe9"}', "malformed", "not UTF-8", "as UTF-8", line=2),
        Hostile("half.yaml", b"\xff\xfea", "malformed", "not UTF-16", "as UTF-8"),
        Hostile("nul.yaml", b"a: 1\nb: \0\n", "malformed", "a NUL character", "text file", line=2),
        Hostile("pipe.yaml", os.mkfifo, "unsupported", "not a regular file", "not opened"),
        Hostile("socket.yaml", listening, "unsupported", "not a regular file", "not opened"),
        Hostile("nowhere.yaml", linked("missing.yaml"), "unreachable", "leads nowhere"),
        Hostile("loop.yaml", linked("loop.yaml"), "unreachable", "leads nowhere"),
        Hostile(
            "passwd.yaml",
            linked("/etc/passwd"),
            "unsupported",
            "out of the tree",
            "its destination",
        ),
        Hostile("metadata.yaml", HEAD + "metadata: 3\n", "malformed", "metadata is not an object"),
        Hostile(
            "kind.yaml", "apiVersion: v1\nkind: []\n", "malformed", "kind is a list, not", line=2
        ),
        Hostile("version.yaml", "apiVersion: {}\nkind: Pod\n", "malformed", "apiVersion is a map"),
        Hostile(
            "name.yaml",
            HEAD + "metadata: {name: 3}\n",
            "malformed",
            "metadata.name is 3, a number",
            "quote it",
            line=3,
        ),
        Hostile(
            "where.json",
            '{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":[]}}',
            "malformed",
            "metadata.namespace is a list, not a string",
        ),
        Hostile(
            "no.yaml",
            HEAD + "metadata:\n  name: a\n  namespace: n\n",
            "malformed",
            "metadata.namespace is false, a boolean, not a string",
            "n, no, off and false are false in YAML",
            line=5,
        ),
        Hostile(
            "yes.json",
            '[{"apiVersion":"v1","kind":"Pod","metadata":{\n"name":true}}]',
            "malformed",
            "metadata.name is true, a boolean, not a string",
            "quote it",
            line=2,
        ),
        Hostile("labels.yaml", HEAD + "metadata: {labels: [a]}\n", "malformed", "labels is not"),
        Hostile(
            "items.yaml",
            "apiVersion: v1\nkind: List\nitems: {}\n",
            "malformed",
            "items is not a list",
            line=1,
        ),
        Hostile(
            "items.json",
            '{"apiVersion":"v1","kind":"PodList","items":{}}',
            "malformed",
            "items is not a list",
            line=1,
        ),
        Hostile("kind.json", '{"apiVersion":"v1","kind":3}\n', "malformed", "kind is 3, a number"),
        Hostile(
            "lines.json",
            '{"apiVersion":"v1","kind":"Pod"}\n{"kind":3,"apiVersion":"v1"}\n',
            "malformed",
            "kind is 3, a number, not a string",
            line=2,
        ),
        Hostile(
            "second.yaml",
            QUIET + "---\na: }\n---\n" + QUIET.replace("quiet", "third"),
            "malformed",
            "not valid YAML",
            line=6,
        ),
        Hostile(
            "values.tpl.yaml",
            "a: {{ .Values.a }}\nb: {{ c }}\n",
            "unsupported",
            "looks like a Helm template",
            HELM,
            line=1,
        ),
        Hostile(
            "overlay.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
            "unsupported",
            "a kustomization that was not rendered",
            "kubectl kustomize DIR",
            line=1,
        ),
        Hostile(
            "long.yaml",
            "a: &a\n  " + "b" * (9 << 20) + "\n",
            "truncated",
            "a document of 9,437",
            "kubectl get -o json",
            line=1,
        ),
    )
}

SKIPPED = {
    "empty.yaml": ("", 0),
    "blank.yaml": ("\n\n  \n", 0),
    "comments.yaml": ("# nothing\n---\n# here\n", 0),
    "marks.yaml": ("---\n" * 1_000_000, 0),
    "nulls.yaml": ("null\n---\n~\n", 0),
    "values.yaml": ("image: {tag: a}\n", 1),
    "settings.yaml": ("settings: {a: {image: b}}\n---\n- 1\n", 2),
    "text.yaml": ("hello\n", 1),
    "number.json": ("[1, 2]", 1),
    "no-kind.json": ('{"apiVersion": "v1"}', 1),
    "odd-items.yaml": ("apiVersion: v1\nkind: List\nitems: [1, {a: b}, null]\n", 3),
    "no-items.yaml": ("apiVersion: v1\nkind: PodList\nitems: []\n", 0),
    "devcontainer.json": ('{"name": "x", "mounts": ["${localEnv:HOME}"],}', 1),
    "kep.yaml": ("title: x\nauthors: [a, b\nowner: c\n", 1),
    "tabs.yml": ("a:\n\tb: 1\n", 1),
    "huge-scalar.yaml": ("a: " + "x" * (6 << 20) + "\n", 1),
}
