"""Bundles that somebody else wrote: verified before anything in them counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from auditor.cli.moments import now
from auditor.cli.places import Place
from auditor.cli.unpacked import copied_results, folder_of
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.layout import Evaluation, Manifest
from auditor.evidence.trust import Trust, trust_in
from auditor.evidence.trust_file import read_trust
from auditor.evidence.verify import Outcome, Verification, Verifier

Command = TypeVar("Command", bound=Callable[..., object])
_FILE = click.Path(path_type=Path)


def trust_options(function: Command) -> Command:
    """``--key`` and ``--trust``: whom to believe."""
    found = click.option(
        "--trust", "trust", metavar="FILE", type=_FILE, help="A trust file: see auditor verify."
    )(function)
    return click.option(
        "--key", "key", metavar="PUB.pem", type=_FILE, help="The public key that you trust."
    )(found)


def trusted(key: Path | None, trust: Path | None) -> Trust | None:
    """Whom to believe, whatever the age of what they signed; None where nobody was named.

    Raises:
        UsageError: there is no such file, or both are given.
    """
    found = named(key, trust)
    return None if found is None else msgspec.structs.replace(found, max_age=None)


def named(key: Path | None, trust: Path | None, prefix: str = "") -> Trust | None:
    """Whom to believe, as the file says it; None where nobody was named.

    ``prefix`` is how the options begin behind their dashes, where they are of bundles within.

    Raises:
        UsageError: there is no such file, or both are given.
    """
    if key is not None and trust is not None:
        raise UsageError(
            f"--{prefix}key and --{prefix}trust say two things", hint="the key can be in the file"
        )
    if key is not None:
        return trust_in(key)
    return None if trust is None else read_trust(trust)


class Believed(msgspec.Struct, frozen=True):
    """A bundle that is whole. ``key`` stands for it, "" where nobody that was named does."""

    place: Place
    root: Path
    manifest: Manifest
    digest: str
    key: str

    def results(self, scratch: Path) -> Path:
        """Its results as they were verified, below ``scratch``.

        Raises:
            IntegrityError: they were changed since.
        """
        return copied_results(self.root, self.manifest, scratch / "results", str(self.place))


def believed(place: Place, trust: Trust | None, scratch: Path) -> Believed:
    """Verify a bundle in which something was judged.

    Raises:
        UsageError: there is no such bundle, or nothing was judged in it.
        IntegrityError: it does not verify.
    """
    root = folder_of(place, scratch)
    found = Verifier(root, trust, now()).run()
    manifest, _ = whole(place, found)
    return Believed(place, root, manifest, found.manifest, found.key)


def whole(place: Place, found: Verification) -> tuple[Manifest, Evaluation]:
    """What a bundle holds and how it was judged, if nothing speaks against it.

    Raises:
        IntegrityError: something does.
        UsageError: nothing was judged in it.
    """
    for step in found.steps:
        if step.outcome is Outcome.FAILED:
            raise IntegrityError(
                f"{place} does not verify: {step.name}: {step.detail}",
                hint=f"auditor verify {place}",
            )
    if found.content is None or found.content.evaluation is None:
        raise UsageError(
            f"{place}: nothing was judged, only collected", hint=f"auditor evaluate {place}"
        )
    return found.content, found.content.evaluation
