"""One decision for every text that has a name: is it a secret?

A name is read by its words: ``dbPassword``, ``DB_PASSWORD``, ``db-password`` and
``x.io/db.password`` say the same. It says that its value is secret when one of the words does
(password, token, API key), unless its last word says what else of the secret is meant:
``passwordFile``, ``SECRET_NAME``, ``token-audience``. Then the value is asked, see ``values.py``:
``$(TOKEN)`` is none.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from auditor.late import late
from auditor.secrets.marks import has_marker
from auditor.secrets.values import Words, says_nothing

IN_EVERY_NAME: Final = (
    *(b"pass", b"secret", b"token", b"key", b"cred", b"auth", b"pwd", b"string", b"bearer"),
    *(b"dsn", b"pin", b"psk"),
)
"""In small letters: one of them is in every name that :func:`is_secret_name` takes for one."""
LONGEST_NAME: Final = 512
"""Characters of a name that are looked at; Kubernetes' own names have 317 at most."""

_FLAGS = re.IGNORECASE | re.ASCII
_BORDER = late(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR = late(r"[^A-Za-z0-9]+")

_VENDORS = (
    "OPENAI|ANTHROPIC|CLAUDE|AZURE|GEMINI|MISTRAL|COHERE|GROQ|DEEPSEEK|REPLICATE|TOGETHER|FIREWORKS"
    "|HF|HUGGING_?FACE|NVIDIA|NGC|WANDB|LANGCHAIN|LANGSMITH|LANGFUSE|PINECONE|QDRANT|WEAVIATE"
    "|SERPER|TAVILY|ELEVENLABS|STRIPE|TWILIO|SENDGRID|MAILGUN|DATADOG|DD|NEW_?RELIC|SENTRY"
)
_KEYS = (
    "API|PRIVATE|ACCESS|SESSION|SIGNING|MASTER|ENCRYPTION|ACCOUNT|SHARED|SUBSCRIPTION|LICENSE|AUTH"
    f"|HMAC|(?:^|_)(?:{_VENDORS})"
)
_ANYWHERE = late(
    r"PASS_?WORD|PASSWD|PASS_?PHRASE|PASS_?CODE|SECRET|TOKEN(?!IZ)|CREDENTIAL|CONNECTION_?STRING"
    rf"|(?:{_KEYS})_?KEY(?![A-Z])|(?:{_KEYS})_?KEYS?(?:_|$)|MASTERAUTH|(?:^|_)(?:DSN|CREDS|BEARER|PSK)(?:_|$)",
    _FLAGS,
)
_AFTER = (
    r"(?:_?(?:VALUE|STRING|DATA|HEADER|BASE64|B64|OLD|NEW|PROD|STAGING|DEV|TEST))?(?:_?[0-9]+)?$"
)
_AT_THE_END = late(
    r"(?:(?<!BY)(?<!COM)(?<!TRES)(?<!SUR)(?<!OVER)(?<!UNDER)PASS|PWD|(?:^|_)(?:PIN|PIN_?CODE)"
    rf"|(?:^|_)AUTH(?:ORIZATION)?){_AFTER}",
    _FLAGS,
)
"""Words that say so only when nothing but a detail comes after them."""

_OTHER_WORDS = (
    "FILE|FILES|FILENAME|PATH|PATHS|DIR|DIRECTORY|FOLDER|LOCATION|MOUNT|VOLUME|NAME|NAMES|REF|REFS"
    "|REFERENCE|SELECTOR|NAMESPACE|URL|URI|ENDPOINT|HOST|PORT|REGION|PROVIDER|BACKEND|STORE|STORAGE"
    "|ISSUER|AUDIENCE|AUDIENCES|SCOPE|SCOPES|TTL|EXPIRY|EXPIRATION|TIMEOUT|LIFETIME|DURATION"
    "|INTERVAL|PERIOD|AGE|LENGTH|SIZE|LIMIT|COUNT|ROUNDS|RETRIES|ATTEMPTS|SECONDS|MINUTES|HOURS"
    "|DAYS|UNIT|UNITS|ENABLED|DISABLED|REQUIRED|OPTIONAL|TYPE|KIND|MODE|FORMAT|POLICY|ROLE|CLASS"
    "|ALGORITHM|ALGO|VERSION|IMAGE|ANNOTATION|ANNOTATIONS|LABEL|LABELS|TEMPLATE|MANAGER|OPERATOR"
    "|CONTROLLER|DRIVER|PLUGIN|PROCESS|CHECKSUM|FINGERPRINT|THUMBPRINT|FIELD|FIELDS|PARAM|PARAMS"
    "|PARAMETER|VAR|VARS|VARIABLE|ENVVAR|PREFIX|SUFFIX|SOURCE|SOURCES|HELPER|SERVICE|SVC|SERVER"
    "|ADDR|ADDRESS|RESOURCE|GROUP|ENGINE|ENCRYPTION|METHOD|METHODS|SCHEME|STRATEGY|VALIDATOR"
    "|VERIFIER|REVIEWER|CLASSIFIER|ESTIMATOR|TRACKER|CACHE|WINDOW|ROTATION|RENEWAL|SUBJECT"
    "|RATE|RATIO|WEIGHT|THRESHOLD|BUDGET|BUCKET|BUCKETS|SEPARATOR|DELIMITER"
)
_OTHER = late(rf"_(?:{_OTHER_WORDS})(?:_?[0-9]+)?$", _FLAGS)
"""A last word by which a name is not that of the secret itself."""
_OTHER_JOINED = late(
    r"(?:SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIALS?|KEY)S?"
    r"(?:FILE|FILENAME|PATH|DIR|LOCATION|NAME|REF|NAMESPACE|URL|URI|TYPE|MODE|IMAGE|TTL)$",
    _FLAGS,
)
_KNOWN = late(
    r"(?:^|_)EXISTING_?SECRET"  # charts: the name of a Secret that is there
    r"|(?:^|_)PULL_?SECRETS?$"  # imagePullSecrets: names of Secrets
    r"|^SECURITY_PASSWORD_?(?:HISTORY|QUALITY_?CONTROL)$"  # ESXi: what a password has to be like
    r"|INITIAL_?CLUSTER_?TOKEN"  # etcd: tells clusters apart, everybody may know it
    r"|INJECT_SECRET"  # vault.hashicorp.com: where in Vault a secret is
    r"|(?:^|_)SECRETS?_HASH$|^CHECKSUM_"  # charts: the digest of a manifest
    r"|(?:^|_)(?:MAX|MIN|NUM|PAD|EOS|BOS|UNK|CLS|SEP|MASK|STOP|SPECIAL|EOT)(?:_[A-Z]+)*_TOKENS?(?:_|$)"
    r"|TOKENS?_(?:PER|TO|IN|OUT)_|TOKENS?_IDS?$"  # of language models: pieces of text
    r"|(?:PRIVATE|SIGNING|ENCRYPTION|MASTER|HMAC)_?KEY_?IDS?$",  # which key it is
    _FLAGS,
)
"""Names with a word of secrets that are known to have none."""


@lru_cache(8192)
def words_of(name: str) -> Words:
    """A name by its words; of a qualified name (``x.io/token``) what stands behind the prefix."""
    own = name[:LONGEST_NAME]
    if "/" in own:
        prefix, _, last = own.rpartition("/")
        if last and not prefix.lower().endswith("checksum"):
            own = last
    return Words(
        name=name,
        joined=_SEPARATOR.sub("_", own).strip("_"),
        parted=_SEPARATOR.sub("_", _BORDER.sub("_", own)).strip("_"),
    )


@lru_cache(8192)
def is_secret_name(name: str) -> bool:
    """Whether what is so named may be a secret: then one of :data:`IN_EVERY_NAME` is in it."""
    if len(name) < len("pin") - 1:
        return False
    words = words_of(name)
    joined, parted = words.joined, words.parted
    if not (_ANYWHERE.search(joined) or _ANYWHERE.search(parted) or _AT_THE_END.search(parted)):
        return False
    return not (
        _OTHER.search(parted)
        or _OTHER_JOINED.search(joined)
        or _KNOWN.search(parted)
        or _KNOWN.search(joined)
    )


def says_no_secret(name: str, value: str) -> bool:
    """Whether the value of something that is named like a secret can't be one."""
    return says_nothing(words_of(name), value)


def is_secret(name: str, value: str) -> bool:
    """Whether a text under a name is a secret that is still there."""
    return is_secret_name(name) and not has_marker(value) and not says_no_secret(name, value)
