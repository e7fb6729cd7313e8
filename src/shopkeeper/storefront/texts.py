"""The shop's texts: policies, answers, guides."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.pages import visit_of
from shopkeeper.shop import pages
from shopkeeper.shop.database import Connection
from shopkeeper.shop.records import PageKind
from shopkeeper.storefront.layout import show, texts_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

# What a shopper wants to know before buying, by what such pages are called.
PROMISED = re.compile(r"(?P<delivery>shipping|delivery|versand)|(?P<returns>return|refund)|(?P<warranty>warranty|guarantee)")  # fmt: skip
MAX_SUMMARY = 150  # characters
_MARKS = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*_`>]")


@dataclass(frozen=True, slots=True)
class Promise:
    """What a policy says in one sentence. icon: what it is about."""

    icon: str
    slug: str
    title: str
    summary: str


@router.get("/pages")
def all_texts(request: Request) -> Response:
    """Everything there is to read."""
    visit = visit_of(request)
    return show(request, visit, "texts.html", title=visit.t("Help"), texts=texts_of(request, visit))


@router.get("/pages/{slug}")
def text_page(request: Request, slug: Annotated[str, Path(max_length=300)]) -> Response:
    """A policy, an answer, a guide."""
    visit = visit_of(request)
    with visit.shop.database.connection() as conn:
        page = pages.find(conn, slug, visit.language)
    return show(
        request,
        visit,
        "text.html",
        title=page.title,
        page=page,
        body=without_title(page.body, page.title),
        texts=texts_of(request, visit),
    )


def without_title(body: str, title: str) -> str:
    """A Markdown text without a first heading that only says its title again."""
    first, _, rest = body.lstrip().partition("\n")
    same = first.startswith("#") and first.lstrip("# ").strip() == title.strip()
    return rest if same else body


def promises(conn: Connection, language: str) -> list[Promise]:
    """The policies on delivery, returns and warranty, as far as the shop has them, each in one sentence."""
    rows = conn.execute(
        "select distinct on (slug) slug, title, body from pages where kind = %s order by slug, language <> %s",
        [PageKind.POLICY.value, language],
    ).fetchall()
    found: dict[str, Promise] = {}
    for slug, title, body in rows:
        match = PROMISED.search(slug.casefold())
        if match is not None and match.lastgroup is not None and match.lastgroup not in found:
            found[match.lastgroup] = Promise(match.lastgroup, slug, title, summary_of(body))
    return [found[icon] for icon in PROMISED.groupindex if icon in found]


def summary_of(body: str) -> str:
    """The first sentence of a Markdown text that is neither heading, list nor table; empty if it is long."""
    for line in body.splitlines():
        text = _MARKS.sub(lambda match: match[1] or "", line).strip()
        if text and not text.startswith(("#", "-", "+", "|", "1.")):
            sentence = re.match(r".*?(?:[.!?](?=\s|$)|[。！？])|.+", text)
            assert sentence is not None  # the text is not empty
            return sentence[0] if len(sentence[0]) <= MAX_SUMMARY else ""
    return ""
