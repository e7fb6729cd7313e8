"""Items of a Google Merchant feed in XML (RSS 2.0 or Atom), one at a time.

Items are cut out of the file and parsed one by one, so that one unescaped `&` costs one item and not the feed. A feed
that declares entities is refused as a whole: no honest one does, and they are how parsers are blown up or made to
read other files.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds.google_fields import Item
from shopkeeper.shop.feeds.rows import BadRow, shortened
from shopkeeper.shop.feeds.source import MAX_LINE, Source

_OPEN = re.compile(rb"<(item|entry)(?=[\s>/])")
_TOKEN = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|</(?:item|entry)\s*>", re.DOTALL)
_NAMESPACE = re.compile(rb"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
_CONTROLS = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32))
_G = b' xmlns:g="http://base.google.com/ns/1.0"'
_CHUNK = 1 << 18


def is_xml(head: bytes) -> bool:
    """True if a file begins like a feed in XML."""
    text = head.replace(b"\0", b"")[:4000].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return (
        text[:1] == b"<"
        and re.search(rb"<(rss|feed|channel|item|entry|rdf:RDF)[\s>]", text) is not None
    )


def items(source: Source) -> Iterator[Item | BadRow]:
    """The items of the file. Raises FeedError for declared entities."""
    wrapper: bytes | None = None
    damaged = source.look.encoding.damaged
    with source.recoded() as file:
        for line, piece in _pieces(source, file):
            if wrapper is None:
                wrapper = _wrapper(source, piece)
                continue
            text = piece.decode("utf-8", "replace")
            if not piece.rstrip().endswith(b">") or not _TOKEN.search(piece):
                yield BadRow(
                    line, "", "this item does not end", "the file is cut off or damaged here",
                    shortened(text),
                )  # fmt: skip
            elif damaged and "\ufffd" in text:
                yield BadRow(
                    line, "", f"has bytes that are no text in {source.look.encoding.name}",
                    "save the file as UTF-8", shortened(text),
                )  # fmt: skip
            else:
                yield _item(line, text, wrapper)


def _wrapper(source: Source, head: bytes) -> bytes:
    """What stands before the first item: refused if it declares entities, else its namespaces."""
    if b"<!ENTITY" in head.upper() or (b"<!DOCTYPE" in head.upper() and b"[" in head):
        raise FeedError(
            f"{source.path} declares entities of its own", hint="export it without a DOCTYPE"
        )
    names: dict[bytes, bytes] = {}
    for found in _NAMESPACE.findall(head):
        names.setdefault(found.split(b"=")[0].strip(), found)
    names.setdefault(b"xmlns:g", _G)
    return b"<feed" + b"".join(names.values()) + b">"


def _pieces(source: Source, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """First what stands before the items, then each item with its line. One without an end comes as far as it goes."""
    buffer, line, ended = b"", 1, False
    head_done = False
    while True:
        opened = _OPEN.search(buffer)
        end = None if opened is None else _end(buffer, opened.end())
        if opened is not None and not head_done:
            yield 1, buffer[: opened.start()]
            head_done = True
        if opened is not None and (
            end is not None or ended or len(buffer) - opened.start() > MAX_LINE
        ):
            start = opened.start()
            line += buffer.count(b"\n", 0, start)
            stop = end if end is not None else _next_start(buffer, opened.end())
            yield (
                line,
                buffer[start:stop] if end is not None else buffer[start : start + 2000] + b" ...",
            )
            line += buffer.count(b"\n", start, stop)
            buffer = buffer[stop:]
            continue
        if ended:
            if not head_done:
                yield 1, buffer
            return
        if opened is None and head_done:
            keep = max(len(buffer) - 10, 0)
            line += buffer.count(b"\n", 0, keep)
            buffer = buffer[keep:]
        elif opened is None and len(buffer) > MAX_LINE:
            raise FeedError(f"{source.path} holds no items", hint="is this a Merchant feed?")
        chunk = file.read(_CHUNK)
        ended = not chunk
        buffer += chunk.translate(None, _CONTROLS)


def _end(buffer: bytes, start: int) -> int | None:
    """Where the item that was opened before `start` ends, past comments and CDATA."""
    for token in _TOKEN.finditer(buffer, start):
        if token.group()[:2] == b"</":
            return token.end()
    return None


def _next_start(buffer: bytes, start: int) -> int:
    """Where the next item begins, for going on behind one that does not end."""
    found = _OPEN.search(buffer, start)
    return len(buffer) if found is None else found.start()


def _item(line: int, text: str, wrapper: bytes) -> Item | BadRow:
    try:
        root = ElementTree.fromstring(wrapper + text.encode("utf-8") + b"</feed>")
    except ParseError as error:
        return BadRow(
            line,
            "",
            f"is no sound XML: {_told(error)}",
            "write & as &amp; and < as &lt;",
            shortened(text),
        )
    except (DefusedXmlException, ValueError, RecursionError):
        return BadRow(line, "", "declares entities", "write plain text", shortened(text))
    found = Item(line, text)
    item = root[0] if len(root) else root
    for element in item:
        _collect(element, found)
    return found


def _told(error: ParseError) -> str:
    return str(error).partition(": line")[0]


def _collect(element: Element, found: Item) -> None:
    name = _local(element)
    children = list(element)
    if name == "product_detail" and children:
        parts = {_local(child): _text(child) for child in children}
        value = parts.get("attribute_value", "")
        found.details.append(
            (parts.get("section_name", ""), parts.get("attribute_name", ""), value)
        )
        return
    if children and not _text(element):
        text = ", ".join(f"{_local(c)}: {t}" for c in children if (t := _text(c)))
    elif name == "link" and not _text(element):
        text = element.get("href", "")  # Atom
    else:
        text = _text(element)
    # An element of Google's goes before one of the same name in RSS or Atom.
    texts = found.fields.setdefault(name, [])
    if "base.google.com" in element.tag and name not in ("additional_image_link",):
        texts.insert(0, text)
    else:
        texts.append(text)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _text(element: Element) -> str:
    return "".join(element.itertext()).strip()
