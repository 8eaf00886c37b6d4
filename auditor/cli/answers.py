"""``auditor answers ask|list|check``: what people say of controls that no rule decides."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import yaml

from auditor.cli.explain import WIDEST
from auditor.cli.moments import now
from auditor.cli.options import load_policy, policies_option
from auditor.cli.prose import prose
from auditor.cli.term import when, within_option
from auditor.errors import UsageError
from auditor.model.answers import AnswerEntry, EvidenceFile
from auditor.model.terms import SOON, TermState
from auditor.policy import resolve
from auditor.policy.policyset import read_file
from auditor.policy.read_answers import read_answers
from reports.text import safe, wrap

_FILE = click.Path(path_type=Path)
_HINT: Final = "auditor answers ask --profile ID prints one to fill in"
_PIECE: Final = 1 << 20
MOST_EVIDENCE: Final = 1 << 30
"""Bytes of a file of evidence: its digest is made before anything is read."""


def answers_in(place: Path, policies: Sequence[Path]) -> tuple[AnswerEntry, ...]:
    """Read a file of answers, whose controls have to be among those that are known.

    Raises:
        UsageError: there is no such file.
        PolicyErrors: everything that is wrong with it.
    """
    data, problem = read_file(place)
    if problem:
        raise UsageError(f"{place}: {problem}", hint=_HINT)
    controls = load_policy(tuple(policies)).controls
    return read_answers(data, str(place), controls, lambda name: _digest(place.parent, name))


def _digest(folder: Path, name: str) -> EvidenceFile | str:
    """What a file of evidence is, or why it can't be read.

    It has to be below the folder of the answers: whoever writes these learns of no other file.
    """
    digest, size = hashlib.sha256(), 0
    try:
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()):
            return "outside of the folder of the answers"
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError, RuntimeError) as error:
        return getattr(error, "strerror", None) or str(error)
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return "no regular file"
        if about.st_size > MOST_EVIDENCE:
            return f"larger than {MOST_EVIDENCE >> 30} GiB"
        while piece := os.read(descriptor, _PIECE):
            digest.update(piece)
            size += len(piece)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)
    return EvidenceFile(name, f"sha256:{digest.hexdigest()}", size)


@click.group(short_help="Answer controls that no rule decides, with an owner and an end.")
@prose
def answers() -> None:
    r"""Answers: what people say of controls that a person has to answer.

    A scan goes by a file of them with --answers FILE. Reports show an answer as somebody's word,
    with its owner and the digest of its evidence; what rules found stays. From the day of its end
    (UTC) on a control is undetermined again.

    \b
    Examples:
      auditor answers ask --profile nist-800-53 > answers.yaml
      auditor answers list answers.yaml
      auditor scan k8s:// --profile nist-800-53 --answers answers.yaml
    """


@answers.command("ask", epilog="Example: auditor answers ask --profile nist-800-53")
@click.option("--profile", metavar="ID", required=True, help="The profile whose controls to ask.")
@policies_option
def ask(profile: str, policies: tuple[Path, ...]) -> None:
    """Print what a person has to answer of a profile's frameworks, as a file to fill in."""
    policy = load_policy(policies)
    asked = resolve(policy, profile, {}).asked
    today = now().date()
    found = 0
    for key, control in policy.controls.items():
        if control.framework not in asked or control.rules or not control.question:
            continue
        found += 1
        entry = {
            "control": key,
            "answer": "not-met",
            "statement": control.question,
            "owner": "nobody yet",
            "date": today.isoformat(),
            "expires": (today + dt.timedelta(days=180)).isoformat(),
        }
        click.echo(safe(f"# {key}: {control.title}"))
        text = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=100)
        click.echo(text, nl=False)
    if not found:
        hint = "auditor profiles list shows which ask for frameworks"
        raise UsageError(f"profile {profile} asks nothing of a person", hint=hint)


@answers.command("list", epilog="Example: auditor answers list answers.yaml")
@click.argument("place", metavar="FILE", type=_FILE)
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_answers(place: Path, policies: tuple[Path, ...], *, as_json: bool) -> None:
    """Show the answers in FILE: of which control, whose they are, and until when they count."""
    today = now().date()
    soon = (today + dt.timedelta(days=SOON)).isoformat()
    entries = [(each, each.state(today.isoformat(), soon)) for each in answers_in(place, policies)]
    if as_json:
        records = [{**msgspec.to_builtins(each), "state": state.value} for each, state in entries]
        click.echo(json.dumps(records, indent=2))
        return
    width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
    for entry, state in entries:
        for line in _told(entry, state, today, width):
            click.echo(safe(line))


def _told(entry: AnswerEntry, state: TermState, today: dt.date, width: int) -> Iterator[str]:
    head = f"{entry.control}  {state.value}  {entry.answer.value}, {when(entry.expires, today)}"
    yield from wrap(head, width, "")
    yield from wrap(f"of {entry.target or 'every target'}", width, "    ")
    yield from wrap(entry.statement, width, "    ")
    yield from wrap(f"owner {entry.owner} on {entry.date}", width, "    ")
    if entry.evidence is not None:
        yield from wrap(f"evidence {entry.evidence.file} {entry.evidence.sha256}", width, "    ")


@answers.command("check", epilog="Exit codes: 0 all are well, 1 one needs a person, 2 not valid.")
@click.argument("place", metavar="FILE", type=_FILE)
@policies_option
@within_option
@prose
def check(place: Path, policies: tuple[Path, ...], days: int) -> int:
    r"""Check that FILE is valid, and name the answers that have ended, or will soon.

    \b
    Example:
      auditor answers check answers.yaml --within 14
    """
    today = now().date()
    entries = answers_in(place, policies)
    limit = (today + dt.timedelta(days=days)).isoformat()
    ending = {TermState.EXPIRED, TermState.EXPIRING}
    found = [each for each in entries if each.state(today.isoformat(), limit) in ending]
    for each in found:
        click.echo(safe(f"{each.control}: {when(each.expires, today)} ({each.owner})"))
    verdict = "fail" if found else "pass"
    click.echo(f"RESULT {verdict} answers={len(entries)} to-look-at={len(found)}")
    return 1 if found else 0
