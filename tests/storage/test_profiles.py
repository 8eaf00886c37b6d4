"""Who asks, by the files of AWS's own programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.config import StorageConfig, read_storage_config
from auditor.errors import UsageError
from auditor.storage.profiles import profile_of

KEYS = "[default]\naws_access_key_id=AK\naws_secret_access_key=SK%n\naws_session_token=T\n"


def said(folder: Path, keys: str = "", settings: str = "", **more: str) -> StorageConfig:
    (folder / "keys").write_text(keys)
    (folder / "settings").write_text(settings)
    return StorageConfig(
        credentials=str(folder / "keys"), settings=str(folder / "settings"), **more
    )


def test_the_default_one(tmp_path: Path) -> None:
    found = profile_of(said(tmp_path, KEYS, "[default]\nregion=eu-west-1\n"))
    assert (found.key, found.secret, found.token) == ("AK", "SK%n", "T")
    assert (found.region, found.endpoint) == ("eu-west-1", "")
    assert "SK" not in repr(found)


def test_one_with_a_name(tmp_path: Path) -> None:
    settings = "[profile ci]\nrole_arn=arn:x\nweb_identity_token_file=/t\nendpoint_url=http://m\n"
    found = profile_of(said(tmp_path, KEYS, settings, profile="ci"))
    assert (found.key, found.role, found.token_file) == ("", "arn:x", "/t")
    assert found.endpoint == "http://m"


def test_none(tmp_path: Path) -> None:
    assert not profile_of(said(tmp_path)).key
    assert not profile_of(StorageConfig()).key


REFUSED = {
    "not there": ({"profile": "ci"}, "", "AWS_PROFILE is ci"),
    "a program": ({}, "[default]\ncredential_process=/kanari\n", "credential_process"),
    "signing in": ({"profile": "ci"}, "[profile ci]\nsso_session=x\n", "sso_session"),
    "another": ({"profile": "ci"}, "[profile ci]\nsource_profile=x\n", "source_profile"),
    "a control character": ({}, "[default]\nregion=kanari\x07\n", "the region of the profile"),
    "no settings": ({}, "kanari = 1\n", "no settings of AWS"),
}


@pytest.mark.parametrize(("more", "settings", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path: Path, more: dict[str, str], settings: str, message: str) -> None:
    with pytest.raises(UsageError) as found:
        profile_of(said(tmp_path, "", settings, **more))
    assert message in found.value.message
    assert "kanari" not in found.value.message + found.value.hint


def test_the_environment() -> None:
    found = read_storage_config(
        {
            "HOME": "/home/a",
            "AWS_ENDPOINT_URL": "http://all",
            "AWS_ENDPOINT_URL_S3": "http://s3",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_SECRET_ACCESS_KEY": "kanari",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/t",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )
    assert (found.endpoint, found.region) == ("http://s3", "eu-west-1")
    assert (found.has_key, found.has_identity, found.no_machine) == (False, True, True)
    assert found.credentials == "/home/a/.aws/credentials"
    assert "kanari" not in repr(found)


@pytest.mark.parametrize("value", ["kanari\n", "kanari\rx", "kanari\x00", "kan\u00e4ri"])
@pytest.mark.parametrize(
    "name",
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"],
)
def test_what_no_request_can_have(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} has a line end") as found:
        read_storage_config({name: value})
    assert "kan" not in found.value.message + found.value.hint


def test_authorities_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="AWS_CA_BUNDLE"):
        read_storage_config({"AWS_CA_BUNDLE": str(tmp_path / "none")})
