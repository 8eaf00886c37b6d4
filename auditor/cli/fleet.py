"""Many targets, each with its own way in, as a configuration or a file of targets says it.

A secret is fetched when it is its target's turn, by the thread that reads the target: a program
that hangs or fails costs that target, which is then unreachable, and delays no other. What can be
known before is checked before: that files are there, variables are set, programs can be found.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from auditor.cli.vsphere_secrets import PATIENCE, first_line, from_file, printed_by, words_of
from auditor.cli.wiring import CollectorOptions, wired
from auditor.config import VsphereConfig, take_variable
from auditor.configuration.values import Reference, TargetValue
from auditor.errors import CollectionError, PolicyError, PolicyErrors, UsageError
from auditor.model.evidence import TargetEntry
from auditor.platforms.docker import DOCKER
from auditor.platforms.kubernetes import KUBERNETES
from auditor.platforms.vsphere import VSPHERE
from auditor.ports import Collector, Live, Sink

_SCHEMES: Final[Mapping[str, Collection[str]]] = MappingProxyType(
    {
        "kubeconfig": KUBERNETES.schemes,
        **dict.fromkeys(("password", "session", "authority", "thumbprint"), VSPHERE.schemes),
        "certificates": DOCKER.schemes,
    }
)
"""What is said of targets of which schemes alone."""
MOST_PRINTED: Final = 1 << 20
"""Bytes of a kubeconfig that a program prints."""


class Fleet(msgspec.Struct, frozen=True):
    """Targets by what they are called on the command line; paths are relative to ``folder``.

    ``variables`` are the secrets that the environment held. ``whole`` are all targets of the file,
    of which these may be some; ``what`` says what that is.
    """

    values: Mapping[str, TargetValue] = MappingProxyType({})
    folder: Path = Path()
    variables: Mapping[str, str] = MappingProxyType({})
    whole: tuple[str, ...] = ()
    what: str = ""

    def without_secret(self, targets: Iterable[str]) -> tuple[str, ...]:
        """Those targets that say nothing of a password or a session of their own."""
        return tuple(
            text
            for text in targets
            if (own := self.values.get(text)) is None or not (own.password or own.session)
        )

    def labels(self, targets: Iterable[str]) -> Mapping[int, tuple[tuple[str, str], ...]]:
        """The labels of targets that have some, by their numbers."""
        found = ((number, self.values.get(text)) for number, text in enumerate(targets))
        return {number: each.labels for number, each in found if each and each.labels}

    def collector_for(self, text: str, settings: CollectorOptions) -> Collector | Live:
        """Find the collector of a target, which enters it as the target says.

        Raises:
            UsageError: as :meth:`auditor.cli.wiring.Wiring.collector_for`.
        """
        value = self.values.get(text)
        if value is None:
            return wired().collector_for(text, settings)
        wiring = wired()
        plain = wiring.collector_for(text, self._own(value, settings))
        if not isinstance(plain, Live) or not value.is_entered:
            return plain
        return Entered(plain.uri, partial(self._made, text, settings, wiring.collector_for))

    def _own(self, value: TargetValue, settings: CollectorOptions) -> CollectorOptions:
        """The settings of a target without what has to be fetched."""
        own = msgspec.structs.replace(
            settings, labels=value.labels, timeout=value.timeout or settings.timeout
        )
        if value.certificates:
            docker = msgspec.structs.replace(
                own.docker, certificates=self._path(value.certificates)
            )
            own = msgspec.structs.replace(own, docker=docker)
        if value.kubeconfig is not None and value.kubeconfig.how == "file":
            own = msgspec.structs.replace(own, kubeconfig=self._path(value.kubeconfig.what))
        return own

    def _made(
        self,
        text: str,
        settings: CollectorOptions,
        make: Callable[[str, CollectorOptions], Collector | Live],
        scratch: Path,
    ) -> Collector | Live:
        return make(text, self.entered(text, settings, scratch))

    def entered(self, text: str, settings: CollectorOptions, scratch: Path) -> CollectorOptions:
        """The settings of a target with its secrets, which are fetched now.

        A kubeconfig that is no file is put into ``scratch``.

        Raises:
            UsageError: a secret does not come.
        """
        value = self.values.get(text)
        if value is None:
            return settings
        own, kubeconfig = self._own(value, settings), value.kubeconfig
        if not value.is_entered:
            return own
        if kubeconfig is not None and kubeconfig.how != "file":
            import tempfile

            handle, name = tempfile.mkstemp(dir=scratch, prefix="kubeconfig-")
            with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                file.write(self._whole(kubeconfig, _seconds(own)))
            own = msgspec.structs.replace(own, kubeconfig=name)
        return msgspec.structs.replace(own, vsphere=self._vsphere(value, own))

    def _vsphere(self, value: TargetValue, own: CollectorOptions) -> VsphereConfig:
        found = own.vsphere
        if value.password is not None:
            secret = self._first(value.password, _seconds(own))
            found = msgspec.structs.replace(found, password=secret, session="")
        if value.session is not None:
            secret = self._first(value.session, _seconds(own))
            found = msgspec.structs.replace(found, session=secret, password="")
        if value.authority or value.thumbprint:
            authority = self._path(value.authority) if value.authority else ""
            found = msgspec.structs.replace(
                found, authority=authority, thumbprint=value.thumbprint, checked=True
            )
        return found

    def _first(self, where: Reference, seconds: float) -> str:
        """A secret of one line."""
        match where.how:
            case "env":
                return self.variables[where.what]
            case "file":
                return from_file(f"{where.place}:", Path(self._path(where.what)))
            case _:
                return first_line(f"{where.place}", _printed(where, seconds))

    def _whole(self, where: Reference, seconds: float) -> bytes:
        if where.how == "env":
            return self.variables[where.what].encode("utf-8", "surrogateescape")
        return _printed(where, seconds)

    def _path(self, text: str) -> str:
        return str(self.folder / text)


NO_FLEET: Final = Fleet()


class Entered(msgspec.Struct, frozen=True):
    """A live target whose secret is fetched when it is read; see :class:`auditor.ports.Live`."""

    uri: str
    make: Callable[[Path], Collector | Live]

    def collect(
        self, kinds: frozenset[str], sink: Sink, progress: Callable[[int, int], None]
    ) -> TargetEntry:
        """Enter the target, and read it.

        Raises:
            CollectionError: it can't be entered, or not be reached.
        """
        try:
            found = self.make(sink.scratch)
        except UsageError as error:
            raise CollectionError(error.message, hint=error.hint) from error
        if not isinstance(found, Live):
            raise TypeError(self.uri)
        return found.collect(kinds, sink, progress)


def fleet_of(
    values: Mapping[str, TargetValue], folder: Path, what: str, whole: Iterable[str] = ()
) -> Fleet:
    """Take the variables that targets name out of the environment, and check the rest.

    ``what`` the targets are from is said in an error, ``whole`` are all of these.

    Raises:
        PolicyErrors: everything that can't be right, each with its line.
    """
    errors = [error for value in values.values() for error in _wrong(value, folder)]
    variables: dict[str, str] = {}
    for each in (where for value in values.values() for where in _references(value)):
        if each.how == "env" and each.what not in variables:
            variables[each.what] = take_variable(each.what)
            if not variables[each.what]:
                errors.append(PolicyError(f"{each.what} is not set", location=each.place))
    if errors:
        raise PolicyErrors(tuple(errors), what)
    return Fleet(values, folder, variables, tuple(whole), what)


def _printed(where: Reference, seconds: float) -> bytes:
    """What a program prints that has no terminal: others may run at the same time."""
    place = f"{where.place}"
    return printed_by(place, words_of(place, where.what), seconds, most=MOST_PRINTED)


def _seconds(own: CollectorOptions) -> float:
    """How long a program may take: no longer than its target, where that says how long."""
    return min(PATIENCE, own.timeout or PATIENCE)


def _references(value: TargetValue) -> Iterator[Reference]:
    yield from filter(None, (value.kubeconfig, value.password, value.session))


def is_there(place: Path) -> bool:
    """Whether there is a file of a name, which a person may have written of any length."""
    return os.path.exists(place)  # noqa: PTH110 - Path.exists raises for a name that is too long


def _wrong(value: TargetValue, folder: Path) -> Iterator[PolicyError]:
    scheme, separator, _ = value.text.partition("://")
    for name, schemes in _SCHEMES.items():
        if getattr(value, name) and not (separator and scheme in schemes):
            key = "ca-file" if name == "authority" else name
            wanted = " and ".join(f"{each}://" for each in schemes)
            message = f"{value.text}: {key} is for {wanted} targets"
            yield PolicyError(message, location=value.place)
    for where in _references(value):
        if where.how == "file" and not is_there(folder / where.what):
            yield PolicyError(f"{where.what}: no such file", location=where.place)
        elif where.how == "command":
            try:
                program = words_of("command", where.what)[0]
            except UsageError as error:
                yield PolicyError(error.message, location=where.place, hint=error.hint)
                continue
            import shutil

            if shutil.which(program) is None:
                yield PolicyError(f"{program}: no such program", location=where.place)
    for name, check in (("authority", os.path.isfile), ("certificates", os.path.isdir)):
        text = getattr(value, name)
        if text and not check(folder / text):
            yield PolicyError(f"{text}: no such file or folder", location=value.place)
