"""``auditor waivers add|list|check``: what was accepted, by whom and until when."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click
import yaml

from auditor.cli.explain import WIDEST
from auditor.cli.moments import now
from auditor.cli.options import load_policy, policies_option
from auditor.cli.prose import prose
from auditor.cli.term import when, within_option
from auditor.errors import UsageError
from auditor.late import late
from auditor.model.terms import SOON
from auditor.model.waivers import WaiverEntry, WaiverState
from auditor.policy import PolicySet, resolve
from auditor.policy.policyset import read_file
from auditor.policy.read_profile import LONGEST_WAIVER
from auditor.policy.read_waivers import SELECTORS, read_waivers
from reports.text import safe, wrap

_FILE = click.Path(path_type=Path)
_HINT: Final = "auditor waivers add FILE makes one"
_PROFILE: Final = click.option(
    "--profile",
    metavar="ID",
    default="",
    help="The profile that they are for, which may bound how long one lasts.",
)
_SPAN: Final = late(r"([0-9]{1,4})d")


def waivers_in(place: Path, policies: Sequence[Path], profile: str = "") -> tuple[WaiverEntry, ...]:
    """Read a file of waivers, whose rules have to be among those that are known.

    None may last longer than ``profile`` lets one, "" for no profile in particular.

    Raises:
        UsageError: there is no such file, or no such profile.
        PolicyErrors: everything that is wrong with it.
    """
    data, problem = read_file(place)
    if problem:
        raise UsageError(f"{place}: {problem}", hint=_HINT)
    policy = load_policy(tuple(policies))
    return read_waivers(data, str(place), policy.rules, _longest(policy, profile))


def _longest(policy: PolicySet, profile: str) -> int:
    """The days that a waiver may last."""
    days = resolve(policy, profile, {}).waiver_days if profile else None
    return days or LONGEST_WAIVER


@click.group(short_help="Accept findings, with an owner and an end; say which are accepted.")
@prose
def waivers() -> None:
    r"""Waivers: findings that somebody accepted, for a reason and until a day.

    A scan goes by a file of them with --waivers FILE. What one covers still fails, is shown as
    accepted, and is not counted by the gate; from the day of its end (UTC) on it is counted again.

    \b
    Examples:
      auditor waivers add waivers.yaml --rule k8s-container-privileged \
        --namespace gpu-operator --name 'nvidia-driver-*' --owner ml \
        --approved-by ciso --expires 90d --reason "It loads the driver."
      auditor waivers list waivers.yaml
      auditor scan manifests/ --waivers waivers.yaml
    """


@waivers.command("list", epilog="Example: auditor waivers list waivers.yaml")
@click.argument("place", metavar="FILE", type=_FILE)
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_waivers(place: Path, policies: tuple[Path, ...], *, as_json: bool) -> None:
    """Show the waivers in FILE: whether each counts today, of what, and until when."""
    today = now().date()
    entries = [(each, _state(each, today)) for each in waivers_in(place, policies)]
    if as_json:
        click.echo(json.dumps([_record(each, state) for each, state in entries], indent=2))
        return
    width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
    for entry, state in entries:
        for line in _told(entry, state, today, width):
            click.echo(safe(line))


@waivers.command("check", epilog="Exit codes: 0 all are well, 1 one needs a person, 2 not valid.")
@click.argument("place", metavar="FILE", type=_FILE)
@_PROFILE
@policies_option
@within_option
@prose
def check(place: Path, profile: str, policies: tuple[Path, ...], days: int) -> int:
    r"""Check that FILE is valid, and name the waivers that have ended, or will soon.

    What a waiver covers only a scan can tell: it names those that cover nothing, and those that
    cover much. With --profile none may last longer than that profile says.

    \b
    Example:
      auditor waivers check waivers.yaml --within 14
    """
    today = now().date()
    entries = waivers_in(place, policies, profile)
    limit = (today + dt.timedelta(days=days)).isoformat()
    found = 0
    for each in entries:
        state = each.state(today.isoformat(), limit)
        reasons = []
        if state in {WaiverState.EXPIRED, WaiverState.EXPIRING}:
            reasons.append(when(each.expires, today))
        if each.select.is_broad:
            reasons.append("names neither objects nor files")
        if reasons:
            found += 1
            click.echo(safe(f"{each.id}  {each.rule}: {'; '.join(reasons)} ({each.owner})"))
    longest = _longest(load_policy(policies), profile)
    if profile:
        click.echo(safe(f"by the profile {profile} a waiver lasts {longest} days at most"))
    verdict = "fail" if found else "pass"
    click.echo(f"RESULT {verdict} waivers={len(entries)} to-look-at={found} max-days={longest}")
    return 1 if found else 0


_NEEDED: Final = {
    "owner": "Who answers for it: a person or a team.",
    "approved_by": "Who approved it.",
    "reason": "Why the finding is accepted.",
}
_SELECTED: Final = {
    "target": "The target, as reports call it.",
    "kind": "The kind of object: DaemonSet.",
    "namespace": "Its namespace.",
    "name": "Its name.",
    "element": "The element, as a finding shows it: 'container main'.",
    "file": "The file, relative to the target.",
    "fingerprint": "One finding, by its fingerprint in results.json.",
}


def _options(function: Callable[..., object]) -> Callable[..., object]:
    made = [
        click.option(f"--{name.replace('_', '-')}", name, metavar="TEXT", required=True, help=text)
        for name, text in _NEEDED.items()
    ]
    made += [
        click.option(f"--{name}", name, metavar="GLOB", default="", help=text)
        for name, text in _SELECTED.items()
    ]
    return reduce(lambda found, option: option(found), reversed(made), function)


@waivers.command("add")
@click.argument("place", metavar="FILE", type=_FILE)
@click.option("--rule", metavar="ID", required=True, help="The rule: auditor rules list.")
@click.option(
    "--expires",
    metavar="DAY",
    required=True,
    help="The first day on which it does not count: 2027-02-28, or 90d.",
)
@_options
@click.option("--ticket", metavar="TEXT", default="", help="Where it was talked about.")
@click.option("--id", "own_id", metavar="ID", default="", help="Its id.  [default: the next W-N]")
@_PROFILE
@policies_option
@prose
def add(
    place: Path,
    rule: str,
    expires: str,
    own_id: str,
    profile: str,
    policies: tuple[Path, ...],
    **given: Any,
) -> None:
    r"""Add a waiver to FILE, which is made where there is none; what stands there stays.

    \b
    Example:
      auditor waivers add waivers.yaml --rule k8s-container-host-port \
        --namespace gpu-metrics --owner ml --approved-by ciso --expires 90d \
        --reason "Prometheus asks the node."
    """
    existing = waivers_in(place, policies, profile) if place.exists() else ()
    taken = {each.id for each in existing}
    number = next(each for each in range(1, len(taken) + 2) if f"W-{each}" not in taken)
    today = now().date()
    entry: dict[str, Any] = {"id": own_id or f"W-{number}", "rule": rule}
    selected = {key: given[key] for key in SELECTORS if given[key]}
    if selected:
        entry["for"] = selected
    entry |= {
        "reason": given["reason"],
        "owner": given["owner"],
        "approved-by": given["approved_by"],
        "created": today.isoformat(),
        "expires": _end(expires, today),
    }
    if given["ticket"]:
        entry["ticket"] = given["ticket"]
    before = place.read_bytes() if existing else b""
    text = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=100)
    after = before + (b"" if not before or before.endswith(b"\n") else b"\n") + text.encode()
    policy = load_policy(policies)
    read_waivers(after, str(place), policy.rules, _longest(policy, profile))
    place.write_bytes(after)
    click.echo(safe(f"added {entry['id']} to {place}: {rule} until {entry['expires']}"))


def _end(text: str, today: dt.date) -> str:
    span = _SPAN.fullmatch(text)
    return (today + dt.timedelta(days=int(span[1]))).isoformat() if span else text


def _state(entry: WaiverEntry, today: dt.date) -> WaiverState:
    return entry.state(today.isoformat(), (today + dt.timedelta(days=SOON)).isoformat())


def _record(entry: WaiverEntry, state: WaiverState) -> dict[str, object]:
    return {
        "id": entry.id,
        "rule": entry.rule,
        "for": {key: value for key in SELECTORS if (value := getattr(entry.select, key))},
        "reason": entry.reason,
        "owner": entry.owner,
        "approved-by": entry.approved_by,
        "created": entry.created,
        "expires": entry.expires,
        "ticket": entry.ticket,
        "state": state.value,
    }


def _told(entry: WaiverEntry, state: WaiverState, today: dt.date, width: int) -> Iterator[str]:
    yield from wrap(
        f"{entry.id}  {state.value}  {entry.rule}, {when(entry.expires, today)}", width, ""
    )
    parts = [f"{key} {value}" for key in SELECTORS if (value := getattr(entry.select, key))]
    yield from wrap(f"for {', '.join(parts) or 'every finding of the rule'}", width, "    ")
    yield from wrap(entry.reason, width, "    ")
    ticket = f", {entry.ticket}" if entry.ticket else ""
    owned = f"owner {entry.owner}, approved by {entry.approved_by} on {entry.created}{ticket}"
    yield from wrap(owned, width, "    ")
