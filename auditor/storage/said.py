"""What a storage says when something is wrong, in our words.

Of its own only the code of the error is shown (https://docs.aws.amazon.com/AmazonS3/latest/API/
ErrorResponses.html): the rest may have an access key, a request as it was signed, or whatever else
somebody who answers in its place wants to be seen.
"""

from __future__ import annotations

import contextlib
import enum
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from auditor.errors import AuditorError, RenderError, UsageError

_CODE: Final = re.compile(r"<Code>([A-Za-z0-9.]{1,64})</Code>", re.ASCII)
_STATUS: Final = re.compile(r"status(?: code:?)? ([1-5][0-9]{2})\b", re.ASCII)
_REGION: Final = re.compile(r"<Region>([a-z0-9-]{1,32})</Region>", re.ASCII)
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "NoSuchBucket": "create it, or see AWS_ENDPOINT_URL and AWS_REGION: it may be elsewhere",
        "NoSuchKey": "aws s3 ls lists what is there",
        "InvalidAccessKeyId": "AWS_PROFILE, or AWS_ACCESS_KEY_ID, says who asks",
        "SignatureDoesNotMatch": "the secret key is not that of the access key",
        "ExpiredToken": "sign in again",
        "InvalidToken": "sign in again",
        "RequestTimeTooSkewed": "set the clock of this machine",
        "SlowDown": "it wants to be asked less often: try again later",
        "ServiceUnavailable": "try again later",
        "InternalError": "try again later",
        "EntityTooLarge": "it takes no objects of this size",
        "QuotaExceeded": "make room there",
    }
)
_ELSEWHERE: Final = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed"})
_LATER: Final = frozenset({429, 500, 502, 503, 504})
_KEYS: Final = "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_MACHINE: Final = re.compile(r"http://169\.254\.169\.254/")
_HALF: Final = re.compile(r"Missing (?:SecretAccessKey|AccessKeyId)\b")


class Doing(enum.Enum):
    """What is asked for."""

    WRITING = "writing"
    READING = "reading"
    READING_ON = "reading what was begun"
    LISTING = "listing"

    @property
    def rights(self) -> str:
        """What one needs to be allowed for it."""
        match self:
            case Doing.WRITING:
                return "s3:PutObject and s3:AbortMultipartUpload"
            case Doing.READING | Doing.READING_ON:
                return "s3:GetObject"
            case Doing.LISTING:
                return "s3:ListBucket"


class Asked(msgspec.Struct, frozen=True):
    """What is asked for, a URI, and of whom: a host, "" for Amazon's."""

    uri: str
    host: str

    def __str__(self) -> str:
        return f"{self.uri} at {self.host}" if self.host else self.uri

    @property
    def place(self) -> str:
        """What answers, or what says where it is."""
        return self.host or "AWS_ENDPOINT_URL"


def nobody(why: str) -> UsageError:
    """Nothing says who asks."""
    return UsageError(f"nobody says as whom the storage is to be asked{why}", hint=_KEYS)


def unstored(asked: Asked) -> RenderError:
    """What was put is not there, whatever was answered."""
    return RenderError(
        f"{asked}: what it answered is not about what was put there",
        hint=f"does {asked.place} send elsewhere what it is sent? is it an S3 storage?",
    )


@contextlib.contextmanager
def told(asked: Asked, doing: Doing) -> Iterator[None]:
    """Turn what the library raises into one of our errors.

    Raises:
        UsageError: something could not be read, or not be listed.
        RenderError: something could not be written.
    """
    try:
        yield
    except AlreadyExistsError:
        raise
    except (BaseError, FileNotFoundError, ValueError) as error:
        raise _error(asked, doing, error) from None


def _error(asked: Asked, doing: Doing, error: Exception) -> AuditorError:
    text = str(error)
    kind = RenderError if doing is Doing.WRITING else UsageError
    if _MACHINE.search(text):
        return nobody(": no variable, no profile, and not this machine")
    if _HALF.search(text):
        return nobody(": one half of a key is there")
    if isinstance(error, PreconditionError) and doing is Doing.READING_ON:
        return kind(f"{asked}: it was changed while it was read", hint="try again")
    found = _CODE.search(text)
    code = found[1] if found is not None else ""
    region = _REGION.search(text)
    if region is not None or code in _ELSEWHERE or "Received redirect" in text:
        where = region[1] if region is not None else "where it is"
        return kind(f"{asked}: the bucket is in another region", hint=f"AWS_REGION={where}")
    if code in _HINTS:
        return kind(f"{asked}: {code}", hint=_HINTS[code])
    message, hint = _of_status(asked, doing, code, _status(text, error))
    return kind(f"{asked}: {message}", hint=hint)


def _status(text: str, error: Exception) -> int:
    """The number that was answered, 0 for none."""
    if isinstance(error, PreconditionError):
        return 412
    found = _STATUS.search(text)
    return int(found[1]) if found is not None else 0


def _of_status(asked: Asked, doing: Doing, code: str, number: int) -> tuple[str, str]:
    """The message and the hint for what has no hint of its own."""
    other = f"is {asked.place} an S3 storage?"
    if code == "AccessDenied" or number in {401, 403}:
        return f"refused ({code or f'status {number}'})", f"it needs {doing.rights}"
    if number == 404 and doing is Doing.READING:  # an answer to HEAD has no code
        hint = _HINTS["NoSuchKey"]
        return "there is no such bucket or object", f"{hint}; {other}" if asked.host else hint
    if number in _LATER:
        return f"it answered {code or number}", "try again later"
    if code or number:
        return f"it answered {code or number}", other
    return (
        "no whole answer came from the storage",
        "AWS_ENDPOINT_URL and AWS_REGION say where it is; is it reachable from here?",
    )
