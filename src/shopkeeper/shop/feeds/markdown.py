"""Reader of pages in Markdown: files with a small front matter, one page each, or several in one file.

    ---
    kind: policy
    title: Returns
    language: en
    ---
    Send it back within 30 days …

Without front matter the title is the first heading and the kind is guide. Lines of the front matter are `name: text`;
names are kind, title, slug, language, id and updated_at.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath

from shopkeeper.errors import FeedError
from shopkeeper.shop.feeds import values
from shopkeeper.shop.feeds.plain_others import page_kind, slug_of
from shopkeeper.shop.feeds.rows import MARKS, BadRow, Options, RowError, printable
from shopkeeper.shop.feeds.source import MAX_LINE, Source, files_of
from shopkeeper.shop.records import Page, PageId

SUFFIXES = (".md", ".markdown")
_FRONT = re.compile(r"^---[ \t]*\n((?:[A-Za-z_]{1,30}:[^\n]*\n)+)---[ \t]*(?:\n|\Z)", re.MULTILINE)
_HEADING = re.compile(r"\A\s*#+[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_NAMES = {"kind", "title", "slug", "language", "id", "updated_at", *MARKS}


def read_pages(source: Source, options: Options) -> Iterator[Page | BadRow]:
    """Pages of the file, or of the Markdown files of a folder."""
    for file in files_of(source, SUFFIXES):
        try:
            text = _whole(file)
        except FeedError as error:
            yield BadRow(1, file.path.name, error.message, error.hint, "")
            continue
        for line, front, body in _parts(text):
            try:
                yield _page(file, front, body, options)
            except RowError as error:
                yield error.at(line, _raw(front, body))


def first_marks(source: Source) -> dict[str, str] | None:
    """The marks of the first page, if the file is one of mended pages."""
    front = next((front for _, front, _ in _parts(_whole(source))), {})
    return front if "_line" in front and "_reason" in front else None


def _whole(source: Source) -> str:
    if source.look.size > MAX_LINE:
        raise FeedError(f"{source.path} is longer than {MAX_LINE // 1_000_000} MB", hint="split it")
    with source.text() as file:
        return printable(file.read()).replace("\r\n", "\n").replace("\r", "\n")


def _parts(text: str) -> Iterator[tuple[int, dict[str, str], str]]:
    """Line, front matter and body of each page of a file."""
    found = list(_FRONT.finditer(text))
    before = text[: found[0].start()] if found else text
    if before.strip():
        yield 1, {}, before
    for i, front in enumerate(found):
        end = found[i + 1].start() if i + 1 < len(found) else len(text)
        pairs = (line.partition(":") for line in front[1].splitlines())
        names = {name.strip().lower(): value.strip().strip("\"'") for name, _, value in pairs}
        yield text.count("\n", 0, front.start()) + 1, names, text[front.end() : end]


def _raw(front: dict[str, str], body: str) -> str:
    head = "".join(f"{name}: {text}\n" for name, text in front.items() if name not in MARKS)
    return f"---\n{head}---\n{body}"


def _page(source: Source, front: dict[str, str], body: str, options: Options) -> Page:
    unknown = set(front) - _NAMES
    if unknown:
        options.notes.add(
            f"front matter that pages do not have: {', '.join(sorted(unknown))}"[:200]
        )
    heading = _HEADING.match(body)
    title = front.get("title") or (heading[1].strip() if heading else "")
    if heading and heading[1].strip() == title:
        body = body[heading.end() :]
    if not title:
        raise RowError("title", "is missing", "write a line `title: …` or a heading")
    if not body.strip():
        raise RowError("body", "is blank", "write the page's text below its front matter")
    language = (front.get("language") or options.language)[:20]
    name = PurePath(source.name).stem
    slug = values.identifier(
        "slug", front.get("slug") or (slug_of(name) if not front.get("title") else slug_of(title))
    )
    at = front.get("updated_at", "")
    return Page(
        id=PageId(values.identifier("id", front.get("id") or f"{slug}-{language}")),
        kind=page_kind("kind", front.get("kind") or "guide"), slug=slug, title=title,
        body=body.strip("\n"), language=language,
        updated_at=values.when("updated_at", at) if at else None,
    )  # fmt: skip
