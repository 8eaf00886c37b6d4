"""What a name says of its value, and what the value says itself: both directions, by example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.secrets.names import IN_EVERY_NAME, is_secret, is_secret_name
from tests.sweeps import examples

TELLING = """
DB_PASSWORD hunter22
DB_PASS x
dbPwd hunter22
pwd hunter22
db.pwd hunter22
api_key hunter22
apiKey hunter22
OPENAI_KEY hunter22
password hunter22
PASSWORD password
connectionString Server=x
DATABASE_CONNECTION_STRING a=b
secretKey hunter22
secretkey hunter22
rootPassword x1
redis-password hunter22
x/token hunter22
adminSecret hunter22
a.password h22
users.password x1
tokens abc
jwtSecret abc
JWT_SECRET hello
CLIENT_SECRET 1
SIM_PIN 1234
REDIS_AUTH hunter22
HTTP_BASIC_AUTH me:hunter22
AUTHORIZATION Basic aGk=
TOKEN_HEADER Token hunter22
AUTH_TOKEN_USER hunter22
AWS_SECRET_ACCESS_KEY minioadmin
MINIO_ROOT_PASSWORD minioadmin
AZURE_STORAGE_ACCOUNT_KEY abc==
accessKey minioadmin
private_key abcd
requirepass x1
masterauth x1
SENTRY_DSN https://k@sentry.io/1
DSN postgres://u:p@h/d
--requirepass hunter22
--secret-access-key h22
--credentials h22
--private-key h22
--pass h22
--secret 482913
DB_PASSWORD $(echo hunter22)
DB_PASSWORD a$(B)
DB_PASSWORD ${B:-hunter22}
DB_PASSWORD ${DB_PASSWORD:hunter22}
DB_PASSWORD ${env:B:-hunter22}
DB_PASSWORD db_password
DB_PASSWORD dummy
DB_PASSWORD 0.75
OPENAI_API_KEY sk-1234
OPENAI_API_KEY token-abc123
HF_TOKEN changeme
HF_TOKEN hf_xxab1
HF_TOKEN 0.75x
JUPYTER_TOKEN my-token
JUPYTER_TOKEN TOKEN1
API_KEY_ENV hunter22
VAULT_SECRET_ID x1
CLIENT_SECRET istio-ca1234
PASSWORD_HASH $2a$10$abcdefghijklmnopqrstuv
Authorization Bearer hunter22
USE_TOKEN 1x
credentials {"gcsCredentialFileName":"a1.json","word":"hunter22"}
"""

HARMLESS = """
--max-num-batched-token 8192
--max-token 512
--max-new-token 4096
--pad-token <pad>
--eos-token </s>
--mysql-native-password ON
--secret NAME
--webhook-secret NAME
--image-pull-secret regcred
--tls-secret my-cert
--token ${TOKEN}
--token $TOKEN
--db_password $(DB_PASSWORD)
--api-key REPLACE_ME
--token <your token>
--api-key $(KEY)
HF_TOKEN $HF_TOKEN
HF_TOKEN ${HF_TOKEN}
HF_TOKEN <input your hf token>
HF_TOKEN <your-hf-token>
HF_TOKEN REPLACE_ME
HF_TOKEN {{ .Values.x }}
KAFKA_CLIENT_SASL_PASSWORD_LOCATION password
GF_AUTH_ANONYMOUS_ORG_ROLE Admin
AUTH_PROXY_IMAGE repo@sha256:abc
AIBRIX_TOKEN_TRACKER_TIME_UNIT seconds
ETCD_INITIAL_CLUSTER_TOKEN etcd-cluster-k8s
Security.PasswordHistory 5
Security.PasswordQualityControl similar=deny retry=3 min=disabled,disabled,disabled,disabled,15
SECRET_NAMESPACE kube-system
JWT_SECRET_REF obj
PASSWORD_POLICY strict
secretName store
accessKeyIdName AWS_ACCESS_KEY_ID
image-pull-secret image-pull-secret
SECRET $(cat FILE)
PASSWORD $(cat FILE)
PASSWORD ****
PASSWORD <password>
PASSWORD
PASSWORD ""
Authorization Bearer $(TOKEN)
DSN postgresql://u:$(P)@h
DSN redis://:${P}@h
DSN postgres://h/d
DB_PASSWORD ${env:DB_PASSWORD}
DB_PASSWORD ${file:/etc/db.properties:password}
GF_SECURITY_ADMIN_PASSWORD $__file{/etc/grafana/password}
DB_PASSWORD $1
DB_PASSWORD ${1:?usage}
DB_PASSWORD %DB_PASSWORD%
DB_PASSWORD azurekeyvault://vault/db
DB_PASSWORD PASSWORD
--token TOKEN
HF_TOKEN YOUR_HF_TOKEN
HF_TOKEN EXAMPLE_TOKEN
HF_TOKEN hf_token
HF_TOKEN hf_xxxxxxxx
HF_TOKEN [YOUR TOKEN]
OPENAI_API_KEY sk-...
OPENAI_API_KEY sk-your-key
OPENAI_API_KEY EMPTY
OPENAI_API_KEY not-needed
OPENAI_API_KEY sk-no-key-required
OPENAI_API_KEY fake-key
Authorization Bearer <token>
API_KEY_ENV OPENAI_API_KEY
PASSWORD_FIELD password
TOKEN_PREFIX Bearer
TOKEN_SERVICE http://sts:80
CREDENTIAL_SOURCE Ec2InstanceMetadata
CREDENTIAL_HELPER ecr-login
password_encryption scram-sha-256
token_endpoint_auth_method client_secret_basic
private_key_id abc
AIBRIX_POLICY_TOKEN_RATIO high
ROUTING_TOKEN 0.5
TOKEN_SIZES 16,32
STOP_TOKEN_IDS a,b
TOOL_TOKEN [TOOL_CALLS]
DISABLE_PASSWORD 1
ENABLE_TOKEN y
WATCH_SECRETS all
default-tls-secret istio-system/ingress
tokenAudience vault
tokenExpirationSeconds 3600
automountServiceAccountToken false
tokenfile x1
secretname x1
csi.storage.k8s.io/provisioner-secret-name rook-1x
csi.storage.k8s.io/provisioner-secret-namespace rook1
checksum/secret e3b0c44298fc
vault.hashicorp.com/agent-inject-secret-db internal/data/db1
nginx.ingress.kubernetes.io/auth-secret basic-auth
nginx.ingress.kubernetes.io/auth-url https://login.example
rbac.authorization.kubernetes.io/autoupdate maybe
credentials {"gcs":{"gcsCredentialFileName":"a1.json"},"s3AccessKeyIDName":"AWS_1"}
existingSecret my1
secretKey token
passwordKey password
tls-secret default/ca-cert
TOKENIZER bpe1
MAX_TOKENS 4096
PASSWORD_MAX_AGE 90
PIN_MEMORY x1
passHostHeader x1
bypass x1
COMPASS hunter22
PASSAGE_MODEL x1
AUTHOR x1
PWD /app
NEO4J_AUTH none
proxyAuthMode x1
PARTITION_KEY h22
publicKey x1
monkey x1
key hunter22
name x1
"""


def rows(text: str) -> list[str]:
    """The rows of a table: a name, a space, and the rest of the line is the value."""
    return text.strip().split("\n")


@pytest.mark.parametrize("row", rows(TELLING))
def test_a_secret(row: str) -> None:
    name, _, value = row.partition(" ")
    assert is_secret(name, value)


@pytest.mark.parametrize("row", rows(HARMLESS))
def test_no_secret(row: str) -> None:
    name, _, value = row.partition(" ")
    assert not is_secret(name, value)


def test_what_is_hidden_is_no_secret_any_more() -> None:
    assert not is_secret("password", "«redacted:by-name»")


PARTS = st.lists(
    st.sampled_from(
        (
            *("pass", "word", "passwd", "Passphrase", "secret", "Token", "API", "private", "Key"),
            *("session", "Signing", "master", "encryption", "credential", "dsn", "connection"),
            *("string", "pwd", "pin", "creds", "bearer", "auth", "orization", "access", "x", "9"),
            *("-", "_", ".", "/", " ", "\u017f", "\u212a", "openai", "psk", "pw", "code", "s"),
        )
    ),
    max_size=6,
).map("".join)


@given(PARTS, st.sampled_from((str, str.upper, str.lower, str.swapcase)))
@examples(1000)
def test_one_of_the_words_is_in_every_name_of_a_secret(name: str, spell: type[str]) -> None:
    """The quick looks rest on it."""
    name = spell(name)
    lower = name.encode().lower()
    if is_secret_name(name):
        assert any(word in lower for word in IN_EVERY_NAME)
