"""Workers of a Dask cluster: https://distributed.dask.org.

A scheduler of Dask hands out tasks and keeps what it hands out. It gets functions and bytes that it
need not understand: functions travel by value, so that it needs nothing of ours, and errands are
sealed for the worker that they are for. A task is bound to that worker (``workers=``): a scheduler
would give it to any other, also to one that nobody has looked at. What Dask does by itself when
such a worker is lost is to wait for it; so who is there is looked at here (``crew``).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import zstandard
from distributed import Client, Security

from auditor.cli.executors.about import About, about_us
from auditor.cli.executors.addresses import Address, is_loopback
from auditor.cli.executors.crew import Crew, Member
from auditor.cli.executors.sealing import NotOursError, seal
from auditor.cli.executors.working import brought_from
from auditor.errors import CollectionError, UsageError
from auditor.runner.errands import Brought, Errand, encoded
from reports.text import safe

CONNECT: Final = 10.0
"""Seconds to reach a scheduler, and those that it may take for an answer."""
INTRODUCTION: Final = 30.0
"""Seconds that a worker may take to load the program and look through it."""
MOST_ATTEMPTS: Final = 2
MOST_SENT: Final = 256
"""Errands at once."""
_LONGEST: Final = 200
_GOODBYE: Final = 3.0


class DaskErrands:
    """Implements :class:`auditor.runner.errands.Errands` by a scheduler of Dask."""

    def __init__(self, client: Client, address: Address, warn: Callable[[str], None]) -> None:
        """Meet the workers that are there; ``warn`` is told of those that do not fit.

        Raises:
            UsageError: there is none that would judge as we do.
        """
        self._client = client
        self._address = address
        self._warn = warn
        self._run = os.urandom(16).hex()
        self._numbers = itertools.count()
        self._executor = client.get_executor(pure=False, retries=0)
        self._sent: set[Future[tuple[str, bytes]]] = set()
        self._over = False
        self._refused: list[str] = []
        self._crew = Crew(self._there, self._meet)
        try:
            self._crew.look()
        except CollectionError as error:
            raise UsageError(f"--executor {error.message}", hint=error.hint) from error
        if not self._crew.slots:
            raise self._nobody()

    @property
    def slots(self) -> int:
        """See :class:`auditor.runner.errands.Errands`; each takes a thread here."""
        return min(MOST_SENT, self._crew.slots)

    @property
    def is_near(self) -> bool:
        """See :class:`auditor.runner.errands.Errands`."""
        return all(is_loopback(_host(each)) for each in self._crew.addresses)

    def run(self, errand: Errand) -> Brought:
        """Have a worker run an errand; one that is lost costs a second attempt by another.

        Raises:
            CollectionError: no worker could.
        """
        data, lost = encoded(errand), list[str]()
        while len(lost) < MOST_ATTEMPTS:
            with self._crew.one(lost) as member:
                found = self._asked(member, data)
            if isinstance(found, Brought):
                return found
            lost.append(f"{member.address} {found}")
        raise CollectionError(
            f"no worker read it to the end: {'; '.join(lost)}",
            hint="see the workers' own logs; audit it by itself, without --executor",
        )

    def _asked(self, member: Member, data: bytes) -> Brought | str:
        """What one worker brought, or what became of it."""
        sealed, answers = seal(data, member.key)
        key = f"auditor-{self._run[:8]}-{next(self._numbers)}"
        future: Future[tuple[str, bytes]] = self._executor.submit(
            _by_value(_work), sealed, self._run, key=key, workers=[member.address]
        )
        self._sent.add(future)
        try:
            how, answer = self._waited(member, future)
            if how:
                self._crew.dismiss(member)
                return how
            return brought_from(answer, answers.opened)
        except (NotOursError, msgspec.MsgspecError, zstandard.ZstdError):
            self._crew.dismiss(member)
            return "answered what nobody asked"
        finally:
            self._sent.discard(future)
            future.cancel()

    def _waited(self, member: Member, future: Future[tuple[str, bytes]]) -> tuple[str, bytes]:
        """Wait for a worker, for as long as it is there.

        Raises:
            CollectionError: there is no scheduler any more, or the run is over.
        """
        while True:
            try:
                return future.result(timeout=1)
            except TimeoutError:
                if not self._crew.has(member):
                    return "ended", b""
            except CancelledError:
                raise self._gone() from None
            except Exception as error:  # noqa: BLE001 - whatever Dask raises costs one attempt
                return f"failed: {type(error).__name__}", b""

    def _there(self) -> Mapping[str, int]:
        """The workers that the scheduler has, with their threads."""
        try:
            found: Mapping[str, int] = self._client.sync(
                self._client.scheduler.ncores, workers=None, callback_timeout=CONNECT
            )
        except (OSError, TimeoutError, CancelledError, RuntimeError):
            raise self._gone() from None
        return found

    def _meet(self, new: Mapping[str, int]) -> list[Member]:
        """Those of new workers that would judge as we do; the others are told of."""
        try:
            answers = self._client.sync(self._introductions, sorted(new))
        except (OSError, TimeoutError, CancelledError, RuntimeError):
            raise self._gone() from None
        found = []
        for name, answer in zip(sorted(new), answers, strict=True):
            key, wrong = _met(answer)
            if wrong:
                self._refused.append(f"{name}: {wrong}")
                self._warn(f"{name} gets no work: {wrong}")
            else:
                found.append(Member(name, key, max(1, new[name])))
        return found

    async def _introductions(self, workers: Sequence[str]) -> list[object]:
        """What each worker says of itself; one that says nothing is not waited for."""
        function = _by_value(_introduced)

        async def one(worker: str) -> object:
            asked = self._client.run(
                function, self._run, workers=[worker], on_error="return", asynchronous=True
            )
            found: Mapping[str, object] = await asyncio.wait_for(asked, INTRODUCTION)
            return found[worker]

        asked = map(one, workers)
        return await asyncio.gather(*asked, return_exceptions=True)

    def _gone(self) -> CollectionError:
        return CollectionError(
            f"{self._address.text}: the scheduler does not answer any more",
            hint="start it again, and audit again",
        )

    def _nobody(self) -> UsageError:
        if not self._refused:
            return UsageError(
                f"--executor {self._address.text}: the scheduler has no workers",
                hint=f"dask worker {self._address.place}, where auditor is installed",
            )
        told = "; ".join(self._refused)
        return UsageError(
            f"--executor {self._address.text}: no worker would judge as we do: {told}",
            hint="install on them what is installed here",
        )

    def stop(self) -> None:
        """Take back what is not done: nothing of ours is left with the scheduler."""
        for future in tuple(self._sent):
            future.cancel()
        with contextlib.suppress(OSError, TimeoutError, CancelledError, RuntimeError):
            self._client.close(timeout=_GOODBYE)


def _met(answer: object) -> tuple[bytes, str]:
    """The key of a worker; or why it gets nothing."""
    if isinstance(answer, TimeoutError):
        return b"", f"it said nothing within {INTRODUCTION:g} s"
    if isinstance(answer, BaseException):
        return b"", f"auditor can't be started there: {safe(str(answer))[:_LONGEST]}"
    try:
        found = msgspec.convert(answer, dict[str, Any])
        about, key = msgspec.convert(found["about"], About), found["key"]
    except (msgspec.ValidationError, KeyError):
        return b"", "its auditor is another version"
    if not isinstance(key, bytes):
        return b"", "its auditor is another version"
    return key, ", ".join(about.differences(about_us()))


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


@contextlib.contextmanager
def dask_errands(address: Address, warn: Callable[[str], None]) -> Iterator[DaskErrands]:
    """Connect to a scheduler, and take back what is not done at the end.

    Raises:
        UsageError: it can't be reached, or no worker would judge as we do.
    """
    _silence()
    client = connected(address)
    errands = None
    try:
        errands = DaskErrands(client, address, warn)
        yield errands
    finally:
        if errands is not None:
            errands.stop()
        else:
            client.close(timeout=_GOODBYE)


def _silence() -> None:
    """Have Dask log nothing: what is wrong we say ourselves."""
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # some have a level of their own
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def connected(address: Address, seconds: float = CONNECT) -> Client:
    """Connect to a scheduler, within twice so many seconds.

    Raises:
        UsageError: nobody is there, or nobody who answers as a scheduler.
    """
    scheme = "tls" if address.tls else "tcp"
    security = _security(address)

    def connect() -> Client:
        return Client(
            f"{scheme}://{address.place}",
            security=security,
            timeout=seconds,
            set_as_default=False,
            name="auditor",
        )

    try:
        # Dask tries again and again, also where nobody listens
        socket.create_connection((address.host, address.port), seconds).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, which are compared by us
            return _within(2 * seconds, connect)
    except (OSError, TimeoutError, ValueError, RuntimeError, TypeError) as error:
        raise UsageError(
            f"--executor {address.text}: the scheduler can't be reached: "
            f"{safe(str(error))[:_LONGEST]}",
            hint=f"is it there, and is it {scheme}://? dask scheduler starts one",
        ) from error


def _within(seconds: float, connect: Callable[[], Client]) -> Client:
    """Wait for a client: its own limit is not that of the first words, which a server may owe.

    Raises:
        TimeoutError: it took longer; nothing waits for the thread that goes on.
    """
    found: Future[Client] = Future()

    def run() -> None:
        try:
            found.set_result(connect())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            found.set_exception(error)

    threading.Thread(target=run, name="connecting", daemon=True).start()
    if not wait((found,), seconds).done:
        raise TimeoutError(f"no answer of a scheduler within {seconds:g} s")
    return found.result()


def _security(address: Address) -> Security:
    """What TLS goes by: files that were named, else what Dask is set up with.

    Raises:
        UsageError: it is set up with none.
    """
    if not address.tls:
        return Security()
    files = address.files
    found = Security(
        require_encryption=True,
        **(
            {
                "tls_ca_file": files["ca"],
                "tls_client_cert": files["cert"],
                "tls_client_key": files["key"],
            }
            if files
            else {}
        ),
    )
    if not found.tls_ca_file:
        raise UsageError(
            f"--executor {address.text}: there are no certificates for TLS",
            hint=f"dasks://{address.place}?ca=FILE&cert=FILE&key=FILE, or distributed.comm.tls "
            "of Dask's configuration",
        )
    return found


def _by_value(make: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """A function that travels by its code: who carries it need not have this program."""
    return make()


def _introduced() -> Callable[..., Any]:
    async def introduced(run: str) -> dict[str, object]:
        import asyncio

        def said() -> dict[str, object]:
            from auditor.cli.executors.about import introduced

            return introduced(run)

        return await asyncio.to_thread(said)  # a worker that is busy with it answers others

    return introduced


def _work() -> Callable[..., Any]:
    def audit(sealed: bytes, run: str) -> tuple[str, bytes]:
        from auditor.cli.executors.in_dask import done

        return done(sealed, run)

    return audit
