"""What the environment says, read once; nothing below the command line looks at it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from auditor.bounded import read_named
from auditor.errors import UsageError

PASSPHRASE_VARIABLE = "AUDITOR_PASSPHRASE"  # noqa: S105 - the name of a variable
"""What only we may know: no program that we start inherits it."""
VSPHERE_VARIABLE = "AUDITOR_VSPHERE_PASSWORD"
SESSION_VARIABLE = "AUDITOR_VSPHERE_SESSION"
"""As that one, both."""
_MOST_AUTHORITIES = 1 << 22
_SENT = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
)
_DIGITS = 11
"""Of a SOURCE_DATE_EPOCH before the year 5138."""


class DockerConfig(msgspec.Struct, frozen=True):
    """What the command line of Docker goes by; "" where it is not set.

    ``host`` is DOCKER_HOST, ``context`` DOCKER_CONTEXT, ``tls`` whether DOCKER_TLS_VERIFY is set,
    ``certificates`` DOCKER_CERT_PATH, ``folder`` DOCKER_CONFIG or the usual place.
    """

    host: str = ""
    context: str = ""
    tls: bool = False
    certificates: str = ""
    folder: str = ""


class VsphereConfig(msgspec.Struct, frozen=True):
    """How vCenters are entered; "" where it is not said.

    ``user`` is AUDITOR_VSPHERE_USER, for addresses that name none, ``password``
    AUDITOR_VSPHERE_PASSWORD, or what a file or a program says, ``session`` AUDITOR_VSPHERE_SESSION
    likewise, which goes before it: a session that is open. ``authority`` is a file of CAs,
    ``thumbprint`` the sha256 of the certificate that a server must have. ``checked`` is false where
    a person switched all checks of certificates off.
    """

    user: str = ""
    password: str = ""
    session: str = ""
    authority: str = ""
    thumbprint: str = ""
    checked: bool = True


class StorageConfig(msgspec.Struct, frozen=True):
    """What of the environment says where S3 is, and where it is said who asks; no secret of it.

    The library reads keys and identities itself. ``has_key`` is whether AWS_ACCESS_KEY_ID is set,
    ``has_identity`` whether a variable names a token or a service that gives some, ``no_machine``
    AWS_EC2_METADATA_DISABLED. ``variable`` is what says the endpoint. ``profile`` is AWS_PROFILE,
    ``credentials`` and ``settings`` are the files that have it; ``authorities`` is the content of
    AWS_CA_BUNDLE, empty for none.
    """

    endpoint: str = ""
    variable: str = "AWS_ENDPOINT_URL"
    region: str = ""
    profile: str = ""
    credentials: str = ""
    settings: str = ""
    has_key: bool = False
    has_identity: bool = False
    no_machine: bool = False
    authorities: bytes = b""


class Config(msgspec.Struct, frozen=True):
    """The environment as values.

    ``cache`` is a folder, None when there is no home to put one in. ``colour`` follows NO_COLOR,
    FORCE_COLOR and CLICOLOR_FORCE; None leaves it to the terminal. ``epoch`` is SOURCE_DATE_EPOCH:
    seconds since 1970 to use in place of the clock, for byte-identical reports. ``temporary`` is
    TMPDIR, "" when it is not set. ``kubeconfig`` is KUBECONFIG, a file or a list of files, or the
    usual place. ``home`` is the user's folder for settings, ``key`` AUDITOR_KEY, a URI,
    ``passphrase`` AUDITOR_PASSPHRASE, which opens it, ``authority`` AUDITOR_TSA, a URL, ``path``
    PATH, where programs are. ``docker`` is Docker's own, ``vsphere`` is for
    vCenters. ``trivy`` is AUDITOR_TRIVY, a program; ``pulling`` are the variables that a program
    needs to pull images: proxies, authorities, the folder of Docker's configuration.
    """

    cache: Path | None
    colour: bool | None
    epoch: int | None
    temporary: str
    kubeconfig: str
    home: Path | None = None
    key: str = ""
    passphrase: str = ""
    authority: str = ""
    path: str = ""
    docker: DockerConfig = DockerConfig()
    vsphere: VsphereConfig = VsphereConfig()
    trivy: str = ""
    pulling: Mapping[str, str] = MappingProxyType({})


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """Read the environment, the process's own by default.

    AUDITOR_PASSPHRASE, AUDITOR_VSPHERE_PASSWORD and AUDITOR_VSPHERE_SESSION are taken out of the
    process's own: programs that we start, such as an exec plugin of a kubeconfig, inherit the rest.

    Raises:
        UsageError: SOURCE_DATE_EPOCH is not a time.
    """
    env = os.environ if environment is None else environment
    passphrase = env.get(PASSPHRASE_VARIABLE, "")
    password, session = env.get(VSPHERE_VARIABLE, ""), env.get(SESSION_VARIABLE, "")
    if environment is None:
        for name in (PASSPHRASE_VARIABLE, VSPHERE_VARIABLE, SESSION_VARIABLE):
            os.environ.pop(name, None)
    return Config(
        cache=_folder(env, "XDG_CACHE_HOME", ".cache"),
        colour=_colour(env),
        epoch=_epoch(env),
        temporary=env.get("TMPDIR", ""),
        kubeconfig=env.get("KUBECONFIG") or f"{env.get('HOME', '')}/.kube/config",
        home=_folder(env, "XDG_CONFIG_HOME", ".config"),
        key=env.get("AUDITOR_KEY", ""),
        passphrase=passphrase,
        authority=env.get("AUDITOR_TSA", ""),
        path=env.get("PATH", ""),
        docker=_docker(env),
        vsphere=VsphereConfig(env.get("AUDITOR_VSPHERE_USER", ""), password, session),
        trivy=env.get("AUDITOR_TRIVY", ""),
        pulling=_pulling(env),
    )


def read_storage_config(environment: Mapping[str, str] | None = None) -> StorageConfig:
    """Read of the environment what a storage goes by: nothing, where none is named.

    https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html

    Raises:
        UsageError: AWS_CA_BUNDLE can't be read, or a variable has what no request can have.
    """
    env = os.environ if environment is None else environment
    for name in _SENT:
        check_sendable(name, env.get(name, ""))
    variable = "AWS_ENDPOINT_URL_S3" if env.get("AWS_ENDPOINT_URL_S3") else "AWS_ENDPOINT_URL"
    usual = Path(env.get("HOME", "")) / ".aws"
    identities = (
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    )
    bundle = env.get("AWS_CA_BUNDLE", "")
    try:
        authorities = read_named(Path(bundle), _MOST_AUTHORITIES) if bundle else b""
    except (OSError, ValueError) as error:
        raise UsageError(f"AWS_CA_BUNDLE: {error}", hint="a file of certificates") from error
    return StorageConfig(
        endpoint=env.get(variable, ""),
        variable=variable,
        region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", ""),
        profile=env.get("AWS_PROFILE", ""),
        credentials=env.get("AWS_SHARED_CREDENTIALS_FILE") or str(usual / "credentials"),
        settings=env.get("AWS_CONFIG_FILE") or str(usual / "config"),
        has_key=bool(env.get("AWS_ACCESS_KEY_ID")),
        has_identity=any(env.get(name) for name in identities),
        no_machine=env.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true",
        authorities=authorities,
    )


def check_sendable(name: str, value: str) -> None:
    """See that a value can stand in a header: it is what a storage is signed in to by.

    Raises:
        UsageError: it can't. The value, which may be a secret, is not repeated.
    """
    if not (value.isascii() and (value.isprintable() or not value)):
        raise UsageError(
            f"{name} has a line end or another character that no request can have",
            hint="does what it comes from, a file or a Secret, end with a line end?",
        )


def leave_out_empty(prefix: str) -> None:
    """Take out of the process's own environment what is there and empty: some libraries use it."""
    for name in [name for name, value in os.environ.items() if not value]:
        if name.startswith(prefix):
            del os.environ[name]


