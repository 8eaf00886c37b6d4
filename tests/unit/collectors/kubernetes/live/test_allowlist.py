"""What may be sent to an API server, request by request."""

from __future__ import annotations

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from collectors.http.deadline import Watch
from collectors.http.guard import WriteRefusedError, guarded_pools
from collectors.kubernetes.live.allowlist import READ_ONLY, SELF_REVIEWS
from tests.faults.server import healthy, serving

check = READ_ONLY.check

READS = (
    "/version",
    "/api",
    "/apis",
    "/api/v1",
    "/apis/apps/v1",
    "/api/v1/pods?limit=500&continue=a%2Fb",
    "/api/v1/namespaces",
    "/api/v1/namespaces/kube-system",
    "/api/v1/namespaces/log/pods",
    "/api/v1/namespaces/exec/pods/proxy",
    "/apis/apps/v1/namespaces/secrets/deployments",
    "/apis/ray.io/v1/rayclusters",
    "/api/v1/namespaces/a/configmaps/b",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
    "/api/v1/namespaces/status",
    "/api/v1/namespaces/status/pods/finalize",
    "/flagz",
    "/metrics",
)
BASE = "/k8s/clusters/c-1"
REFUSED = (
    ("GET", "/api/v1/secrets"),
    ("GET", "/api/v1/namespaces/a/secrets"),
    ("GET", "/api/v1/namespaces/a/secrets/b"),
    ("GET", "/api/v1/namespaces/a/services/s/proxy/version"),
    ("GET", "/api/v1/namespaces/a/services/s/proxy/api/v1"),
    ("GET", "/api/v1/nodes/n/proxy/api/v1/pods"),
    ("POST", "/api/v1/namespaces/a/services/s/proxy" + SELF_REVIEWS[0]),
    ("GET", "/api/v1/namespaces/a/pods/p/exec?command=id"),
    ("GET", "/api/v1/namespaces/a/pods/p/attach"),
    ("GET", "/api/v1/namespaces/a/pods/p/portforward"),
    ("GET", "/api/v1/namespaces/a/pods/p/log"),
    ("GET", "/api/v1/namespaces/a/pods/p/proxy/x"),
    ("GET", "/api/v1/nodes/n/proxy/configz"),
    ("GET", "/api/v1/watch/pods"),
    ("GET", "/api/v1/pods?watch=1"),
    ("GET", "/api/v1/pods?watch"),
    ("GET", "/api/v1/namespaces/a/%73ecrets"),
    ("GET", "/api/v1/namespaces/a//pods"),
    ("GET", "/apis/../api/v1/secrets"),
    ("GET", "/apis/apps/../v1/secrets"),
    ("GET", "/api/../metrics"),
    ("GET", "/api/v1/./pods"),
    ("GET", "/api/v1/namespaces/../pods"),
    ("GET", "/api/v1/namespaces/a/.."),
    ("GET", "/api/v1/pods/"),
    ("GET", "//api/v1/pods"),
    ("GET", "//elsewhere/api/v1/pods"),
    ("GET", "/api//pods"),
    ("GET", "/api/v1/pods;x=y"),
    ("GET", "/api/v1;x/secrets"),
    ("GET", "/api/v1/pods?limit=1#&watch=1"),
    ("GET", "/api/v1/pods#x"),
    ("GET", "/api/v1/pods?limit=1;watch=1"),
    ("GET", "/api/v1/pods?limit=1&dryRun=All"),
    ("GET", "/version?limit=1"),
    ("GET", "/api/v1/pöds"),
    ("GET", "/api/v1/po ds"),
    ("GET", "/api/v1/pods\n"),
    ("GET", "/api/v1/namespaces/a/status"),
    ("GET", "/api/v1/namespaces/a/finalize"),
    ("GET", "/api/v1/configmaps"),
    ("GET", "/api/v1/namespaces/a/configmaps"),
    ("GET", "/api/v1/namespaces/a/configmaps?limit=500"),
    ("GET", "/api/v1/namespaces/a/configmaps/b/c"),
    ("POST", f"{SELF_REVIEWS[0]}?dryRun=All"),
    ("GET", "/logs/kube-apiserver.log"),
    ("GET", "/metrics/slis"),
    ("GET", "/metrics?name=a"),
    ("GET", "/flagz?verbose=1"),
    ("GET", "/flagz/"),
    ("GET", "/statusz"),
    ("GET", "/configz"),
    ("GET", "/debug/pprof/profile"),
    ("POST", "/metrics"),
    ("DELETE", "/metrics"),
    ("PUT", "/debug/flags/v"),
    ("POST", "/api/v1/namespaces/a/pods"),
    ("POST", "/api/v1/namespaces/a/serviceaccounts/b/token"),
    ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
    ("PUT", "/api/v1/namespaces/a/pods/p"),
    ("PATCH", "/api/v1/namespaces/a/pods/p"),
    ("DELETE", "/api/v1/namespaces/a/pods/p"),
    ("DELETE", "/api/v1/pods"),
    ("OPTIONS", "/api/v1/pods"),
    ("HEAD", "/api/v1/pods"),
    ("get", "/api/v1/pods"),
    ("CONNECT", "/api/v1/namespaces/a/pods/p/exec"),
)


