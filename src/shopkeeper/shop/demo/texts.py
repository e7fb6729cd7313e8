"""The demo shop's pages: policies, questions and guides in English and Chinese, with the numbers of `conditions`."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import files

from shopkeeper.shop.demo.conditions import conditions
from shopkeeper.shop.records import Page, PageId, PageKind

LANGUAGES = ("en", "zh")
_HEADING = re.compile(r"^# (?P<title>.+?) \{#(?P<slug>[a-z0-9-]+)\}$", re.MULTILINE)
_NUMBER = re.compile(r"\{\{(\w+)\}\}")
_AGE_DAYS = {PageKind.POLICY: 75, PageKind.FAQ: 40, PageKind.GUIDE: 210}


def pages(now: datetime) -> list[Page]:
    """All pages, each in every language."""
    return [
        Page(
            id=PageId(f"{kind.value}-{slug}-{language}"),
            kind=kind,
            slug=slug,
            title=_filled(title, language),
            body=_filled(body, language),
            language=language,
            updated_at=now - timedelta(days=_AGE_DAYS[kind]),
        )
        for language in LANGUAGES
        for kind in PageKind
        for slug, title, body in _sections(kind, language)
    ]


def _sections(kind: PageKind, language: str) -> Iterator[tuple[str, str, str]]:
    """Slug, title and body of the pages in a file: each begins with `# Title {#slug}`."""
    path = files(__package__).joinpath(f"data/pages/{language}/{kind.value}.md")
    text = path.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [h.start() for h in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        yield heading["slug"], heading["title"], text[heading.end() : end].strip() + "\n"


def _filled(text: str, language: str) -> str:
    return _NUMBER.sub(lambda m: _number(m.group(1), language), text)


def _number(name: str, language: str) -> str:
    known = conditions()
    if name in known.count:
        return str(known.count[name])
    amount = known.money[name]
    short = f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"
    return f"{short} 美元" if language == "zh" else f"${short}"
