"""Every chart and every root of kustomizations of a folder, rendered; or a gap for each."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from collectors.documents.blocks import Memory
from collectors.documents.collector import FilesCollector
from collectors.documents.reading import FileReading
from collectors.documents.regular import read_regular
from collectors.documents.rendered import Rendered, Rendering, Standing
from collectors.documents.tree import FolderTree
from collectors.documents.walk import shown
from collectors.kubernetes.manifests.survey import charts_of, groves_of, is_library, survey
from collectors.kubernetes.rendering import helm, kustomize
from collectors.kubernetes.rendering.programs import HELM, KUSTOMIZE, Program, program
from collectors.kubernetes.rendering.standing import Known, Templates, of_chart
from collectors.programs.said import reason
from collectors.programs.sandbox import Limits, Outcome, Sandbox

KUSTOMIZATION: Final = "a kustomization"
CHART: Final = "a Helm chart"
_SECONDS: Final = 900.0
"""For all of a target together."""


class Options(msgspec.Struct, frozen=True):
    """How to render: all of it is the user's, nothing is of what is audited.

    ``path`` are the folders of programs, ``scratch`` is a folder of this run. ``kustomize`` and
    ``helm`` name programs, "" to look for them; ``values`` are files for charts.
    """

    path: str
    scratch: Path
    kustomize: str = ""
    helm: str = ""
    values: tuple[Path, ...] = ()
    limits: Limits = Limits()
    seconds: float = _SECONDS


def render(collector: FilesCollector, options: Options) -> FilesCollector:
    """Render what of a target has to be; the collector of the same target with that.

    Raises:
        CollectionError: the whole target can't be read.
        UsageError: a program or a file of values that was named is not there.
    """
    tree = collector.tree()
    if tree is None:
        return collector
    made = _Renderer(collector, tree, options).rendering()
    target = msgspec.structs.replace(collector.target, notes=(*collector.target.notes, *made.notes))
    return msgspec.structs.replace(collector, target=target, rendering=made)


class _Job(msgspec.Struct, frozen=True):
    """One folder to be rendered: ``line`` is what to run, ``how`` says that to people."""

    folder: str
    what: str
    line: tuple[str, ...]
    how: str


class _Renderer:
    """Renders what is below one target."""

    def __init__(self, collector: FilesCollector, tree: FolderTree, options: Options) -> None:
        self._collector = collector
        self._tree = tree
        self._options = options
        self._folder = options.scratch / f"rendered-{os.urandom(4).hex()}"
        self._folder.mkdir(parents=True)
        unshare = shutil.which("unshare", path=os.defpath) or ""
        self._sandbox = Sandbox(self._folder / "home", unshare)
        self._end = time.monotonic() + options.seconds
        self._rendered: list[Rendered] = []
        self._gaps: list[Gap] = []
        self._notes: list[str] = []

    def rendering(self) -> Rendering:
        """Render all of it."""
        groves, charts = groves_of(self._tree), charts_of(self._tree)
        roots = sorted(root for grove in groves for root in grove.roots)
        if roots:
            self._kustomizations(roots)
        folders = [chart.folder for chart in charts if not is_library(self._tree, chart)]
        if folders:
            self._charts(folders)
        return Rendering(
            tuple(self._rendered),
            tuple(sorted(self._gaps)),
            survey(self._tree).partial,
            tuple(self._notes),
        )

    def _program(self, asked: str, usual: Sequence[str]) -> Program | None:
        options = self._options
        return program(asked, usual, options.path, self._tree.root, self._sandbox)

    def _kustomizations(self, roots: Sequence[str]) -> None:
        found = self._program(self._options.kustomize, KUSTOMIZE)
        if found is None:
            self._missing(roots, KUSTOMIZATION, "kustomize or kubectl", "--kustomize")
            return
        before = len(self._rendered)
        words = kustomize.arguments(found)
        for root in roots:
            closure = kustomize.closure_of(self._tree, root)
            what = KUSTOMIZATION
            if closure.refused:
                self._gap(root, what, GapCause.UNSUPPORTED, closure.refused, closure.hint)
                continue
            job = self._job(found, root, what, words, ())
            text = self._run(job)
            if text is not None:
                self._keep_kustomization(job, text, closure)
        self._note(found, "kustomization", len(self._rendered) - before, " ".join(words))

    def _charts(self, folders: Sequence[str]) -> None:
        found = self._program(self._options.helm, HELM)
        if found is None:
            self._missing(folders, CHART, "helm", "--helm")
            return
        before = len(self._rendered)
        values = helm.read_values(self._options.values, self._folder)
        for folder in folders:
            what = CHART
            why = helm.refused(self._tree, folder)
            if why:
                self._gap(folder, what, GapCause.UNSUPPORTED, shown(why), "scan what it leads to")
                continue
            job = self._job(found, folder, what, helm.RELEASE, helm.arguments(values))
            job = msgspec.structs.replace(
                job, how=f"{self._how(found, folder, helm.RELEASE)} {helm.shown(values)}"
            )
            text = self._run(job)
            if text is not None:
                self._keep_chart(job, text)
        self._note(found, "Helm chart", len(self._rendered) - before, " ".join(helm.RELEASE))

    def _job(
        self, by: Program, folder: str, what: str, before: Sequence[str], behind: Sequence[str]
    ) -> _Job:
        line = (by.path, *before, self._tree.location(folder), *behind)
        return _Job(folder, what, line, self._how(by, folder, before))

    @staticmethod
    def _how(by: Program, folder: str, before: Sequence[str]) -> str:
        named = shlex.quote(shown(folder or "."))
        return f"{by.shown}: {by.name} {' '.join(before)} {named}"

    def _run(self, job: _Job) -> bytes | None:
        """Run one job; None when nothing came of it, which is a gap then."""
        left = self._end - time.monotonic()
        limits = self._options.limits
        if left <= 0:
            detail = f"no time was left: all together may take {self._options.seconds:g} s"
            self._gap(job.folder, job.what, GapCause.TIMEOUT, detail, "scan a part of it")
            return None
        seconds = min(limits.seconds, left)
        came = self._sandbox.run(job.line, Limits(seconds, limits.size))
        if came.cause is None and came.code == 0:
            return came.out
        self._failed(job, came)
        return None

    def _failed(self, job: _Job, came: Outcome) -> None:
        names = {
            self._tree.location(""): self._tree.target.rstrip("/") or "/",
            str(self._folder): "(temporary)",
        }
        cause = came.cause or GapCause.UNSUPPORTED
        folder = shlex.quote(shown(str(Path(self._tree.target) / job.folder)))
        words = " ".join(job.line[1:-1] if job.what == KUSTOMIZATION else helm.RELEASE)
        hint = f"run it by itself: {Path(job.line[0]).name} {words} {folder}"
        self._gap(job.folder, job.what, cause, reason(came, names), hint)

    def _keep_kustomization(self, job: _Job, text: bytes, closure: kustomize.Closure) -> None:
        known: list[Known] = []
        digests: list[str] = []
        for path in closure.objects:
            reading = self._read(path)
            if reading is None:
                continue
            digests.append(f"{path}\0{reading.evidence.sha256}")
            known += [
                (found, Standing(shown(path), found.line, found.document))
                for found in reading.resources()
            ]
        templates = Templates(known, Standing(shown(closure.file)))
        standings = [templates.standing(each) for each in self._objects(job, text)]
        replaces = frozenset((*closure.objects, *closure.changes))
        self._keep(job, text, standings, replaces, digests)

    def _keep_chart(self, job: _Job, text: bytes) -> None:
        objects = list(self._objects(job, text))
        decoded = text.decode("utf-8", "replace")
        standings = of_chart(self._tree, job.folder, decoded, objects)
        made = [msgspec.structs.replace(each, file=shown(each.file)) for each in standings]
        self._keep(job, text, made, frozenset(), [each.file for each in made])

    def _keep(
        self,
        job: _Job,
        text: bytes,
        standings: Sequence[Standing],
        replaces: frozenset[str],
        inputs: Sequence[str],
    ) -> None:
        file = self._folder / f"{len(self._rendered):06d}"
        file.write_bytes(text)
        digest = hashlib.sha256("\n".join(inputs).encode("utf-8", "surrogateescape")).hexdigest()
        made = (shown(job.folder), str(file), tuple(standings), job.how, replaces, digest)
        self._rendered.append(Rendered(*made, size=len(text)))

    def _objects(self, job: _Job, text: bytes) -> Iterator[Resource]:
        """The objects that came out, in the order in which they will be read."""
        recognisers = self._collector.recognisers
        uri = self._tree.target
        yield from FileReading(
            uri, shown(job.folder or "."), text, recognisers, Memory()
        ).resources()

    def _read(self, path: str) -> FileReading | None:
        try:
            data = read_regular(self._tree.location(path), self._collector.limits.size)
        except OSError:
            return None
        recognisers = self._collector.recognisers
        return FileReading(self._tree.target, shown(path), data, recognisers, Memory())

    def _missing(self, folders: Sequence[str], what: str, programs: str, option: str) -> None:
        for folder in folders:
            detail = f"there is no {programs} on the path"
            hint = f"install it, or name the program: {option} PROGRAM"
            self._gap(folder, what, GapCause.UNSUPPORTED, detail, hint)

    def _gap(self, folder: str, what: str, cause: GapCause, why: str, hint: str) -> None:
        detail = f"{what} that was not rendered: {why}"
        self._gaps.append(Gap(self._tree.target, shown(folder or "."), cause, detail, hint))

    def _note(self, by: Program, what: str, number: int, words: str) -> None:
        if number:
            several = "" if number == 1 else "s"
            apart = "" if self._sandbox.is_apart else ", not apart from the network"
            self._notes.append(
                f"{by.shown} rendered {number} {what}{several} ({by.name} {words}{apart})"
            )
