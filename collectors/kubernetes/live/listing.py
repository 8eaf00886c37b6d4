"""All pages of one list, the next one on its way while this one is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import msgspec
from msgspec.structs import replace

from auditor.model.enums import Answered
from collectors.http.client import Client
from collectors.http.failures import Unanswered
from collectors.kubernetes.live.discovery import Served
from collectors.kubernetes.live.normalize import Listed, ListMeta, take_apart

LIMIT: Final = 500
_SMALLER: Final = 10


class Asked(msgspec.Struct, frozen=True):
    """One request for a page."""

    path: str
    limit: int
    token: str = ""

    def query(self) -> dict[str, str]:
        """Its parameters."""
        query = {"limit": str(self.limit)}
        if self.token:
            query["continue"] = self.token
        return query


class Got(msgspec.Struct, frozen=True):
    """One request with its page, or with why there is none; ``note`` is what else is to be said."""

    asked: Asked
    page: Listed | None = None
    error: Unanswered | None = None
    note: str = ""


class _Expired(msgspec.Struct, frozen=True, gc=False):
    metadata: ListMeta = ListMeta()


_decode_expired = msgspec.json.Decoder(_Expired).decode


class Lister:
    """Lists kinds, page after page; ``limit`` items a page, and no pages without end."""

    def __init__(self, client: Client, limit: int) -> None:
        self._client = client
        self._limit = limit
        self._pages = client.patience.pages

    def pages(self, served: Served, namespace: str) -> Iterator[Got]:
        """Yield every page; the first error is the last thing that is yielded."""
        asked = Asked(served.path(namespace), self._limit)
        seen: set[str] = set()
        ahead = ThreadPoolExecutor(1)
        try:
            coming = ahead.submit(self._get, asked, served)
            for _ in range(self._pages):
                following, got = _following(_result(coming, asked), seen)
                if following is not None:
                    coming = ahead.submit(self._get, following, served)
                if got is not None:
                    yield got
                if following is None:
                    return
                asked = following
            detail = f"more than {self._pages:,} pages"
            yield Got(asked, error=Unanswered(Answered.TRUNCATED, detail))
        finally:
            # Whoever interrupts us does not wait for a server that does not answer.
            ahead.shutdown(wait=False, cancel_futures=True)

    def _get(self, asked: Asked, served: Served) -> Listed:
        try:
            return take_apart(self._client.get(asked.path, asked.query()).body, served)
        except Unanswered as error:
            if error.answered is Answered.MALFORMED:
                self._client.hang_up()
            raise


def _result(coming: Future[Listed], asked: Asked) -> Got:
    try:
        return Got(asked, coming.result())
    except Unanswered as error:
        return Got(asked, error=error)


def _following(got: Got, seen: set[str]) -> tuple[Asked | None, Got | None]:
    """The request after this one, and what to make of this one (None: it is asked again)."""
    asked = got.asked
    if got.page is not None:
        token = got.page.meta.token
        if not token:
            return None, got
        if token in seen:
            detail = "the server offers the same page again and again"
            return None, replace(got, error=Unanswered(Answered.TRUNCATED, detail))
        seen.add(token)
        return replace(asked, token=token), got
    error = got.error
    if error is None:
        return None, got
    token = _offered(error)
    if token and token not in seen:
        seen.add(token)
        note = "the list expired; what follows is of a later moment, as the server offered"
        return replace(asked, token=token), replace(got, error=None, note=note)
    if error.answered is Answered.TRUNCATED and error.code == 200 and asked.limit > 1:
        return replace(asked, limit=max(1, asked.limit // _SMALLER)), None
    return None, got


def _offered(error: Unanswered) -> str:
    """The token that comes with 410: the list can go on, of another moment (KEP-365)."""
    if error.code != 410:
        return ""
    try:
        return _decode_expired(error.body).metadata.token
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