def take_variable(name: str) -> str:
    """A secret that the environment holds; "" for none. No program that we start inherits it."""
    return os.environ.pop(name, "")


def _pulling(env: Mapping[str, str]) -> Mapping[str, str]:
    """What reaches a registry: helpers of Docker's configuration are programs of the path."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "PATH")
    both = (*names, *(each.lower() for each in names[:3]))
    found = {name: env[name] for name in both if env.get(name)}
    folder = _docker(env).folder
    return {**found, "DOCKER_CONFIG": folder} if folder else found


def _docker(env: Mapping[str, str]) -> DockerConfig:
    """Docker's variables: https://docs.docker.com/reference/cli/docker/#environment-variables."""
    home = env.get("HOME", "")
    return DockerConfig(
        host=env.get("DOCKER_HOST", ""),
        context=env.get("DOCKER_CONTEXT", ""),
        tls=bool(env.get("DOCKER_TLS_VERIFY")),
        certificates=env.get("DOCKER_CERT_PATH", ""),
        folder=env.get("DOCKER_CONFIG") or (f"{home}/.docker" if home else ""),
    )


def _folder(env: Mapping[str, str], name: str, usual: str) -> Path | None:
    """Our folder below a base folder of the XDG specification, which says to ignore relative ones.

    A relative one would be in what is audited.
    """
    base, home = Path(env.get(name, "")), Path(env.get("HOME", ""))
    if base.is_absolute():
        return base / "auditor"
    return home / usual / "auditor" if home.is_absolute() else None


def _colour(env: Mapping[str, str]) -> bool | None:
    """https://no-color.org and https://bixense.com/clicolors: a set NO_COLOR wins."""
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR") or env.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    if env.get("TERM") == "dumb":
        return False
    return None


def _epoch(env: Mapping[str, str]) -> int | None:
    text = env.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text[:40]!r}: not a number of seconds since 1970",
            hint="unset it, or set it to what `git log -1 --format=%ct` prints",
        )
    return int(text)
