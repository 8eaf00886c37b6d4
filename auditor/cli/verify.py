"""``auditor verify``: does a bundle hold, and who stands for it?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from auditor.cli.moments import moment_of, now
from auditor.cli.places import PLACE, Place, Stored
from auditor.cli.process import Scratch
from auditor.cli.prose import prose
from auditor.cli.unpacked import folder_of
from auditor.config import read_config
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.trust import shown, trust_in
from auditor.evidence.verify import Verification, Verifier, not_read
from reports.text import safe

_EXITS = {"verified": 0, "intact": 3, "failed": 4}
_SAID = {
    "verified": "verified: it is whole, and a key that you trust stands for it",
    "intact": "intact, signer unknown: it is whole, but that is not verified (--key, --trust)",
    "failed": "failed: do not rely on it",
}
_FILE = click.Path(path_type=Path)


@click.command(short_help="Check that a bundle is whole, and whose it is.")
@click.argument("bundle", type=PLACE)
@click.option("--key", "key", metavar="PUB.pem", type=_FILE, help="The public key that you trust.")
@click.option(
    "--trust",
    "trust",
    metavar="FILE",
    type=_FILE,
    help="Keys with roles, times and revocations, authorities for time stamps, a greatest age.",
)
@click.option(
    "--at",
    "at",
    metavar="TIME",
    default="",
    help="Ask whether it held at a time: 2026-06-01, or 2026-06-01T12:00:00Z.  [default: now]",
)
@click.option(
    "--recipe", is_flag=True, help="Print how to do it with openssl alone; check nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print an object, for programs.")
@prose
def verify(
    bundle: Place, key: Path | None, trust: Path | None, at: str, *, recipe: bool, as_json: bool
) -> int:
    r"""Check BUNDLE, a line a step: form, signature, time, integrity, completeness, freshness.

    Whom to trust is said by you alone; nothing in a bundle is ever trusted. Nothing is fetched. To
    see that the evidence gives these verdicts: auditor replay.

    \b
    Examples:
      auditor verify evidence/ --key ci.pub
      auditor verify audit.evb.zip --trust trust.yaml --json
      auditor verify audit.evb.zip --trust trust.yaml --at 2026-06-01

    \b
    Exit codes:
      0  verified   2  there is no such bundle, key or trust file
      3  intact, signer unknown   4  verification failed
    """
    if key is not None and trust is not None:
        raise UsageError("--key and --trust say two things", hint="the key can be in the file")
    if recipe:
        if isinstance(bundle, Stored):
            raise UsageError("--recipe is of a bundle that is here", hint="copy it here first")
        from auditor.cli.recipe import recipe as recipe_for

        click.echo(recipe_for(bundle, key), nl=False)
        return 0
    believed = None
    if key is not None:
        believed = trust_in(key)
    elif trust is not None:
        from auditor.evidence.trust_file import read_trust

        believed = read_trust(trust)
    config = read_config()
    asked = moment_of(at, "--at") if at else None
    with Scratch(config.temporary) as scratch:
        try:
            root = folder_of(bundle, scratch)
        except IntegrityError as error:
            found = not_read(str(error))
        else:
            found = Verifier(root, believed, asked or now()).run()
    source = believed.source if believed is not None else ""
    click.echo(_document(found, source, asked) if as_json else _lines(found, asked))
    return _EXITS[found.decision]


def _lines(found: Verification, asked: datetime | None) -> str:
    lines = []
    for step in found.steps:
        as_of = f"; now is {shown(asked)}, by --at" if asked and step.name == "TIME" else ""
        lines.append(f"{step.name:<13} {step.outcome.value:<12} {safe(step.detail)}{as_of}")
    lines.append(_SAID[found.decision])
    lines.append(
        f"VERIFY {found.decision} manifest=sha256:{found.manifest} key={found.key or 'none'}"
    )
    return "\n".join(lines)


def _document(found: Verification, source: str, asked: datetime | None) -> str:
    steps = [
        {"name": step.name, "outcome": step.outcome.value, "detail": step.detail}
        for step in found.steps
    ]
    value = {
        "decision": found.decision,
        "manifest": f"sha256:{found.manifest}",
        "key": found.key,
        "trust": source,
        "at": asked.isoformat() if asked is not None else None,
        "steps": steps,
    }
    import json

    return json.dumps(value, indent=2)
