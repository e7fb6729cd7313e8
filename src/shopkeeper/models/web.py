"""Files of a model hub over HTTP, from where they broke off, and given up when they stall."""

import http.client
import time
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from shopkeeper.errors import FetchError
from shopkeeper.models.cache import CHUNK, PartFile
from shopkeeper.models.lock import Repo

STALL_S = 30.0  # a connection is given up when nothing comes for so long
ATTEMPTS = 4  # in a row without a single byte
PAUSE_S = 0.5  # before the second attempt, then twice as long each time
_LATER = {408, 425, 429, 500, 502, 503, 504}  # may be otherwise in a moment


def address(source: Repo, hub_url: str) -> str:
    """Where a hub keeps the file. Raises FetchError if the hub's address is none."""
    if urlsplit(hub_url).scheme not in ("http", "https"):
        raise FetchError(f"{hub_url!r} is no address of a model hub", hint="set SHOPKEEPER_HUB_URL")
    path = quote(f"{source.repo}/resolve/{source.revision}/{source.file}")
    return f"{hub_url.rstrip('/')}/{path}"


def download(url: str, part: PartFile, *, stall_s: float = STALL_S) -> None:
    """Bring the file in, going on after what is there and after a connection that breaks.

    Raises FetchError, or ArtifactError if it gets longer than it may be.
    """
    part.resume()
    failed, said = 0, ""
    while failed < ATTEMPTS:
        if failed:
            time.sleep(PAUSE_S * 2 ** (failed - 1))
        before = part.length
        try:
            if _request(url, part, stall_s=stall_s):
                return
            said = f"cut off after {part.length} bytes"
        except urllib.error.HTTPError as error:
            said = f"answered {error.code} {error.reason}"
            error.close()
            if error.code == 416:
                part.restart()
            elif error.code not in _LATER:
                break
        except TimeoutError:
            said = f"stalled: nothing came for {stall_s:g} s after {part.length} bytes"
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            said = f"cannot be reached: {getattr(error, 'reason', error)}"
        failed = 1 if part.length > before else failed + 1
    raise FetchError(f"{url} {said}")


def _request(url: str, part: PartFile, *, stall_s: float) -> bool:
    """One attempt; True if the answer came whole."""
    headers = {"User-Agent": "shopkeeper", "Accept-Encoding": "identity"}
    if part.length:
        headers["Range"] = f"bytes={part.length}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # scheme checked in `address`
    with urllib.request.urlopen(request, timeout=stall_s) as answer:  # noqa: S310
        if part.length and answer.headers.get("Content-Range", "").split("-")[0] != (
            f"bytes {part.length}"
        ):
            part.restart()  # the server begins anew
        expected = answer.length
        came = 0
        while chunk := answer.read1(CHUNK):
            part.write(chunk)
            came += len(chunk)
    return expected is None or came >= expected