@pytest.mark.parametrize("url", READS)
def test_reads_pass(url: str) -> None:
    check("GET", url, "")
    check("GET", BASE + url, BASE)
    with pytest.raises(WriteRefusedError):
        check("GET", BASE + url, "")
    with pytest.raises(WriteRefusedError):
        check("GET", url, BASE)


@pytest.mark.parametrize("url", SELF_REVIEWS)
def test_questions_about_ourselves_pass(url: str) -> None:
    check("POST", url, "")
    check("POST", BASE + url, BASE)


@pytest.mark.parametrize(("method", "url"), REFUSED)
def test_all_else_is_refused(method: str, url: str) -> None:
    with pytest.raises(WriteRefusedError, match=rf"before it was sent: {method} /"):
        check(method, url, "")


METHODS = st.sampled_from(("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"))
SEGMENTS = st.lists(
    st.sampled_from(("api", "v1", "apis", "apps", "namespaces", "a", "pods", "secrets", "exec")),
    max_size=9,
)


@given(METHODS, SEGMENTS)
def test_no_write_whatever_the_path(method: str, segments: list[str]) -> None:
    with pytest.raises(WriteRefusedError):
        check(method, "/" + "/".join(segments), "")


@given(SEGMENTS)
def test_no_part_of_an_object_and_no_secret(segments: list[str]) -> None:
    path = "/api/v1/namespaces/n/" + "/".join(segments)
    if segments[:1] != ["secrets"] and len(segments) in {1, 2}:
        check("GET", path, "")
    else:
        with pytest.raises(WriteRefusedError):
            check("GET", path if segments else path + "/x/y/z", "")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_reaches_the_socket(method: str) -> None:
    """Neither through the pools, nor through a connection that somebody takes out of one."""
    with serving(healthy) as server:
        manager = urllib3.PoolManager()
        manager.pool_classes_by_scheme = guarded_pools(READ_ONLY, "", Watch())
        url = f"{server.url}/api/v1/namespaces/a/pods"
        with pytest.raises(WriteRefusedError):
            manager.request(method, url, body=b"{}")
        pool = manager.connection_from_url(server.url)
        connection = pool._get_conn()
        with pytest.raises(WriteRefusedError):
            connection.request(method, "/api/v1/namespaces/a/pods", body=b"{}")
        assert manager.request("GET", f"{server.url}/api/v1/pods").status == 200
        assert [(asked.method, asked.path) for asked in server.asked] == [("GET", "/api/v1/pods")]
        manager.clear()
