"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from auditor.cli.caching import POLICY, cache_of
from auditor.config import read_config
from auditor.errors import UsageError
from auditor.policy import CacheFolder, PolicySet, load, policies_folder
from auditor.runner.settings import Chosen

Command = TypeVar("Command", bound=Callable[..., object])

DEFAULT_PROFILE = "ai-platform"

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _profiles(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    from auditor.cli import completing

    return completing.profiles(context, begun)


def _settings(profile: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell completes behind ``--set``; what finds it is loaded only then."""

    def offer(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        from auditor.cli import completing

        return completing.settings(context, profile, begun)

    return offer


def policies_option(function: Command) -> Command:
    """``--policies DIR``."""
    return click.option(
        "--policies",
        "policies",
        metavar="DIR",
        multiple=True,
        type=_FOLDER,
        help="Also load rules, controls, profiles and tables from DIR. Repeatable.",
    )(function)


def profile_option(function: Command) -> Command:
    """``--profile ID``."""
    return click.option(
        "--profile",
        metavar="ID",
        default=DEFAULT_PROFILE,
        show_default=True,
        shell_complete=_profiles,
        help="Profile to judge by: auditor profiles list.",
    )(function)


def set_option_of(profile: str) -> Callable[[Command], Command]:
    """``--set NAME=VALUE`` of a command that judges by one profile; "" where it is chosen."""
    return click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        shell_complete=_settings(profile),
        help="Set a parameter, of every rule that has it or of one as RULE.NAME. Repeatable.",
    )


def set_option(function: Command) -> Command:
    """``--set NAME=VALUE``."""
    return set_option_of("")(function)


def kubeconfig_option(function: Command) -> Command:
    """``--kubeconfig FILE``."""
    return click.option(
        "--kubeconfig",
        metavar="FILE",
        default="",
        help="Kubeconfig of k8s:// targets.  [default: KUBECONFIG, or ~/.kube/config]",
    )(function)


def timeout_option(function: Command) -> Command:
    """``--timeout SECONDS``."""
    return click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help="How long to wait for the answers of one cluster.  [default: 900]",
    )(function)


def parallel_option(function: Command) -> Command:
    """``--parallel N``."""
    return click.option(
        "--parallel",
        metavar="N",
        type=click.IntRange(min=1, max=64),
        help="How many targets to ask at once.  [default: 8]",
    )(function)


def executor_option(function: Command) -> Command:
    """``--executor ADDRESS``."""
    return click.option(
        "--executor",
        metavar="ADDRESS",
        default="local",
        show_default=True,
        help="Who reads and judges targets that are asked: this machine, or the workers of a Dask "
        "cluster, by dask://HOST:8786 or dasks://HOST:8786 (TLS).",
    )(function)


HOST_OPTIONS = ("no_host", "host_probes")


def host_options(function: Command) -> Command:
    """``--no-host`` and ``--host-probes FILE``."""
    probes = click.option(
        "--host-probes",
        metavar="FILE",
        multiple=True,
        type=click.Path(path_type=Path),
        help="What the script of auditor permissions docker --script printed on a Docker host that "
        "is asked over the network. Repeatable.",
    )
    off = click.option(
        "--no-host",
        is_flag=True,
        help="Ask a Docker Engine alone, and look at nothing of the host beneath it.",
    )
    return off(probes(function))


def exclude_option(function: Command) -> Command:
    """``--exclude GLOB``."""
    return click.option(
        "--exclude",
        metavar="GLOB",
        multiple=True,
        help="Leave files and folders out, by paths below the target: testdata/, **/golden/**, "
        "*.ci.yaml. Every report says so. Repeatable.",
    )(function)


def progress_option(function: Command) -> Command:
    """``--progress MODE``."""
    return click.option(
        "--progress",
        type=click.Choice(["auto", "plain", "json", "none"]),
        default="auto",
        show_default=True,
        help="Progress on standard error.",
    )(function)


def folders(extra: Sequence[Path]) -> tuple[Path, ...]:
    """The built-in policy folder and the user's."""
    return (policies_folder(), *extra)


def load_policy(extra: Sequence[Path]) -> PolicySet:
    """The policies of the built-in folder and the user's, from the cache where they are known.

    Raises:
        PolicyErrors: a file is malformed.
    """
    from auditor.cli.wiring import wired

    cache = cache_of(read_config())
    compiled = None if cache is None else cache.below(POLICY)
    return load(folders(extra), compiled, wired().platforms)


def parse_settings(settings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Split ``NAME=VALUE``.

    Raises:
        UsageError: no equals sign, nothing before it, or a name that was set before.
    """
    pairs: list[tuple[str, str]] = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {setting}: not NAME=VALUE", hint="--set version=1.30")
        earlier = next((text for known, text in pairs if known == name), value)
        if earlier != value:
            raise UsageError(
                f"--set {name} is given twice: {earlier!r} and {value!r}",
                hint="once; the parts of a list are joined by commas: --set NAME=A,B",
            )
        pairs.append((name, value))
    return tuple(pairs)


def chosen_by(
    policies: Sequence[Path],
    profile: str,
    settings: Sequence[str],
    cache: CacheFolder | None,
    spool: Path | None = None,
) -> Chosen:
    """What the options say of the profile; ``cache`` is the folder of all caches.

    ``spool`` is where a file that settings name is put, as policy; None only checks it.

    Raises:
        UsageError: as :func:`parse_settings`; or a file that settings name can't be read.
        PolicyErrors: it says something else.
    """
    from auditor.cli.tenants import mapped
    from auditor.cli.wiring import wired

    compiled = cache.below(POLICY) if cache is not None else None
    wiring = wired()
    parameters, more = mapped(parse_settings(settings), spool)
    return Chosen(
        (*folders(policies), *more),
        profile,
        parameters,
        compiled,
        wiring.platforms,
        wiring.analyses,
    )
