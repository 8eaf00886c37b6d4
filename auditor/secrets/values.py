"""Values that are not secrets, whatever their name: empty ones, references, placeholders, counts.

What is asked here has a name that says secret. Some answers depend on what the name says: a few
digits are a count of tokens, but may well be a password.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from auditor.late import late

_FLAGS = re.IGNORECASE | re.ASCII
_LONGEST_PLAIN: Final = 512
"""Characters; what is longer is not a placeholder."""


class Words(NamedTuple):
    """A name, with ``_`` between its words.

    ``joined`` has it where something else than a letter or digit stands, ``parted`` also before
    the capitals of ``camelCase``.
    """

    name: str
    joined: str
    parted: str


_SWITCH = late(
    r"true|false|yes|no|on|off|none|null|nil|undefined|n/?a|-|auto|always|never|all"
    r"|enabled?|disabled?|required|optional",
    _FLAGS,
)
_PATH = late(r"/[^\s=+/]*/[^\s=+]*|/[^\s=+/]+\.[a-z0-9]{1,8}|file:/.*", _FLAGS)
_REFERENCE = late(
    r"\$\{(?:env:)?(?:[A-Za-z_]\w*|[0-9@*])(?:-|:-|:?\?[^{}$]*)?\}"  # ${X}, ${X:-}, ${X:?say so}
    r"|\$\{(?:file|dir|directory|vault|sm|ssm|secrets?|secretsmanager):[^{}$]*\}"  # Kafka
    r"|\$__(?:file|env|vault)\{[^{}]*\}"  # of Grafana
    r"|\$?\$\((?!\s*(?:echo|printf)\b)[^()]*\)"  # $(X) of Kubernetes, $(cat FILE) of a shell
    r"|\$(?:[A-Za-z_]\w*|[0-9@*])"
    r"|\{\{[^{}]*\}\}|\$\{\{[^{}]*\}\}"
    r"|%\([A-Za-z_]\w*\)s|%(?:env\()?[A-Z_][A-Z0-9_]*\)?%"
    r"|`(?:cat|<)\s[^`]*`",
    _FLAGS,
)
_LEFT_OF_REFERENCE = late(r"(?:Bearer|Basic|Token)?[\s\"':;,@/.-]*", _FLAGS)
_ELSEWHERE = late(
    r"(?:vault:|ref\+|op://|(?:aws|gcp|azure)?-?(?:ssm|sm|secrets?|secretsmanager|keyvault)://|secretref:|arn:aws[a-z-]*:(?:secretsmanager|ssm):|azurekeyvault://"
    r"|projects/[^/\s]+/secrets/|os\.environ/(?=[A-Z_]\w*$)|sha256:(?=[0-9a-f]{64}$)|ENC\[)\S*"
    r"|\$ANSIBLE_VAULT;[\w.;-]+\s[0-9a-f\s]*"
    r"|(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) \S+(?: \S+)?",
    _FLAGS,
)
"""Where the secret is, what it was encrypted to, a digest of it, or the half that is public."""
_PUBLIC = late(r"-----BEGIN (?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY)-----")
_PLACEHOLDER = late(
    r"<[^<>]*>|\[/?[A-Z]+(?:[_ ][A-Z]+)*\]"  # <your token>, and what a vocabulary has
    r"|-{2,}|_{2,}|\#+"
    r"|(?:[a-z]{2,6}[-_]){0,2}(?:\*{3,}|x{3,}|\.{3,}|…+|<[^<>]*>|your[-_][\w-]{2,})"  # hf_xxx
    r"|(?:TO_?DO|FIX_?ME|TBD|PLACE_?HOLDER|REDACTED|<?REPLACE[-_ ]?(?:ME|THIS|WITH)[-_ \w]*>?)"
    r"|(?:your|insert|enter|put|paste|add)[-_ ][\w .'-]{2,}"
    r"|__[A-Z][A-Z0-9_]*__|@[A-Z][A-Z0-9_]*@",
    _FLAGS,
)

_UNUSED = late(
    r"(?:sk-)?(?:EMPTY|dummy|fake|unused|ignored|no|not|placeholder)"
    r"(?:[-_ ]?api)?(?:[-_ ]?(?:key|token))?(?:[-_ ]?(?:needed|required|used|set))?",
    _FLAGS,
)
"""What a client of a server that wants no key sends as one."""
_OF_KEY_OR_TOKEN = late(r"KEY|TOKEN", _FLAGS)
_BETWEEN = late(r"[_ -]")
_FILLERS: Final = frozenset({"MY", "YOUR", "THE", "EXAMPLE", "SAMPLE"})
_ASKS = late(r"(?:ENABLE|DISABLE|USE|SKIP|ALLOW|REQUIRE|NEED|HAS|IS|WITH|NO|CREATE|SYNC)_", _FLAGS)
"""The first word of a name that is answered by yes or no."""
_VARIABLE = late(r"[A-Z][A-Z0-9_]*")
_SCHEME = late(r"\A(?:Bearer|Basic|Token)[ ]+(?=[<\[*.x…])", _FLAGS)
"""How one signs in, before what is not yet there."""
_COUNT = late(r"[0-9]{1,6}(?:\.[0-9]{1,4})?(?:,[0-9]{1,6}){0,64}")
_DURATION = late(r"[0-9]{1,6}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d|[kmg]i?b?|%)", _FLAGS)
_NO_COUNT = late(r"PASS|PWD|SECRET|(?:^|_)PIN(?:_|$)", _FLAGS)
_HEADER = late(r"[A-Z]+(?:-[A-Z]+)*", _FLAGS)
_AUTH = late(r"(?:.*_)?AUTH(?:ORIZATION)?", _FLAGS)
_METHOD = late(
    r"basic|bearer|digest|oauth2?|oidc|saml2?|ldaps?|kerberos|trust|md5|scram[\w-]*|mtls|tls|x509"
    r"|jwt|token|password|certs?|certificates?|ntlm|iam|aws|gcp|azure|anonymous|simple|default"
    r"|internal|external|rbac|abac|node|webhook|always\w*",
    _FLAGS,
)
"""How one signs in, where a name asks for no more than that."""
_DSN = late(r"DSN|CONNECTION_?STRING", _FLAGS)
_OPEN_URL = late(
    r"[a-z][a-z0-9+.-]*://(?:[^/?#\s:@]*(?::(?P<password>[^/?#\s@]*))?@)?[^?#\s@]*", _FLAGS
)

_OBJECT = late(
    r"(?:^|_)(?:(?:PULL|TLS|SSL|CERT|CERTIFICATE|CA|WEBHOOK|REGISTRY|AUTH|TARGET|SOURCE|IMAGE"
    r"|DEFAULT|INGRESS|DOCKER|K8S|KUBERNETES|CREDENTIALS?|PASSWORD|TOKEN|KEY)_?){0,3}SECRETS?",
    _FLAGS,
)
"""A name that is as likely that of an object: a Secret of Kubernetes."""
_OBJECT_NAME = late(
    r"(?:[a-z][a-z-]{0,62}/)?[a-z]+(?:[-.](?:[a-z]+|[a-z]{0,4}[0-9]{1,2}))*", _FLAGS
)
_TELLS_OBJECT = late(
    r"(?:[a-z0-9][a-z0-9-]*/)?[a-z0-9][a-z0-9.-]*-(?:secrets?|creds?|credentials?|certs?|tls)"
)
_OF_SECRET = late(r"SECRET", _FLAGS)
_OF_MORE = late(r"PASS|PWD|TOKEN|CREDENTIAL|KEY", _FLAGS)
_OF_KEY = late(r"(?:.*_)?(?:SECRET|PASSWORD|TOKEN|CREDENTIALS?)_?KEY", _FLAGS)
_NAME_OF = late(r"[A-Za-z](?:Name|NameAnnotation)$|_name$")
_LONGEST_NAMES: Final = 4096
"""Characters; a longer text is not looked at for names alone."""
_KEY_NAME = late(
    r"[a-z._-]*(?:passw(?:or)?d|pass|secret|token|key|credentials?|user(?:name)?|auth|dsn|uri|url"
    r"|connection|certificate|crt|pem|json|ya?ml|conf|cfg|txt)[a-z._-]*",
    _FLAGS,
)
"""The name of an entry of a Secret."""


def is_placeholder(value: str) -> bool:
    """Whether a text says nothing, or only where something is or is to be put."""
    bare = _SCHEME.sub("", value.strip().strip("\"'").strip(), count=1)
    if not bare:
        return True
    if _ELSEWHERE.fullmatch(bare):
        return True
    if _PUBLIC.match(bare):
        return "PRIVATE" not in bare
    if len(bare) > _LONGEST_PLAIN:
        return False
    if _PLACEHOLDER.fullmatch(bare) or _SWITCH.fullmatch(bare):
        return True
    return _refers(bare)


def _refers(value: str) -> bool:
    """Whether a text is made of references, and of nothing that could be a secret besides."""
    if not ("$" in value or "{{" in value or "%" in value or "`" in value):
        return False
    rest, found = _REFERENCE.subn("", value)
    return found > 0 and _LEFT_OF_REFERENCE.fullmatch(rest) is not None


def says_nothing(words: Words, value: str) -> bool:
    """Whether a value can't be the secret that its name speaks of.

    Few digits are a count, but not of passwords: those are short numbers, too. What a name that
    ends with HEADER says is the name of a header or what stands in it.
    """
    if is_placeholder(value) or _PATH.fullmatch(value) or _repeats(words, value):
        return True
    if value.lstrip()[:1] == "{" and _names_alone(value):
        return True
    if value.lower() in {"0", "1", "y", "n"} and _ASKS.match(words.parted):
        return True
    if _COUNT.fullmatch(value) or _DURATION.fullmatch(value):
        return not _NO_COUNT.search(words.parted)
    if words.parted.lower() == "pwd":
        return value.startswith("/")
    if words.parted.lower().endswith("_header"):
        return _HEADER.fullmatch(value) is not None
    if _AUTH.fullmatch(words.parted):
        return _METHOD.fullmatch(value) is not None
    if _DSN.search(words.joined):
        return _signs_nobody_in(value)
    return _names_an_object(words, value)


def _repeats(words: Words, value: str) -> bool:
    """Whether a value only says what belongs there: the name again, or that nobody needs one.

    A password that is the name of itself may be one, unless it is in capitals, as usage has it.
    """
    if len(value) > _LONGEST_PLAIN:
        return False
    name = words.parted.upper()
    said = _BETWEEN.sub("_", value)
    if value.isupper() and _is_made_of(said.split("_"), name.split("_")):
        return True
    if name.endswith("_ENV"):
        return _VARIABLE.fullmatch(value) is not None
    if not _OF_KEY_OR_TOKEN.search(name) or _NO_COUNT.search(name):
        return False
    return ("_" in name and said.upper() == name) or _UNUSED.fullmatch(value) is not None


def _names_alone(value: str) -> bool:
    """Whether a text is a JSON object that says of everything in it that it is a name.

    KServe has its settings of credentials so: in which Secret and under which key they are.
    """
    if len(value) > _LONGEST_NAMES:
        return False
    try:
        stack = [("", msgspec.json.decode(value))]
    except msgspec.DecodeError:
        return False
    while stack:
        key, found = stack.pop()
        if isinstance(found, dict):
            stack += found.items()
        elif not isinstance(found, str) or _NAME_OF.search(key) is None:
            return False
    return True


def _is_made_of(said: list[str], name: list[str]) -> bool:
    """Whether a text has only words of a name, and such as usage puts before them."""
    return said[-1] in name and all(word in name or word in _FILLERS for word in said)


def _signs_nobody_in(value: str) -> bool:
    """Whether a URL has no password, or a reference in its place."""
    found = _OPEN_URL.fullmatch(value)
    if found is None or (found["password"] is None and "@" in value):
        return False
    return found["password"] is None or is_placeholder(found["password"])


def _names_an_object(words: Words, value: str) -> bool:
    """Whether a value is the name of a Secret, or of an entry of one."""
    if len(value) > _LONGEST_PLAIN:
        return False
    if _OF_KEY.fullmatch(words.parted) and _KEY_NAME.fullmatch(value):
        return True
    if not _OF_SECRET.search(words.parted):
        return False
    if _OBJECT.fullmatch(words.parted):
        return _OBJECT_NAME.fullmatch(value) is not None
    if _OF_MORE.search(words.parted):
        return False
    return _TELLS_OBJECT.fullmatch(value) is not None
