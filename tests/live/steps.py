"""What an account does on a real server to become more, each with a token of its own.

The server lets it or refuses; any other answer is a fault of the test.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Reply

RBAC, API = "rbac.authorization.k8s.io", "/apis/rbac.authorization.k8s.io/v1"
CERTIFICATES = "certificates.k8s.io"
CSR = f"/apis/{CERTIFICATES}/v1/certificatesigningrequests"
SIGNER = "kubernetes.io/kube-apiserver-client"
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Actor:
    """An account with a role and a binding of its name, in a namespace or everywhere."""

    server: ApiServer
    admin: Client
    name: str
    space: str
    token: str

    def send(
        self,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
    ) -> Reply:
        tls = ssl.create_default_context(cafile=self.server.authority)
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, context=tls)
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.putrequest(method, path)
            data = json.dumps(body).encode()
            fields = {**sent, "Content-Length": str(len(data)), **(headers or {})}
            for name, value in (*fields.items(), *(("Impersonate-Group", each) for each in groups)):
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            return Reply(answer.status, json.loads(answer.read()))
        finally:
            connection.close()


def let(reply: Reply) -> bool:
    assert reply.status in {200, 201, 403}, (reply.status, reply.message)
    return reply.status != 403


def _bound(actor: Actor, kind: str) -> dict[str, object]:
    """A binding that gives an account every right."""
    head = {"apiVersion": f"{RBAC}/v1", "metadata": {"name": f"{actor.name}-more"}}
    subject = {"kind": "ServiceAccount", "name": actor.name, "namespace": actor.space}
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    return {**head, "kind": kind, "roleRef": reference, "subjects": [subject]}


def binds(actor: Actor, user: str = "", groups: Sequence[str] = ()) -> bool:
    body = _bound(actor, "ClusterRoleBinding")
    headers = {"Impersonate-User": user} if user else {}
    return let(actor.send("POST", f"{API}/clusterrolebindings", body, headers, groups))


def binds_as(user: str, *groups: str) -> Callable[[Actor], bool]:
    return lambda actor: binds(actor, user, groups)


def runs_another_image(actor: Actor) -> bool:
    """Have a pod that is there already run an image of one's own."""
    path = f"/api/v1/namespaces/{actor.space}/pods"
    spec = {"containers": [{"name": "a", "image": "r.io/a:1"}]}
    assert actor.admin.post(path, {"metadata": {"name": "a"}, "spec": spec}).status == 201
    mine = {"spec": {"containers": [{"name": "a", "image": "evil.io/a:1"}]}}
    strategic = "application/strategic-merge-patch+json"
    return let(actor.send("PATCH", f"{path}/a", mine, {"Content-Type": strategic}))


def binds_here(actor: Actor) -> bool:
    body = _bound(actor, "RoleBinding")
    return let(actor.send("POST", f"{API}/namespaces/{actor.space}/rolebindings", body))


def rewrites(actor: Actor) -> bool:
    path = f"{API}/clusterroles/{actor.name}"
    return let(actor.send("PATCH", path, {"rules": [EVERYTHING]}, {"Content-Type": PATCH}))


def rewrites_here(actor: Actor) -> bool:
    path = f"{API}/namespaces/{actor.space}/roles/{actor.name}"
    return let(actor.send("PATCH", path, {"rules": [EVERYTHING]}, {"Content-Type": PATCH}))


def token_of(space: str, name: str) -> Callable[[Actor], bool]:
    def asks(actor: Actor) -> bool:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/{space}/serviceaccounts/{name}/token"
        return let(actor.send("POST", path, body))

    return asks


def acts_as(user: str, *groups: str) -> Callable[[Actor], bool]:
    """Ask who one is, as somebody else."""

    def acts(actor: Actor) -> bool:
        headers = {"Impersonate-User": user} if user else {}
        for group in groups:  # one at most
            headers["Impersonate-Group"] = group
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        reply = actor.send("POST", path, body, headers)
        if reply.status in {400, 500}:  # a group without a user
            return False
        if not let(reply):
            return False
        status: Any = reply.body["status"]
        return bool(
            status["userInfo"]["username"] == user
            and set(groups) <= set(status["userInfo"]["groups"])
        )

    return acts


def approves(actor: Actor) -> bool:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "system:kube-controller-manager")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    asked = base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()
    spec = {"request": asked, "signerName": SIGNER, "usages": ["client auth"]}
    head = {"apiVersion": f"{CERTIFICATES}/v1", "kind": "CertificateSigningRequest"}
    body = {**head, "metadata": {"name": f"{actor.name}-r"}, "spec": spec}
    reply = actor.send("POST", CSR, body)
    if not let(reply):
        return False
    condition = {"type": "Approved", "status": "True", "reason": "r", "message": "m"}
    approved = {**reply.body, "status": {"conditions": [condition]}}
    return let(actor.send("PUT", f"{CSR}/{actor.name}-r/approval", approved))
