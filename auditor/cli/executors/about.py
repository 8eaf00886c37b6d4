"""What a worker is: whether it would judge as we do is decided before it gets anything.

The same version is not enough: a checkout has one version for months. So the program itself is
digested, all its modules and its policies, and compared with ours.
"""

from __future__ import annotations

import functools
import platform
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from auditor.cli.environment import digest_of_program
from auditor.policy import policies_folder
from auditor.policy.policyset import digest_of
from auditor.version import VERSION

_MOST_RUNS: Final = 8
"""Runs at once that a worker has keys for."""


class About(msgspec.Struct, frozen=True):
    """A process that may judge: versions, and digests of the program and its policies."""

    auditor: str
    program: str
    policies: str
    python: str
    msgspec: str

    def differences(self, ours: About) -> tuple[str, ...]:
        """Say in what it is another one than ours, each time with both."""
        return tuple(
            f"{what} {_short(theirs)} (ours {_short(our)})"
            for what in self.__struct_fields__
            if (theirs := getattr(self, what)) != (our := getattr(ours, what))
        )


def _short(text: str) -> str:
    """A version, or as much of a digest as tells it from another."""
    return text.removeprefix("sha256:")[:12]


@functools.cache
def about_us() -> About:
    """What this process is; the program does not change while it runs."""
    return About(
        auditor=VERSION,
        program=digest_of_program(),
        policies=digest_of([policies_folder()]),
        python=platform.python_version(),
        msgspec=msgspec.__version__,
    )


@functools.lru_cache(_MOST_RUNS)
def key_of(run: str) -> X25519PrivateKey:
    """The key that errands of a run are sealed for here, made when it is first asked for."""
    del run
    return X25519PrivateKey.generate()


def introduced(run: str) -> dict[str, object]:
    """What a worker says of itself, in values that every version of this program understands."""
    said: dict[str, object] = msgspec.to_builtins(about_us())
    return {"about": said, "key": key_of(run).public_key().public_bytes_raw()}
