"""What a configuration file says, where no option says it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import click
import msgspec
from click.core import ParameterSource

from auditor.cli.configured_names import absent, besides, misnamed, parameter, path_of
from auditor.cli.fleet import NO_FLEET, Fleet, fleet_of
from auditor.cli.places import place_of
from auditor.cli.wiring import wired
from auditor.configuration.finding import NAME, find, read_found
from auditor.configuration.values import WHAT, Configuration, TargetValue
from auditor.errors import AuditorError, PolicyError, PolicyErrors, UsageError
from auditor.evidence.layout import is_part
from auditor.late import late
from auditor.model.results import ConfigurationFile
from auditor.policy.policyset import read_file

Command = TypeVar("Command", bound=Callable[..., object])

NAMES: Final = ("config", "no_config", "fleet", "part")
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "targets": "targets",
        "exclude": "exclude",
        "profile": "profile",
        "settings": "parameters",
        "policies": "policies",
        "fail_on": "fail-on",
        "waivers": "waivers",
        "answers": "answers",
        "baseline": "baseline",
        "baseline_key": "baseline-key",
        "baseline_trust": "baseline-trust",
        "outputs": "outputs",
        "kubeconfig": "kubeconfig",
        "timeout": "timeout",
        "parallel": "parallel",
        "executor": "executor",
    }
)
"""The key of the file for each parameter of ``auditor scan`` that it can say."""
_PART: Final = late(r"([0-9]{1,5})/([0-9]{1,5})", re.ASCII)
_ONE_OF: Final = ({"baseline_key", "baseline_trust"},)
"""Parameters of which an option takes away what the file says of all."""


def configuration_options(function: Command) -> Command:
    """``--config FILE`` and ``--no-config``."""
    named = click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take what no option says from FILE.  [default, where no TARGET is named: "
        f"{NAME}, from here up to the top of the repository]",
    )
    off = click.option("--no-config", is_flag=True, help="Look for no configuration file.")
    fleet = click.option(
        "--targets",
        "fleet",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Audit the targets in FILE, each with its labels, deadline and way in: the key "
        "targets of a configuration. With TARGETs only those of them.",
    )
    part = click.option(
        "--part",
        metavar="INDEX/N",
        callback=_part,
        help="With --targets: every Nth of them from INDEX on, the first is 0. auditor merge puts "
        "the bundles of all parts together.",
    )
    return named(off(fleet(part(function))))


def _part(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    if text is None:
        return None
    found = _PART.fullmatch(text)
    part = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if not is_part(part):
        raise click.BadParameter(
            f"{text!r} is not one of N parts: 0/3, 1/3 and 2/3 are", context, parameter
        )
    return part


class Used(msgspec.Struct, frozen=True):
    """What a command goes by: the parameters, and the file where one said any.

    ``sources`` has the place in the file of each parameter that it said. ``fleet`` says how targets
    are entered, ``part`` which of how many parts of them are audited, ``listed`` is the file that
    says them.
    """

    given: Mapping[str, Any]
    configuration: Configuration | None
    sources: Mapping[str, str]
    fleet: Fleet = NO_FLEET
    part: tuple[int, int] | None = None
    listed: Path | None = None

    @property
    def files(self) -> Iterator[Path]:
        """The files themselves: the configuration, and the list of targets."""
        if self.configuration is not None:
            yield self.configuration.folder / Path(self.configuration.name).name
        if self.listed is not None:
            yield self.listed

    @property
    def file(self) -> ConfigurationFile | None:
        """What results say of the file."""
        found = self.configuration
        return ConfigurationFile(found.name, f"sha256:{found.sha256}") if found else None

    def explain(self, error: UsageError) -> AuditorError:
        """Say where in the file stands what a profile or a parameter is refused for."""
        found = self.configuration
        if found is None:
            return error
        wrong = tuple(misnamed(found, self.given["policies"], self.given["profile"]))
        return PolicyErrors(wrong, WHAT) if wrong else error


def applied(context: click.Context, given: dict[str, Any], *, needed: bool = True) -> Used:
    """Take what options leave open from the configuration, named or found.

    ``needed`` is whether there has to be a target.

    Raises:
        UsageError: no target is named, here or there; or the file may not be believed.
        PolicyErrors: everything that is wrong with it.
    """
    named, off, listed, part = (given.pop(name) for name in NAMES)
    if part is not None and listed is None:
        raise UsageError("--part is of the targets of a file", hint="--targets FILE")
    has_targets = bool(given["targets"] or listed)
    found, wrong = _configuration(named, off=off, has_targets=has_targets)
    sources: dict[str, str] = {}
    fleet = NO_FLEET
    if listed is not None:
        fleet = _listed(listed, given["targets"], part)
        given["targets"] = tuple(fleet.values)
    elif found is not None:
        try:
            fleet = _fleet(found.targets(), found.folder, WHAT, given["targets"])
        except PolicyErrors as error:
            wrong += error.errors
    if found is not None:
        said = {name for name in KEYS if _is_said(context, name)}
        said |= {"targets"} if listed is not None else set()
        for group in _ONE_OF:
            said |= group if said & group else set()
        _refuse(found, wrong, {key for name, key in KEYS.items() if name not in said}, given)
        for name, key in KEYS.items():
            if found.all(key) and (name not in said or name == "settings"):
                given[name] = (
                    tuple(fleet.values) if name == "targets" else _value(name, found, given[name])
                )
                sources[name] = str(found.all(key)[0].place)
    if needed and not given["targets"]:
        raise click.UsageError(
            f"Missing argument 'TARGET...': name what to audit, or write it into {NAME} "
            "(auditor init)",
            context,
        )
    return Used(given, found, sources, fleet, part, listed)


def unused(context: click.Context, *, off: bool) -> Iterator[str]:
    """Say of a file that would be found that it does not count, for targets are named."""
    if not off and _is_said(context, "targets") and context.params.get("config") is None:
        found = find(Path.cwd())
        if found is not None:
            shown = os.path.relpath(found.path)
            yield f"{shown} is not used, for targets are named: --config {shown} uses it"


def _is_said(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) not in {None, ParameterSource.DEFAULT}


def _configuration(
    named: Path | None, *, off: bool, has_targets: bool
) -> tuple[Configuration | None, list[PolicyError]]:
    """The configuration that is named or found, as far as it can be read, and what is wrong."""
    if named is not None:
        if off:
            raise UsageError("--config and --no-config say two things", hint="leave one out")
        data, problem = read_file(named)
        if problem:
            raise UsageError(f"--config {named}: {problem}", hint="auditor init writes one")
        return _read(data, _shown(named), named.parent)
    found = None if off or has_targets else find(Path.cwd())
    if found is None:
        return None, []
    name = _shown(Path(os.path.relpath(found.path)))
    read, wrong = _read(read_found(found.path, name), name, found.path.parent)
    from auditor.configuration.confined import refuse_beyond

    try:
        refuse_beyond(read, found.root, wired().own)
    except PolicyErrors as error:
        wrong += error.errors
    return read, wrong


def _read(data: bytes, name: str, folder: Path) -> tuple[Configuration, list[PolicyError]]:
    """Read a file; who has none does not wait for YAML to be loaded."""
    from auditor.configuration.reading import parsed

    return parsed(data, name, folder, wired().formats)


def _refuse(
    found: Configuration, wrong: list[PolicyError], keys: Collection[str], given: Mapping[str, Any]
) -> None:
    """Stop at all that is wrong with a file: its form, and what is not there of what it names."""
    known = {error.location for error in wrong}
    wrong += [error for error in absent(found, keys) if error.location not in known]
    if wrong:
        known = {error.location for error in wrong}
        wrong += [error for error in besides(found, keys, given) if error.location not in known]
        raise PolicyErrors(tuple(wrong), WHAT)


def _shown(path: Path) -> str:
    """The name of a file as a text that every format takes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _value(name: str, found: Configuration, given: Any) -> Any:
    """The value of a parameter of the command, as an option would have it."""
    values = found.all(KEYS[name])
    match name:
        case "exclude":
            return tuple(each.text for each in values)
        case "settings":
            said = {text.partition("=")[0] for text in given}
            more = (each for each in values if each.name not in said)
            return (*(f"{each.name}={parameter(found, each)}" for each in more), *given)
        case "policies":
            return tuple(Path(path_of(found.folder, each.text)) for each in values)
        case "outputs":
            return tuple(f"{each.name}={path_of(found.folder, each.text)}" for each in values)
        case "executor":
            from auditor.cli.executors.addresses import rebased

            return rebased(values[0].text, found.folder)
        case "kubeconfig":
            return path_of(found.folder, values[0].text)
        case "baseline":
            return place_of(path_of(found.folder, values[0].text))
        case "waivers" | "answers" | "baseline_key" | "baseline_trust":
            return Path(path_of(found.folder, values[0].text))
        case _:
            return values[0].value


