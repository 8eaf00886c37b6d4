"""Bundles that somebody else wrote: verified before anything in them counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from auditor.cli.moments import now
from auditor.cli.opened import copied_results, folder_of
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.layout import Manifest
from auditor.evidence.trust import Trust, read_trust, trust_in
from auditor.evidence.verify import Outcome, Verifier

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
    if key is not None and trust is not None:
        raise UsageError("--key and --trust say two things", hint="the key can be in the file")
    if key is not None:
        return trust_in(key)
    if trust is None:
        return None
    return dataclasses.replace(read_trust(trust), max_age=None)


class Believed(msgspec.Struct, frozen=True):
    """A bundle that is whole. ``key`` stands for it, "" where nobody that was named does."""

    place: Path
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


def believed(place: Path, trust: Trust | None, scratch: Path) -> Believed:
    """Verify a bundle in which something was judged.

    Raises:
        UsageError: there is no such bundle, or nothing was judged in it.
        IntegrityError: it does not verify.
    """
    root = folder_of(place, scratch)
    found = Verifier(root, trust, now()).run()
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
    return Believed(place, root, found.content, found.manifest, found.key)
