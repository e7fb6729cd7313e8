"""A real browser on a real server: what the tests of the pages share.

`browser` is one Chromium for the tests of a folder (a loop of its own runs while it is open, which tests of other
folders must not meet), `served` puts a shop behind uvicorn. `Watch` notes what a page must never do: errors on the
console, requests to other hosts, anything that the page's policy blocked.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Request, sync_playwright

from shopkeeper.api import create_app
from shopkeeper.errors import ModelError
from shopkeeper.face import Shop
from shopkeeper.models import hub
from shopkeeper.settings import load_settings
from shopkeeper.shop.embedded import EmbeddedServer
from tests.conftest import EMPTY_SHOP, thorough

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SERIOUS = {"serious", "critical"}
EMPTY = '<link rel="icon" href="data:,">'  # a page that asks for nothing, not even for an icon


def cache_folder() -> Path:
    """Where fetched files are kept."""
    return Path(os.environ.get("SHOPKEEPER_CACHE_FOLDER", "~/.cache/shopkeeper")).expanduser()


def chromium_path() -> str | None:
    """The system's Chromium; None lets Playwright take its own."""
    named = os.environ.get("SHOPKEEPER_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=["--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that knows the rules of accessibility."""
    try:
        return hub.pull("axe", cache_folder()).read_text(encoding="utf-8")
    except ModelError as error:
        pytest.skip(f"axe-core is not here and cannot be fetched: {error}")


@contextmanager
def new_shop(
    server: EmbeddedServer, name: str, folder: Path, *, demo: bool = False
) -> Iterator[Shop]:
    """An empty shop in a database of its own, dropped afterwards."""
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as conn:
        conn.execute(f"drop database if exists {name} with (force)")
        conn.execute(f"create database {name} template {EMPTY_SHOP}")
    url = server.url.replace("/shopkeeper?", f"/{name}?")
    settings = load_settings(
        data_folder=folder, cache_folder=cache_folder(), port=0, database_url=url, pool_size=4
    )
    with Shop.open(settings=settings, demo=demo) as shop:
        yield shop
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)")


@contextmanager
def served(shop: Shop) -> Iterator[str]:
    """The shop behind uvicorn on a free port, in a thread; gives its address."""
    shop.search.refresh()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            create_app(shop), log_config=None, ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="uvicorn")
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        assert server.started, "the server did not start"
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@dataclass
class Watch:
    """A page, and what went wrong on it, as far as the browser tells. errors: on the console, blocked things included."""

    page: Page
    base: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.errors.append(text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:")):
            self.outside.append(request.url)


def unfit(page: Page, paths: Iterable[str], axe: str, *widths: int) -> list[str]:
    """What keeps somebody from using the pages, each loaded once: what axe finds, and screens that they are wider than."""
    found = []
    for path in paths:
        page.goto(path)
        found += [f"{path}: {finding}" for finding in findings(page, axe)]
        usual = page.viewport_size
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{path} is {wide} px wide on {width}")
        if usual:
            page.set_viewport_size(usual)
    return found


Kind = tuple[str, str, bool]  # address, language, whether with scripts
_free: WeakKeyDictionary[Browser, dict[Kind, list[Watch]]] = WeakKeyDictionary()


@contextmanager
def watched_page(
    browser: Browser,
    base: str,
    *,
    width: int = 1280,
    language: str = "en",
    theme: str = "light",
    scripts: bool = True,
) -> Iterator[Page]:
    """A page of a new visitor, which may neither complain nor ask another host for anything.

    What one visitor leaves clean is the next one's: to open another takes longer than most of what is done on it.
    """
    kind = base, language, scripts
    free = _free.setdefault(browser, {})
    watch = free[kind].pop() if free.get(kind) else _opened(browser, *kind)
    page = watch.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_default_timeout(10_000)
    yield page
    page.evaluate("1")  # until it answers, it may still complain
    assert not watch.errors, watch.errors
    assert not watch.outside, watch.outside
    _leave(watch)
    free.setdefault(kind, []).append(watch)


def _opened(browser: Browser, base: str, language: str, scripts: bool) -> Watch:
    for kind in [each for each in _free[browser] if each[0] != base]:  # of shops that are closed
        for watch in _free[browser].pop(kind):
            watch.page.context.close()
    context = browser.new_context(
        base_url=base,
        locale={"zh": "zh-CN"}.get(language, "en-US"),
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    return Watch(context.new_page(), base)


def _leave(watch: Watch) -> None:
    """Forget all that a visitor did, and do what they left undone no more."""
    page = watch.page
    for other in page.context.pages:
        if other != page:
            other.close()
    page.route("**/left", lambda route: route.fulfill(content_type="text/html", body=EMPTY))
    page.goto("/left")
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.context.clear_cookies()
    page.unroute_all()
    watch.errors.clear()  # that a page was left in the middle of something may be one


def findings(page: Page, axe: str) -> list[str]:
    """What axe finds serious about a page, in the light and in the dark, one line each: rule and place.

    In the other theme only the colours are another: there only they are looked at. The page is thinned meanwhile,
    except in a thorough run.
    """
    theme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    page.evaluate(axe)
    if not thorough():
        page.evaluate(THIN)
    found = _found(page, AXE_TAGS)
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    found += _found(page, ["color-contrast"])
    page.emulate_media(color_scheme=theme)
    page.evaluate("window.thickenAgain?.()")
    return found


# Of neighbours that differ in their texts and addresses alone, such as the rows of a table, three stay: axe looks
# at each for as long as at the first, and finds the same.
THIN = """() => {
  const told = /^(class|type|role|style|lang|tabindex|disabled|aria-(?!label|describedby|controls|owns).*)$/;
  const shape = node => {
    if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeValue.trim() && "text";
    const named = [...node.attributes].map(a => a.name + "=" + (told.test(a.name) ? a.value : a.value !== "")).sort();
    return `<${node.tagName} ${named}>${[...node.childNodes].map(shape).join("")}</>`;
  };
  const taken = [];
  const thin = parent => {
    const seen = new Map();
    for (const child of [...parent.children]) {
      const key = shape(child);
      seen.set(key, (seen.get(key) ?? 0) + 1);
      if (seen.get(key) <= 3) { thin(child); continue; }
      taken.unshift([parent, child, child.nextSibling]);
      child.remove();
    }
  };
  thin(document.body);
  window.thickenAgain = () => taken.splice(0).forEach(([parent, child, next]) => parent.insertBefore(child, next));
}"""


def _found(page: Page, rules: list[str]) -> list[str]:
    # preload: it would fetch styles and films again, for rules about films
    result: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})",
        rules,
    )
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in result["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"]
    ]
