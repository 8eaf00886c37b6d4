"""Secrets of command lines that no name tells: by the program and the position."""

from __future__ import annotations

import pytest

from auditor.secrets.hints import may_hold_secret
from auditor.secrets.positions import in_arguments, in_command
from auditor.secrets.redact import clean, redact

M = "«redacted:argument»"

COMMANDS = {
    "MinIO's client": (
        "mc alias set store http://minio:9000 admin Fjord-Lantern-77 && mc mb -p store/models",
        f"mc alias set store http://minio:9000 admin {M} && mc mb -p store/models",
    ),
    "MinIO's client, with options": (
        "mc --insecure alias set --api S3v4 store http://minio:9000 admin 'Fjord Lantern'",
        f"mc --insecure alias set --api S3v4 store http://minio:9000 admin '{M}'",
    ),
    "the user of curl": (
        "until curl -fsS -u admin:Fjord-77 http://a; do sleep 1; done",
        f"until curl -fsS -u admin:{M} http://a; do sleep 1; done",
    ),
    "the user of curl, in quotes": (
        'curl --user "admin:Fjord-77" http://a',
        f'curl --user "admin:{M}" http://a',
    ),
    "the user of curl, joined": ("curl -uadmin:Fjord-77 http://a", f"curl -uadmin:{M} http://a"),
    "the user of a proxy": (
        "curl --proxy-user=admin:Fjord-77 http://a",
        f"curl --proxy-user=admin:{M} http://a",
    ),
    "Redis, on a later line": (
        "set -e\n/usr/bin/redis-cli -h cache -a lemon-anvil-2211 ping",
        f"set -e\n/usr/bin/redis-cli -h cache -a {M} ping",
    ),
    "MySQL": ("mysqldump -uroot -plemon-anvil db > f", f"mysqldump -uroot -p{M} db > f"),
    "SSH, in a pipe": ("echo go | sshpass -p lemon-anvil ssh a", f"echo go | sshpass -p {M} ssh a"),
    "a quote that does not end": ("curl -u 'admin:Fjord-77", f"curl -u 'admin:{M}"),
    "two commands": (
        "curl -u a:Fjord-77 b; redis-cli -a lemon-anvil ping",
        f"curl -u a:{M} b; redis-cli -a {M} ping",
    ),
}
NOTHING = {
    "a reference of a shell": 'mc alias set store http://minio:9000 "$USER" "$PASSWORD"',
    "a reference of Kubernetes": "curl -u $(USER):$(PASSWORD) http://a",
    "a command of a shell": "curl -u admin:$(cat /run/password) http://a",
    "a user alone": "curl -u admin http://a",
    "an empty password": "curl -u admin: http://a",
    "no credentials": "mc alias set store http://minio:9000",
    "another command of MinIO's": "mc mirror one two three four five six",
    "another program with the flag": "docker run -u admin:group -a stdout redis",
    "the flag behind another command": "curl http://a && run -u admin:group",
    "a program whose name only ends alike": "pycurl -u admin:Fjord-77",
    "a question for the password": "mysql -u root -p db",
    "a comment": "curl http://a # -u admin:Fjord-77 was here",
    "the last flag": "redis-cli -a",
}


@pytest.mark.parametrize(("text", "made"), COMMANDS.values(), ids=COMMANDS.keys())
def test_what_a_program_takes_for_a_secret_is_replaced(text: str, made: str) -> None:
    assert in_command(text) == made
    assert redact({"args": [text]}) == {"args": [made]}
    assert may_hold_secret(text.encode())


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_no_secret_stays(text: str) -> None:
    assert in_command(text) == text


LISTS = {
    "Redis": (["redis-cli", "-a", "lemon-anvil", "ping"], ["redis-cli", "-a", M, "ping"]),
    "curl": (["/usr/bin/curl", "-u", "a:b c d", "x"], ["/usr/bin/curl", "-u", f"a:{M}", "x"]),
    "MinIO": (
        ["mc", "alias", "set", "s", "u", "a", "lemon"],
        ["mc", "alias", "set", "s", "u", "a", M],
    ),
    "MySQL": (["mysqladmin", "ping", "-plemon-anvil"], ["mysqladmin", "ping", f"-p{M}"]),
    "behind another program": (
        ["timeout", "5", "redis-cli", "-a", "l1"],
        ["timeout", "5", "redis-cli", "-a", M],
    ),
}


@pytest.mark.parametrize(("words", "made"), LISTS.values(), ids=LISTS.keys())
def test_a_list_is_a_command_line_too(words: list[str], made: list[str]) -> None:
    body = b'{"command":' + str(words).replace("'", '"').encode() + b"}"
    assert in_arguments([*words]) == made
    assert redact({"command": words}) == {"command": made}
    assert M in clean(body).decode()


def test_what_is_no_text_stays() -> None:
    words = ["redis-cli", "-a", 7, None, {"a": "b"}]
    assert in_arguments(words) is words
