"""A baseline: an earlier bundle, verified, whose findings the gate does not count again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from auditor.cli.opened import folder_of
from auditor.config import Config
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.compare import findings_in
from auditor.evidence.layout import results_in
from auditor.evidence.reading import read_manifest
from auditor.evidence.trust import read_trust, trust_in
from auditor.evidence.verify import Outcome, Verifier
from auditor.runner.settings import Known


def known_in(
    place: Path, key: Path | None, trust: Path | None, config: Config, scratch: Path
) -> Known:
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
    now = datetime.now(UTC) if config.epoch is None else datetime.fromtimestamp(config.epoch, UTC)
    root = folder_of(place, scratch)
    found = Verifier(root, believed, now).run()
    if found.decision != "verified":
        step = next(step for step in found.steps if step.outcome is Outcome.FAILED)
        raise IntegrityError(
            f"the baseline {place} does not verify: {step.name}: {step.detail}",
            hint=f"auditor verify {place}",
        )
    manifest = read_manifest(root)
    if manifest.evaluation is None:
        raise UsageError(f"the baseline {place} holds no results", hint="auditor scan --output")
    findings = {
        each.fingerprint: (each.verdict, each.severity) for each in findings_in(results_in(root))
    }
    return Known(manifest.run.id, f"sha256:{found.manifest}", findings)