def _listed(file: Path, named: Sequence[str], part: tuple[int, int] | None) -> Fleet:
    """The targets of ``--targets FILE``; those that are ``named``, all where none is; a part."""
    targets, what = _targets_in(file)
    if part is not None and named:
        raise UsageError("--part and TARGETs choose two things", hint="leave one out")
    fleet = _fleet(targets, file.parent, what, named, part)
    for text in named:
        if text not in fleet.values:
            message = f"{text}: not among the targets of {_shown(file)}"
            raise UsageError(message, hint="leave it out to audit them all")
    if not fleet.values:
        raise UsageError(
            f"--part {part and part[0]}: {_shown(file)} has {len(fleet.whole)} targets",
            hint="as many parts as there are targets, or fewer",
        )
    return fleet


def _targets_in(file: Path) -> tuple[tuple[TargetValue, ...], str]:
    """What a file of targets says, and what it is called in errors."""
    from auditor.configuration.reading import WHAT_TARGETS, read_targets

    data, problem = read_file(file)
    if problem:
        raise UsageError(f"--targets {file}: {problem}", hint="targets: [...], as a configuration")
    return read_targets(data, _shown(file)), WHAT_TARGETS


def named_in(file: Path) -> Mapping[str, TargetValue]:
    """The targets of a file by what they are called here; none of them is entered.

    Raises:
        UsageError: the file can't be read.
        PolicyErrors: everything that is wrong with it, each with its line.
    """
    targets, what = _targets_in(file)
    return _named(targets, file.parent, what)


def _fleet(
    targets: Iterable[TargetValue],
    folder: Path,
    what: str,
    named: Sequence[str],
    part: tuple[int, int] | None = None,
) -> Fleet:
    """Targets by what they are called here; those that are ``named``, or of a part."""
    values = _named(targets, folder, what)
    wanted = {text: each for text, each in values.items() if not named or text in named}
    if part is not None:
        chosen = list(wanted)[part[0] :: part[1]]
        wanted = {text: wanted[text] for text in chosen}
    return fleet_of(wanted, folder, what, values)


def _named(targets: Iterable[TargetValue], folder: Path, what: str) -> dict[str, TargetValue]:
    """Targets by what they are called here; a path is from where we are."""
    values: dict[str, TargetValue] = {}
    wrong: list[PolicyError] = []
    for each in targets:
        text = each.text if "://" in each.text else path_of(folder, each.text)
        other = values.setdefault(text, each)
        if other is not each:
            message = f"{text} is there twice, the first time in {other.place}"
            wrong.append(PolicyError(message, location=each.place))
    if wrong:
        raise PolicyErrors(tuple(wrong), what)
    return values
