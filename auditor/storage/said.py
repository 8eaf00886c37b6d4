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

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from auditor.errors import AuditorError, RenderError, UsageError
from auditor.storage.address import Address

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


class Doing(enum.Enum):
    """What is asked for, and the rights that it needs."""

    WRITING = "s3:PutObject and s3:AbortMultipartUpload"
    READING = "s3:GetObject"
    LISTING = "s3:ListBucket"


@contextlib.contextmanager
def told(address: Address, doing: Doing) -> Iterator[None]:
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
        raise _error(address, doing, error) from None


def _error(address: Address, doing: Doing, error: Exception) -> AuditorError:
    text = str(error)
    kind = RenderError if doing is Doing.WRITING else UsageError
    found = _CODE.search(text)
    code = found[1] if found is not None else ""
    status = _STATUS.search(text)
    if isinstance(error, PreconditionError):
        return kind(f"{address}: it was changed while it was read", hint="try again")
    region = _REGION.search(text)
    if region is not None or code in _ELSEWHERE or "Received redirect" in text:
        where = region[1] if region is not None else "where it is"
        return kind(f"{address}: the bucket is in another region", hint=f"AWS_REGION={where}")
    if code in _HINTS:
        return kind(f"{address}: {code}", hint=_HINTS[code])
    number = int(status[1]) if status is not None else 0
    if code == "AccessDenied" or number in {401, 403}:
        what = code or f"status {number}"
        return kind(f"{address}: refused ({what})", hint=f"it needs {doing.value}")
    if number == 404 or isinstance(error, FileNotFoundError):
        return kind(f"{address}: there is no such bucket or object", hint=_HINTS["NoSuchKey"])
    if code or number:
        return kind(f"{address}: it answered {code or number}", hint="try again later")
    return kind(
        f"{address}: no whole answer came from the storage",
        hint="AWS_ENDPOINT_URL and AWS_REGION say where it is; is it reachable from here?",
    )
