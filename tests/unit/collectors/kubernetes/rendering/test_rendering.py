"""A whole target is rendered within its time, and each folder by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.enums import GapCause
from auditor.model.resource import Target
from collectors.documents.collector import FilesCollector
from collectors.documents.rendered import Rendering
from collectors.kubernetes.manifests.recogniser import MANIFESTS
from collectors.kubernetes.rendering.rendering import Options, render
from collectors.programs.sandbox import Limits
from tests.unit.collectors.kubernetes.rendering.fakes import POD, VERSION, printing, program

pytestmark = pytest.mark.process

SHORT = Limits(seconds=2.0, size=1 << 16)


def collector(root: Path, *folders: str) -> FilesCollector:
    for folder in folders:
        (root / folder).mkdir(parents=True)
        (root / folder / "kustomization.yaml").write_text("resources: [pod.yaml]\n")
        (root / folder / "pod.yaml").write_text(POD)
    return FilesCollector(Target("t", "files", notes=("before",)), root, (MANIFESTS,))


def rendering(made: FilesCollector) -> Rendering:
    assert made.rendering is not None
    return made.rendering


def options(tmp_path: Path, body: str, limits: Limits = SHORT, seconds: float = 60.0) -> Options:
    program(tmp_path / "tools", "kustomize", VERSION + body)
    path = str(tmp_path / "tools")
    return Options(path, tmp_path / "scratch", limits=limits, seconds=seconds)


FAULTS = {
    "hangs": ("time.sleep(600)", GapCause.TIMEOUT, "it did not end within 2 s"),
    "prints without end": (
        "[sys.stdout.write('- a\\n') for _ in iter(int, 1)]",
        GapCause.TRUNCATED,
        "it printed more than 65,536 bytes",
    ),
    "ends without a word": (
        "os._exit(9)",
        GapCause.UNSUPPORTED,
        "it ended with code 9, and said nothing",
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_one_that_fails_costs_itself(case: tuple[str, GapCause, str], tmp_path: Path) -> None:
    fault, cause, why = case
    chosen = options(tmp_path, f"if 'bad' in arguments[-1]: {fault}\nsys.stdout.write({POD!r})")
    made = rendering(render(collector(tmp_path / "tree", "bad", "good"), chosen))
    assert [each.folder for each in made.folders] == ["good"]
    (gap,) = made.gaps
    assert (gap.scope, gap.cause) == ("bad", cause)
    assert gap.detail == f"a kustomization that was not rendered: {why}"
    assert made.replaced == {"good/pod.yaml"}


def test_all_together_have_a_time(tmp_path: Path) -> None:
    chosen = options(tmp_path, f"sys.stdout.write({POD!r})", seconds=0.0)
    made = rendering(render(collector(tmp_path / "tree", "a", "b"), chosen))
    assert [(each.scope, each.cause) for each in made.gaps] == [
        ("a", GapCause.TIMEOUT),
        ("b", GapCause.TIMEOUT),
    ]
    assert made.notes == ()


def test_target_says_by_what_it_was_rendered(tmp_path: Path) -> None:
    made = render(
        collector(tmp_path / "tree", "a"), options(tmp_path, f"sys.stdout.write({POD!r})")
    )
    before, note = made.target.notes
    assert before == "before"
    assert note.startswith("kustomize v9.9.9 rendered 1 kustomization (kustomize build")
    (folder,) = rendering(made).folders
    assert folder.how == "kustomize v9.9.9: kustomize build a"


def test_nothing_to_render_needs_no_program(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    plain = collector(tmp_path / "tree")
    assert render(plain, Options("", tmp_path / "scratch")) is plain


def test_kubectl_is_taken_where_there_is_no_kustomize(tmp_path: Path) -> None:
    body = f"{VERSION}sys.stdout.write({POD!r} if arguments[0] == 'kustomize' else '')"
    program(tmp_path / "tools", "kubectl", body)
    chosen = Options(str(tmp_path / "tools"), tmp_path / "scratch")
    (folder,) = rendering(render(collector(tmp_path / "tree", "a"), chosen)).folders
    assert folder.how == "kubectl v9.9.9: kubectl kustomize a"
    assert folder.size == len(POD)


def test_program_that_is_a_link_into_the_target_is_not_run(tmp_path: Path) -> None:
    found = collector(tmp_path / "tree", "a")
    program(tmp_path / "tree" / "bin", "kustomize", printing())
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "kustomize").symlink_to(tmp_path / "tree" / "bin" / "kustomize")
    chosen = Options(os.pathsep.join((str(tmp_path / "tools"), "")), tmp_path / "scratch")
    with pytest.raises(UsageError, match="it is in what is audited"):
        render(found, chosen)
