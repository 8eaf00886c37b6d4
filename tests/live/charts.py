"""Charts and overlays, generated: what the real tools make of them is what has to be judged."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import yaml

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
DELETED = "$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n"
CONTEXTS = ({"privileged": True}, {"runAsUser": 0}, {"allowPrivilegeEscalation": False}, {})


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def workload(chance: random.Random, name: str) -> dict[str, object]:
    kind = chance.choice(KINDS)
    labels = {"app": name}
    containers = [
        {
            "name": f"c{number}",
            "image": f"r.io/{name}:{chance.randint(1, 9)}",
            "securityContext": dict(chance.choice(CONTEXTS)),
            **({"args": ["--api-key=a9f8b7c6d5e4f3a2b1"]} if chance.random() < 0.3 else {}),
        }
        for number in range(chance.randint(1, 3))
    ]
    spec: dict[str, object] = {
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": containers, "hostNetwork": chance.random() < 0.3},
        }
    }
    if kind == "Job":
        template = spec["template"]
        assert isinstance(template, dict)
        template["spec"]["restartPolicy"] = "Never"
    else:
        spec["selector"] = {"matchLabels": labels}
    group = "batch/v1" if kind == "Job" else "apps/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}


def overlay(folder: Path, seed: int) -> Path:
    """A base of some workloads, a component, and an overlay that changes all kinds of things."""
    chance = random.Random(seed)
    names = [f"w{seed}-{number}" for number in range(chance.randint(1, 4))]
    loads = {name: workload(chance, name) for name in names}
    files = {f"base/{name}.yaml": yaml.safe_dump(load) for name, load in loads.items()}
    files["base/ns.yaml"] = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ml}\n"
    resources = ["ns.yaml", *(f"{name}.yaml" for name in names)]
    files["base/kustomization.yaml"] = yaml.safe_dump({"resources": resources})
    first = loads[names[0]]
    changed = {
        "apiVersion": first["apiVersion"],
        "kind": first["kind"],
        "metadata": {"name": names[0]},
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "c0", "securityContext": {"privileged": True}}]}
            }
        },
    }
    files["over/p.yaml"] = yaml.safe_dump(changed)
    operation = {"op": "add", "path": "/spec/template/spec/hostPID", "value": True}
    files["over/ops.yaml"] = yaml.safe_dump([operation])
    target = {"kind": str(loads[names[-1]]["kind"]), "name": names[-1]}
    patches: list[object] = [{"path": "p.yaml"}, {"path": "ops.yaml", "target": target}]
    if chance.random() < 0.5:
        files["over/gone.yaml"] = DELETED
        patches.append({"path": "gone.yaml"})
    made: dict[str, object] = {
        "resources": ["../base"],
        "components": ["../component"],
        "patches": patches,
        "configMapGenerator": [{"name": "settings", "literals": ["A=1"]}],
    }
    if chance.random() < 0.5:
        made["namePrefix"] = "dev-"
    if chance.random() < 0.5:
        made["namespace"] = "team"
    files["over/kustomization.yaml"] = yaml.safe_dump(made)
    files["component/kustomization.yaml"] = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "images: [{name: r.io/x, newTag: '2'}]\ncommonAnnotations: {a: b}\n"
    )
    return written(folder, files)


def chart(folder: Path, seed: int) -> Path:
    """A chart whose templates are workloads, with values that change them, and one in it."""
    chance = random.Random(seed)
    files = {}
    for place in ("demo", "demo/charts/sub"):
        name = place.rpartition("/")[2]
        files[f"{place}/Chart.yaml"] = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n"
        files[f"{place}/values.yaml"] = "privileged: false\ntag: latest\n"
        for number in range(chance.randint(1, 3)):
            text = yaml.safe_dump(workload(chance, f"{name}-{number}"))
            text = text.replace("privileged: true", "privileged: {{ .Values.privileged }}")
            lead = "{{- if .Values.tag }}\n" if chance.random() < 0.5 else ""
            files[f"{place}/templates/t{number}.yaml"] = (
                lead + text + ("{{- end }}\n" if lead else "")
            )
    files["values-prod.yaml"] = "privileged: true\nsub: {privileged: true}\n"
    return written(folder, files)
