"""Files of a model hub over HTTP, from where they broke off, and given up when they stall."""

import http.client
import io
import time
import urllib.error
import urllib.request
from email.message import Message
from typing import IO, Protocol
from urllib.parse import quote, urlsplit

from shopkeeper.errors import ArtifactError, FetchError, ModelError
from shopkeeper.models.cache import CHUNK
from shopkeeper.models.lock import Repo

STALL_S = 30.0  # a connection is given up when nothing comes for so long
ATTEMPTS = 4  # in a row without a single byte
PAUSE_S = 0.5  # before the second attempt, then twice as long each time
_LATER = {408, 425, 429, 500, 502, 503, 504}  # may be otherwise in a moment
_HINTS = {
    401: "look whether it is spelt so; if its owner gives it only to some, accept the terms on its page and set "
    "SHOPKEEPER_HUB_TOKEN",
    403: "its owner gives it only to some: accept the terms on its page, then set SHOPKEEPER_HUB_TOKEN",
    404: "look on its page whether repository, revision and file are spelt so",
}


class Sink(Protocol):
    """Where the bytes go: a file while it comes in, or memory."""

    length: int

    def resume(self) -> None:
        """Go on after what is there."""

    def restart(self) -> None:
        """Forget what is there."""

    def write(self, chunk: bytes) -> None:
        """Add a piece. Raises ArtifactError if it gets too long."""


def address(source: Repo, hub_url: str) -> str:
    """Where a hub keeps the file. Raises FetchError if the hub's address is none."""
    return under(hub_url, f"{source.repo}/resolve/{source.revision}/{source.file}")


def under(hub_url: str, path: str) -> str:
    """An address of this hub. Raises FetchError if the hub's own is none."""
    if urlsplit(hub_url).scheme not in ("http", "https"):
        raise FetchError(f"{hub_url!r} is no address of a model hub", hint="set SHOPKEEPER_HUB_URL")
    return f"{hub_url.rstrip('/')}/{quote(path)}"


def read(url: str, *, most_bytes: int, token: str = "", stall_s: float = STALL_S) -> bytes:
    """A small answer, whole. Raises FetchError, or ArtifactError if it is longer than it may be."""
    memory = _Memory(most_bytes)
    download(url, memory, token=token, stall_s=stall_s)
    return memory.body


def download(
    url: str, sink: Sink, *, sha256: str = "", token: str = "", stall_s: float = STALL_S
) -> None:
    """Bring the file in, going on after what is there and after a connection that breaks.

    sha256: what it is to be; a hub that announces another is not even asked for it. token: sent to this host alone.
    Raises FetchError, or ArtifactError if it is announced or turns out to be another or longer than it may be.
    """
    sink.resume()
    opener = urllib.request.build_opener(_Redirects(sha256))
    failed, said, hint = 0, "", ""
    while failed < ATTEMPTS:
        if failed:
            time.sleep(PAUSE_S * 2 ** (failed - 1))
        before = sink.length
        try:
            if _request(opener, url, sink, sha256=sha256, token=token, stall_s=stall_s):
                return
            said = f"cut off after {sink.length} bytes"
        except urllib.error.HTTPError as error:
            said, hint = f"answered {error.code} {error.reason}", _HINTS.get(error.code, "")
            error.close()
            if error.code == 416:
                sink.restart()
            elif error.code not in _LATER:
                break
        except TimeoutError:
            said = f"stalled: nothing came for {stall_s:g} s after {sink.length} bytes"
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            said = f"cannot be reached: {getattr(error, 'reason', error)}"
        failed = 1 if sink.length > before else failed + 1
    raise FetchError(f"{url} {said}", hint=hint)


def _request(
    opener: urllib.request.OpenerDirector,
    url: str,
    sink: Sink,
    *,
    sha256: str,
    token: str,
    stall_s: float,
) -> bool:
    """One attempt; True if the answer came whole."""
    headers = {"User-Agent": "shopkeeper", "Accept-Encoding": "identity"}
    if sink.length:
        headers["Range"] = f"bytes={sink.length}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # scheme checked in `under`
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with opener.open(request, timeout=stall_s) as answer:
        check_announced(answer.headers, sha256)
        if sink.length and answer.headers.get("Content-Range", "").split("-")[0] != (
            f"bytes {sink.length}"
        ):
            sink.restart()  # the server begins anew
        expected = answer.length
        came = 0
        while chunk := answer.read1(CHUNK):
            sink.write(chunk)
            came += len(chunk)
    return expected is None or came >= expected


def check_announced(headers: Message, sha256: str) -> None:
    """Raises ArtifactError if a hub says that its file has another sha256."""
    announced = headers.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
    if sha256 and len(announced) == 64 and announced != sha256:
        raise ArtifactError(
            f"the hub has another file there: its sha256 is {announced[:12]}…, not {sha256[:12]}…"
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a hub to where it keeps its files, which is another host, if what it announces there is right."""

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            check_announced(headers, self._sha256)
            if req.full_url.startswith("https:") and not newurl.startswith("https:"):
                raise FetchError(f"{req.full_url} leads to an address that is not encrypted")
        except ModelError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


class _Memory:
    """A short answer, kept in memory."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._body = io.BytesIO()
        self.length = 0

    @property
    def body(self) -> bytes:
        return self._body.getvalue()

    def resume(self) -> None:
        """Nothing is kept from earlier."""

    def restart(self) -> None:
        self._body = io.BytesIO()
        self.length = 0

    def write(self, chunk: bytes) -> None:
        self.length += len(chunk)
        if self.length > self._most:
            raise ArtifactError(f"it is longer than {self._most} bytes")
        self._body.write(chunk)
