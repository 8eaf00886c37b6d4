"""A baseline: an earlier bundle, verified, whose findings the gate does not count again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from auditor.cli.moments import now
from auditor.cli.opened import folder_of
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.compare import by_fingerprint, read_results
from auditor.evidence.layout import LARGE_RESULTS, RESULTS, Manifest
from auditor.evidence.trust import read_trust, trust_in
from auditor.evidence.verify import Outcome, Verifier
from auditor.model.results import FINGERPRINTS
from auditor.runner.settings import Known, State

_PIECE: Final = 1 << 20


def known_in(place: Path, key: Path | None, trust: Path | None, scratch: Path) -> Known:
    """The findings of a bundle that verifies.

    Raises:
        UsageError: nobody is trusted for it, or it holds no results.
        IntegrityError: it does not verify.
    """
    if (key is None) == (trust is None):
        raise UsageError(
            "a baseline must verify: say by what",
            hint="--baseline-key PUB.pem, or --baseline-trust FILE",
        )
    believed = trust_in(key) if key is not None else read_trust(trust or Path())
    root = folder_of(place, scratch)
    found = Verifier(root, believed, now()).run()
    if found.decision != "verified":
        step = next(step for step in found.steps if step.outcome is Outcome.FAILED)
        raise IntegrityError(
            f"the baseline {place} does not verify: {step.name}: {step.detail}",
            hint=f"auditor verify {place}",
        )
    manifest = found.content
    if manifest is None or manifest.evaluation is None:
        raise UsageError(f"the baseline {place} holds no results", hint="auditor scan --output")
    results = _copied(root, manifest, scratch)
    if read_results(results).tool.fingerprints != FINGERPRINTS:
        raise UsageError(
            f"the baseline {place} is of a version that told findings apart otherwise: none of "
            "them would be found again",
            hint="make a new one of the state that was accepted: auditor scan TARGET --output NEW",
        )
    return Known(
        manifest.run.id,
        f"sha256:{found.manifest}",
        {
            name: State(each.verdict, each.severity, each.causes)
            for name, each in by_fingerprint(results).items()
        },
        tuple((target.uri, target.uid) for target in manifest.targets),
        manifest.evaluation.profile,
    )


def _copied(root: Path, manifest: Manifest, scratch: Path) -> Path:
    """The results, read once into a folder of ours; what was read is what the manifest says.

    Raises:
        IntegrityError: it is not, any more.
    """
    listed = {each.path: each.sha256 for each in manifest.files}
    name = LARGE_RESULTS if LARGE_RESULTS in listed else RESULTS
    folder = scratch / "baseline"
    folder.mkdir(mode=0o700)
    digest = hashlib.sha256()
    with (root / name).open("rb") as file, (folder / name).open("wb") as copy:
        while piece := file.read(_PIECE):
            digest.update(piece)
            copy.write(piece)
    if digest.hexdigest() != listed.get(name):
        raise _changed(root / name)
    return folder / name


def _changed(path: Path) -> IntegrityError:
    return IntegrityError(
        f"the baseline: {path} was changed while it was read",
        hint="make sure that nothing writes to it during the run",
    )
