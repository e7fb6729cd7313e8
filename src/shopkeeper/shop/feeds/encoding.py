"""Which encoding a file has, from its bytes.

UTF-8 (with or without BOM), UTF-16 with BOM or by its pattern of zeros, GB18030 when the bytes come in Chinese pairs,
Windows-1252 as a last resort. A UTF-8 file with a few damaged places stays UTF-8: its damaged rows are bad rows.
"""

import codecs
import re
from dataclasses import dataclass

DAMAGED = "shopkeeper-damaged"  # name of the error handler for bytes that are no text
MARK = "\udfff"  # what it puts in their place: no character, so that nothing sound is ever mistaken for it


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return MARK, max(error.end, error.start + 1)


codecs.register_error(DAMAGED, _mark)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


_PARQUET = b"PAR1"
_ENOUGH = 4_000_000  # bytes beyond ASCII after which the odds do not change


@dataclass(frozen=True, slots=True)
class Encoding:
    """name: for Python's codecs. note: what a person should know about the choice, or empty. damaged: some bytes are
    no text in this encoding."""

    name: str
    note: str = ""
    damaged: bool = False


class Watcher:
    """Collects, chunk by chunk, what the choice needs; constant memory."""

    def __init__(self) -> None:
        self.size = 0
        self.lines = 0
        self._head = b""
        self._zeros = [0, 0]  # at even and odd places of the head
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._good = True
        self._valid = 0  # characters beyond ASCII that are sound UTF-8
        self._high = 0  # bytes beyond ASCII
        self._covered = 0  # of these, bytes of sound UTF-8
        self._paired = 0  # of these, in runs of even length with bytes of Chinese encodings

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if len(self._head) < 4096:
            self._head = (self._head + chunk)[:4096]
        self.size += len(chunk)
        self.lines += chunk.count(b"\n")
        if self._head.startswith(_PARQUET):
            return  # no text at all
        if self._good:
            try:
                self._utf8.decode(chunk)
            except UnicodeDecodeError:
                self._good = False
        if self._high < _ENOUGH and not chunk.isascii():
            self._weigh(chunk)

    def _weigh(self, chunk: bytes) -> None:
        """Count what the bytes beyond ASCII look like."""
        for run in _HIGH.findall(chunk):
            self._high += len(run)
            if len(run) % 2 == 0:
                self._paired += sum(
                    2 for i in range(0, len(run), 2) if run[i] >= 0xA1 and run[i + 1] >= 0xA1
                )
        found = _UTF8.findall(chunk)
        self._valid += len(found)
        self._covered += sum(map(len, found))

    def encoding(self) -> Encoding:
        """The encoding of what was seen."""
        for bom, name in _BOMS:
            if self._head.startswith(bom):
                return Encoding(name, damaged=not self._good if name == "utf-8-sig" else True)
        even, odd = self._head[::2].count(0), self._head[1::2].count(0)
        half = max(len(self._head) // 2, 1)
        if odd > 0.3 * half and even < 0.1 * half:
            return Encoding("utf-16-le", "read as UTF-16", damaged=True)
        if even > 0.3 * half and odd < 0.1 * half:
            return Encoding("utf-16-be", "read as UTF-16", damaged=True)
        if self._good and self._ends_whole():
            return Encoding("utf-8")
        broken = self._high - self._covered
        if self._covered >= 4 * broken:
            return Encoding("utf-8", "some bytes are not UTF-8", damaged=True)
        if self._paired >= 0.7 * self._high:
            return Encoding("gb18030", "read as GB18030 (Chinese)", damaged=True)
        return Encoding(
            "cp1252",
            "neither UTF-8 nor GB18030: read as Windows-1252, so check letters with accents",
            damaged=True,
        )

    def _ends_whole(self) -> bool:
        try:
            self._utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True
