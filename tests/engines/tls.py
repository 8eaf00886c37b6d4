"""Certificates of servers on the loopback, each of an authority of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import trustme


def certified(folder: Path) -> Mapping[str, Path]:
    """Write an authority, a certificate of it and its key: the files ca, certificate and key."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {name: folder / f"{name}.pem" for name in ("ca", "certificate", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    certificate.cert_chain_pems[0].write_to_path(files["certificate"])
    certificate.private_key_pem.write_to_path(files["key"])
    return files
