"""What documents say of images, in one form whoever wrote them: the bodies of ``image/…``.

::

    trivy image -f json app:1          image/Report      faults of packages, secrets, the user
    trivy image -f cyclonedx app:1     image/Sbom        that there is one, of which image
    an OpenVEX document                image/Statements  CVE-0000-0001: not affected, by whom, when

An image is told by the digest of its manifest, by its id (the digest of its configuration), or by a
name with a tag, which may lead to another image tomorrow.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Fault(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A known fault of a package in an image; ``fixed_in`` is "" while there is no fix."""

    id: str
    severity: str
    package: str
    installed: str = ""
    fixed_in: str = ""
    purl: str = ""


class Declared(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What somebody declared of a finding, in the report itself or in a document of statements.

    ``status`` is as VEX has it (``not_affected``, ``fixed``, …), or ``ignored`` where the scanner
    was told to leave it out. ``by`` is the author, or the source that the scanner names.
    """

    id: str
    status: str
    by: str = ""
    at: str = ""
    why: str = ""
    package: str = ""
    severity: str = ""


class LeftSecret(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A secret that a scanner found in an image: what kind, and where; never the secret."""

    what: str
    file: str
    line: int = 0


class Identity(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Which image a document is about.

    ``digests`` are of manifests (``sha256:…``), ``id`` is the digest of the configuration,
    ``names`` are references with a tag.
    """

    digests: tuple[str, ...] = ()
    id: str = ""
    names: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A line of an image's history, as its configuration has it; ``empty``: it made no layer."""

    created_by: str = ""
    comment: str = ""
    empty: bool = False


class Report(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A report of a scanner about one image.

    ``classes`` are the parts that the report has: without one of packages nothing is known of
    faults. ``looked`` are the scanners that were asked, where that is known: a report does not say
    that it found none. ``user`` and ``health``, the test of its health, are those of its
    configuration, None where that is not in the report; ``environment`` (``NAME=value``) and
    ``history``, the oldest step first, stand there too. ``unjudged`` is why nothing is taken of a
    configuration that is there.
    ``ended``: the distribution gets no fixes any more.
    """

    image: Identity
    scanner: str
    version: str
    created: str
    distribution: str = ""
    ended: bool = False
    user: str | None = None
    unjudged: str = ""
    health: tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()
    classes: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    declared: tuple[Declared, ...] = ()
    secrets: tuple[LeftSecret, ...] = ()


class Configuration(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the configuration of one image says, as it lies here.

    ``system`` and ``architecture`` are what it is for (``linux``, ``amd64``), ``health`` is the
    test of its health, ``environment`` is written ``NAME=value``. ``history`` has the oldest step
    first; of ``layers`` it may have fewer than there are. ``manifests`` are digests that lead to it
    where it lies, which an engine that keeps images by them calls it by; of a registry they need
    not be.
    """

    image: Identity
    system: str = ""
    architecture: str = ""
    created: str = ""
    user: str = ""
    health: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()
    layers: int = 0
    manifests: tuple[str, ...] = ()


class Sbom(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An SBOM of one image: how it is written, when it was made, how many packages it lists.

    ``serial`` is what others call it by: ``urn:cdx:`` and the UUID of a document of CycloneDX.
    """

    image: Identity
    form: str
    created: str = ""
    packages: int = 0
    serial: str = ""


class Product(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a statement is about: a purl, an image or an SBOM (by its serial), and what is in it.

    ``parts`` are packages in it; where there are none it is about all of them.
    """

    of: str
    parts: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What somebody says of one fault in some products; ``faults`` are its names."""

    faults: tuple[str, ...]
    status: str
    products: tuple[Product, ...]
    at: str = ""
    why: str = ""


class Statements(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A document of statements (VEX), with its author."""

    form: str
    author: str
    statements: tuple[Statement, ...]


class Signature(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A signature of one image; ``verified`` where a program says that it verified it.

    ``holds`` is the type of what was signed, where that is more than the image.
    """

    image: Identity
    form: str
    verified: bool = False
    by: str = ""
    holds: str = ""


class SpecialFile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A file of an image with the setuid or setgid bit: its mode in octal, whose it is.

    ``layer`` is the number of the layer that has it.
    """

    path: str
    mode: str
    owner: int = 0
    layer: int = 0


class Files(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the headers of the layers of one image say of its files.

    ``entries`` is how many there are in ``layers`` layers; ``special`` are those with the setuid or
    setgid bit after all layers.
    """

    image: Identity
    layers: int
    entries: int = 0
    special: tuple[SpecialFile, ...] = ()


class Database(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The database that a scanner goes by: when it was made, and when the next one is due."""

    scanner: str
    version: str
    updated: str
    due: str = ""
