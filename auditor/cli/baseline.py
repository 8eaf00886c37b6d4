"""A baseline: an earlier bundle, verified, whose findings the gate does not count again."""

from __future__ import annotations

from pathlib import Path

from auditor.cli.moments import now
from auditor.cli.places import Place
from auditor.cli.unpacked import copied_results, folder_of
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.compare import by_fingerprint
from auditor.evidence.streamed import read_head
from auditor.evidence.trust import trust_in
from auditor.evidence.trust_file import read_trust
from auditor.evidence.verify import Outcome, Verifier
from auditor.model.results import FINGERPRINTS
from auditor.runner.settings import Known, State


def known_in(place: Place, key: Path | None, trust: Path | None, scratch: Path) -> Known:
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
    results = copied_results(root, manifest, scratch / "baseline", f"the baseline {place}")
    if read_head(results).tool.fingerprints != FINGERPRINTS:
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
