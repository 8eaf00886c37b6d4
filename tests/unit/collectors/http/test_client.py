"""One client for every platform: what it says of a failure is in the words of each."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from auditor.model.enums import Answered
from collectors.http.client import Client
from collectors.http.failures import Unanswered
from collectors.http.transport import Tls
from tests.faults.server import Asked, Reply, json_reply, serving
from tests.unit.collectors.http.two_platforms import engine, vcenter

INFO = "/v1.43/info"


def failed(ask: Callable[[], object]) -> Unanswered:
    with pytest.raises(Unanswered) as caught:
        ask()
    return caught.value


def info(client: Client) -> Unanswered:
    return failed(lambda: client.get(INFO))


def test_an_error_is_told_in_the_words_of_the_server() -> None:
    def handle(asked: Asked) -> Reply:
        if asked.path == INFO:
            return json_reply({"message": "no such\nhost"}, 404)
        return json_reply({"messages": [{"default_message": "not yours"}]}, 403)

    with serving(handle) as server:
        first = info(engine(server.url))
        other = failed(lambda: vcenter(server.url).get("/api/vcenter/vm"))
    assert (first.detail, first.answered) == ("HTTP 404: no such host", Answered.NOT_FOUND)
    assert (other.detail, other.answered) == ("HTTP 403: not yours", Answered.DENIED)


@pytest.mark.parametrize(
    ("code", "answered"),
    [(418, Answered.TIMEOUT), (410, Answered.MALFORMED), (403, Answered.DENIED)],
)
def test_a_platform_says_what_a_status_means(code: int, answered: Answered) -> None:
    reply = json_reply({"messages": [{"default_message": "no"}]}, code)
    with serving(lambda _asked: reply) as server:
        found = failed(lambda: vcenter(server.url).get("/api/vcenter/vm"))
    assert (found.answered, found.code) == (answered, code)


def test_a_message_that_nobody_understands_is_shown_as_it_is() -> None:
    with serving(lambda _asked: Reply(b"<oops>", 404)) as server:
        assert info(engine(server.url)).detail == "HTTP 404: <oops>"


def test_a_post_that_is_allowed_is_answered() -> None:
    with serving(lambda _asked: json_reply("a-session", 201)) as server:
        assert vcenter(server.url).post("/api/session", {}).body == b'"a-session"'
        assert [(each.method, each.path) for each in server.asked] == [("POST", "/api/session")]


def test_hints_name_what_the_platform_is_configured_by() -> None:
    with serving(lambda _asked: json_reply({"message": "who?"}, 401)) as server:
        renewed = info(engine(server.url, "Bearer a-token", "Bearer b-token"))
        lost = info(engine(server.url, "Bearer a-token"))
    assert (renewed.detail, renewed.hint) == ("HTTP 401: who?", "unknown_user of DOCKER_HOST")
    assert lost.detail == "HTTP 401, and no new credentials: there is no other token"
    assert lost.hint == "log in again"
    assert info(engine(server.url)).hint == "refused of DOCKER_HOST"


def test_a_token_is_in_no_message_also_in_a_header_of_its_own() -> None:
    def handle(asked: Asked) -> Reply:
        token = asked.headers["vmware-api-session-id"]
        code = 401 if token.startswith("first") else 403
        return json_reply({"messages": [{"default_message": f"{token} may not"}]}, code)

    tokens = ("first-token-0123456789", "other-token-0123456789")
    with serving(handle) as server:
        client = vcenter(server.url, *tokens)
        found = failed(lambda: client.get("/api/vcenter/host"))
        assert [each.headers["vmware-api-session-id"] for each in server.asked] == [*tokens]
    assert found.detail.endswith(" may not")
    assert not any(token in found.detail for token in tokens)
    assert set(tokens) <= set(client.secrets())


def test_who_is_silent_is_not_asked_for_ever() -> None:
    with serving(lambda _asked: json_reply({})) as server:
        url = server.url
    client = engine(url)
    said = [info(client).detail for _ in range(4)]
    assert said[0].startswith("no connection: ")
    assert said[3].startswith("not asked: 3 requests in a row had no answer")


def test_a_certificate_of_ours_is_shown(tmp_path: Path) -> None:
    """As a Docker Engine over TCP asks for one."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    own = authority.issue_cert("auditor@example.org")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    ca, cert, key = (str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    with serving(lambda _asked: json_reply({"Name": "a"}), tls=context) as server:
        assert engine(server.url, tls=Tls(ca, cert, key)).get(INFO).body == b'{"Name": "a"}'
        without = info(engine(server.url, tls=Tls(ca)))
        stranger = info(engine(server.url, tls=Tls("", cert, key)))
        assert len(server.asked) == 1
    assert without.answered in {Answered.UNREACHABLE, Answered.TRUNCATED}
    assert stranger.hint == "untrusted of DOCKER_HOST"
