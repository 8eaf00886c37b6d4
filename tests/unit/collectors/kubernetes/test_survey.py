"""Charts and kustomizations of a folder: one gap a tree, and which files only change others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from auditor.model.resource import Gap, Target
from collectors.documents.collector import PARTIAL, FilesCollector
from collectors.kubernetes.manifests.recogniser import MANIFESTS

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
K = "kustomization.yaml"


class Case(NamedTuple):
    """The files of a folder; its gaps as (scope, detail), and its partial files."""

    files: Mapping[str, str]
    gaps: Mapping[str, str] = {}
    partial: tuple[str, ...] = ()


ALONE = "a kustomization that was not rendered"
CHART = "a Helm chart that was not rendered"
CASES = {
    "one": Case({K: "resources: [a.yaml]\n", "a.yaml": POD}, {".": ALONE}),
    "an overlay and its base": Case(
        {f"over/{K}": "resources: [../base]\n", f"base/{K}": "resources: []\n"},
        {"over": f"{ALONE}, with 1 that it includes"},
    ),
    "a base, a component, an old base": Case(
        {
            f"over/{K}": "resources: [../base/]\ncomponents: [../c]\nbases: [../old]\n",
            f"base/{K}": "",
            f"c/{K}": "kind: Component\n",
            f"old/{K}": "",
        },
        {"over": f"{ALONE}, with 3 that it includes"},
    ),
    "two overlays of one base": Case(
        {
            f"over/prod/{K}": "resources: [../../base]\n",
            f"over/dev/{K}": "resources: [../../base]\n",
            f"base/{K}": "",
        },
        {
            "over/dev": "2 kustomizations that were not rendered, with 1 that they include: "
            "over/dev, over/prod"
        },
    ),
    "many overlays": Case(
        {f"base/{K}": "", **{f"o{n}/{K}": "resources: [../base]\n" for n in range(8)}},
        {
            "o0": "8 kustomizations that were not rendered, with 1 that they include: "
            "o0, o1, o2, o3, o4 and 3 more"
        },
    ),
    "two trees": Case({f"a/{K}": "", f"b/{K}": ""}, {"a": ALONE, "b": ALONE}),
    "a circle": Case(
        {f"a/{K}": "resources: [../b]\n", f"b/{K}": "resources: [../a]\n"},
        {"a": f"{ALONE}, with 1 that it includes"},
    ),
    "itself": Case({f"a/{K}": "resources: [.]\n"}, {"a": ALONE}),
    "one that is not YAML": Case(
        {f"a/{K}": "resources: [\n"}, {"a": f"{ALONE}; a/{K}: not valid YAML: "}
    ),
    "one that is a list": Case({K: "- a\n"}, {".": f"{ALONE}; {K}: it is not a map"}),
    "two files": Case(
        {K: "", "Kustomization": ""}, {".": f"{ALONE}; {K}: {K} and Kustomization are both there"}
    ),
    "all kinds of patches": Case(
        {
            K: (
                "patches: [{path: a.yaml}, {patch: '- op: x'}]\n"
                "patchesStrategicMerge: [b.yaml, '$patch: delete\\nkind: Pod']\n"
                "patchesJson6902: [{path: c.json}]\n"
                "replacements: [{path: d.yaml}]\nconfigurations: [e.yaml]\n"
                "transformers: [f.yaml, plugins]\nresources: [g.yaml]\n"
            ),
            f"plugins/{K}": "resources: [h.yaml]\n",
            **dict.fromkeys(("a.yaml", "b.yaml", "c.json", "d.yaml", "e.yaml"), POD),
            **dict.fromkeys(("f.yaml", "g.yaml", "plugins/h.yaml", "plugins/i.yaml"), POD),
        },
        {".": f"{ALONE}, with 1 that it includes"},
        ("a.yaml", "b.yaml", "c.json", "d.yaml", "e.yaml", "f.yaml", "plugins/h.yaml"),
    ),
    "a patch of a base above": Case(
        {f"over/{K}": "patches: [{path: ../p.yaml}]\n", "p.yaml": POD},
        {"over": ALONE},
        ("p.yaml",),
    ),
    "a patch that another includes": Case(
        {
            f"a/{K}": "patches: [{path: ../p.yaml}]\n",
            f"b/{K}": "resources: [../p.yaml]\n",
            "p.yaml": POD,
        },
        {"a": ALONE, "b": ALONE},
    ),
    "a patch that is not there, and one outside": Case(
        {K: "patches: [{path: no.yaml}, {path: ../../x.yaml}, {path: /etc/passwd}]\n"},
        {".": ALONE},
    ),
    "fields of other types": Case(
        {K: "resources: {a: b}\npatches: x\ncomponents: [1, {a: b}]\nopenapi: 3\n"}, {".": ALONE}
    ),
    "a chart": Case({"c/Chart.yaml": "name: c\n", "c/templates/a.yaml": POD}, {"c": CHART}),
    "a chart with another": Case(
        {
            "c/Chart.yaml": "name: c\n",
            "c/templates/a.yaml": POD,
            "c/charts/d/Chart.yaml": "name: d\n",
            "c/charts/d/templates/a.yaml": POD,
            "c/charts/d/charts/e/Chart.yaml": "name: e\n",
            "c/charts/d/charts/e/templates/a.yaml": POD,
        },
        {"c": f"{CHART}, with 2 in its charts folder"},
    ),
    "charts side by side": Case(
        {
            "charts/c/Chart.yaml": "name: c\n",
            "charts/c/templates/a.yaml": POD,
            "charts/d/Chart.yaml": "name: d\n",
            "charts/d/templates/a.yaml": POD,
        },
        {"charts/c": CHART, "charts/d": CHART},
    ),
    "a library of templates": Case(
        {"c/Chart.yaml": "type: library\n", "c/templates/_a.tpl": "{{ define }}"}
    ),
}


def planned(root: Path, files: Mapping[str, str]) -> tuple[tuple[Gap, ...], set[str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plan = FilesCollector(Target("t", "files"), root, (MANIFESTS,)).plan(lambda _: 1)
    return plan.gaps, {item for shard in plan.shards for item in shard.items}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_tree_is_one_gap(case: Case, tmp_path: Path) -> None:
    gaps, items = planned(tmp_path, case.files)
    assert sorted(gap.scope for gap in gaps) == sorted(case.gaps)
    for gap in gaps:
        wanted = case.gaps[gap.scope]
        assert gap.detail.startswith(wanted) if wanted.endswith(" ") else gap.detail == wanted
    partial = {item.removesuffix(PARTIAL) for item in items if item.endswith(PARTIAL)}
    assert partial == set(case.partial)


def test_each_gap_says_what_closes_it(tmp_path: Path) -> None:
    files = {
        f"a b/{K}": "",
        f"o1/{K}": "resources: [../x]\n",
        f"o2/{K}": "resources: [../x]\n",
        f"x/{K}": "",
        "c/Chart.yaml": "",
        "c/templates/a.yaml": POD,
    }
    gaps, _ = planned(tmp_path, files)
    assert {gap.scope: gap.hint for gap in gaps} == {
        "a b": "auditor scan t --render, or: kubectl kustomize 't/a b' | auditor scan -",
        "c": "auditor scan t --render, or: helm template NAME t/c | auditor scan -",
        "o1": "auditor scan t --render, or: kubectl kustomize t/o1 | auditor scan -, "
        "and so the others",
    }


def test_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / K).write_text("resources: []\n")
    root.mkdir()
    (root / "base").symlink_to(outside, target_is_directory=True)
    (root / "p.yaml").symlink_to(outside / K)
    gaps, items = planned(root, {K: "resources: [base]\npatches: [{path: p.yaml}]\n"})
    assert [gap.detail for gap in gaps if gap.scope == "."] == [ALONE]
    assert items == set()


def test_large_kustomization_is_not_read(tmp_path: Path) -> None:
    gaps, _ = planned(tmp_path, {K: "# " + "x" * (1 << 20) + "\n"})
    assert [gap.detail for gap in gaps] == [f"{ALONE}; {K}: more than 1,048,576 bytes"]
