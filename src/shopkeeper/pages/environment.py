"""Turning a template and values into a page, in the visitor's language and theme, under a strict policy."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import nh3
from fastapi import Request
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shopkeeper.pages import formats, labels, static
from shopkeeper.pages.words import translate
from shopkeeper.shop.records import Money

if TYPE_CHECKING:
    from shopkeeper.face import Shop

# Product pictures of imported shops lie on other hosts; everything else is ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
THEMES = ("auto", "light", "dark")
YEAR_SECONDS = 365 * 24 * 3600
GZIP_FROM = 1000  # bytes; below, nothing is gained
GZIP_LEVEL = 4
LINKS = {"http", "https", "mailto", "tel"}  # schemes that a page's own text may link to
_TAGS = {"p", "br", "ul", "ol", "li", "b", "strong", "i", "em", "h2", "h3", "h4", "table", "thead", "tbody", "tr", "td", "th", "dl", "dt", "dd", "span", "sup", "sub"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks, in which language and theme, at which shop. signed_in: to the console, with a key."""

    shop: "Shop"
    path: str
    query: str
    language: str
    theme: str
    takes_gzip: bool = False
    signed_in: bool = False

    def t(self, text: str, /, **values: object) -> str:
        """The pages' words in the visitor's language."""
        return translate(self.language, text, **values)

    def counted(self, one: str, many: str, n: int) -> str:
        """The words for one or for `{n}` of something: counted("1 product", "{n} products", 1200)."""
        if n == 1:
            return translate(self.language, one)
        return translate(self.language, many, n=formats.number(n, self.language))

    @property
    def shop_name(self) -> str:
        """The shop's name."""
        from shopkeeper.shop import demo

        named = self.shop.settings.shop_name
        return named or (demo.shop_name(self.language) if self.shop.demo else "Shopkeeper")

    @property
    def here(self) -> str:
        """Path and query of this page, to come back to."""
        return f"{self.path}?{self.query}" if self.query else self.path


def visit_of(request: Request) -> Visit:
    """The visit that a request belongs to."""
    shop: Shop = request.app.state.shop
    languages = shop.settings.languages
    asked = [request.query_params.get("lang", ""), request.cookies.get("lang", "")]
    asked += [
        part.split(";")[0].strip()[:2].lower()
        for part in request.headers.get("accept-language", "").split(",")
    ]
    language = next((x for x in asked if x in languages), shop.settings.language)
    theme = request.cookies.get("theme", "auto")
    return Visit(
        shop,
        path=request.url.path,
        query=request.url.query,
        language=language,
        theme=theme if theme in THEMES else "auto",
        takes_gzip="gzip" in request.headers.get("accept-encoding", ""),
        signed_in=getattr(getattr(request.state, "caller", None), "role", "") == "session",
    )


def render(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page as a response."""
    text = (
        environment()
        .get_template(template)
        .render(visit=visit, t=visit.t, counted=visit.counted, **_formats(visit), **values)
    )
    body = text.encode()
    packed = visit.takes_gzip and len(body) >= GZIP_FROM
    response = HTMLResponse(
        gzip.compress(body, GZIP_LEVEL, mtime=0) if packed else body, status, dict(headers or {})
    )
    if packed:
        response.headers["content-encoding"] = "gzip"
    response.headers["content-security-policy"] = POLICY
    response.headers["vary"] = "Cookie, Accept-Language, Accept-Encoding"
    response.headers.setdefault("cache-control", "no-store")
    return response


def redirect(path: str) -> Response:
    """Go on to a page of this shop; to the front page if the path leads elsewhere."""
    safe = path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
    return RedirectResponse(quote(safe, safe="/?&=%:+,;@!$'()*~#[]"), 303)


@cache
def environment() -> Environment:
    """The templates of all pages."""
    env = Environment(
        loader=PrefixLoader(
            {
                "pages": PackageLoader("shopkeeper.pages"),
                "storefront": PackageLoader("shopkeeper.storefront", "templates/storefront"),
                "console": PackageLoader("shopkeeper.console", "templates/console"),
            }
        ),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {"static": static.url, "has_htmx": static.has_htmx, "labels": labels}
    env.filters |= {"clean": clean, "markdown": markdown, "path": lambda text: quote(text, safe="")}
    return env


def clean(markup: str) -> Markup:
    """A description's HTML without anything that acts: no scripts, styles, links or pictures."""
    kept = nh3.clean(markup, tags=_TAGS, attributes={"td": {"colspan"}, "th": {"colspan"}})
    return Markup(kept)  # noqa: S704  # cleaned just above


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def markdown(text: str) -> Markup:
    """A page's Markdown as HTML; HTML inside it is shown as text."""
    kept = nh3.clean(_markdown().render(text), url_schemes=LINKS)
    return Markup(kept)  # noqa: S704  # cleaned just above


def _formats(visit: Visit) -> dict[str, Any]:
    language = visit.language

    def money(amount: Money) -> str:
        return formats.money(amount, language)

    return {
        "money": money,
        "number": lambda value: formats.number(value, language),
        "tenths": lambda value: formats.tenths(value, language),
        "percent": lambda share: formats.percent(share, language),
        "day": lambda at: formats.day(at, language),
        "moment": lambda at: formats.moment(at, language),
    }
