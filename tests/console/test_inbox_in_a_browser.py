"""The inbox as people use it: by keys, live, on a phone, in the dark, in Chinese, without scripts."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from shopkeeper.face import Shop
from shopkeeper.shop.embedded import EmbeddedServer
from tests.browser import new_shop, unfit, watched_page
from tests.support.conftest import fill

HERE = "/console/inbox"
WRITTEN = ".words, .queue-said, .queue-name, #talk-head, .about"  # by customers and the shop


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with two customers, one of whom waits for a person."""
    with new_shop(server, "t_inbox_seen", tmp_path_factory.mktemp("shop"), demo=True) as opened:
        fill(opened.database)
        yield opened


def waiting(shop: Shop, *texts: str) -> str:
    made = shop.agent.open()
    made.sign_in(shop.support.sign("ada"))
    for text in (*texts, "I want to talk to a real person."):
        shop.agent.reply(made, text)
    return made.id


def test_a_conversation_is_taken_answered_and_returned_by_keys_and_is_live(
    browser: Browser, base: str, shop: Shop
) -> None:
    talk = waiting(shop, "Where is order W1002?")
    with watched_page(browser, base) as page:
        page.goto(HERE)
        page.keyboard.press("j")
        expect(page.locator("#talk-head")).to_have_text("Ada Lovelace")
        page.keyboard.press("t")
        expect(page.locator("#talk-state")).to_contain_text("You have this conversation.")
        page.keyboard.press("d")
        expect(page.locator("#text")).to_have_value(re.compile("1Z#W1002"))
        page.locator("#text").press("End")
        page.keyboard.type(" Mia")
        shop.agent.reply(shop.support.conversation(talk), "Are you there?")
        expect(page.locator("#thread")).to_contain_text("Are you there?")  # without loading it
        expect(page.locator("#text")).to_have_value(re.compile(" Mia"))
        page.keyboard.press("Control+Enter")
        expect(page.locator(".bubble.staff .words")).to_have_text(re.compile("1Z#W1002.* Mia"))
        assert page.evaluate("thread.scrollTop + thread.clientHeight >= thread.scrollHeight - 4")
        page.keyboard.press("e")
        expect(page.locator("#talk-state")).to_contain_text("The agent answers.")


def test_who_came_second_sees_who_was_first(browser: Browser, base: str, shop: Shop) -> None:
    talk = waiting(shop)
    with watched_page(browser, base) as page:
        page.goto(f"{HERE}/{talk}")
        shop.inbox.take(talk, "Noah")
        expect(page.locator("#talk-state")).to_contain_text("Noah has this conversation.")


def test_pages_fit_any_screen_and_axe_finds_nothing_serious(
    browser: Browser, base: str, axe: str, shop: Shop
) -> None:
    talk = waiting(shop, "I want to return the mug of order W1003.", "Do you gift-wrap parcels?")
    shop.inbox.note(talk, "Mia", "a regular")
    pages = [HERE, f"{HERE}/{talk}", f"{HERE}/questions", f"{HERE}/rules", f"{HERE}/figures"]
    with watched_page(browser, base) as page:
        assert unfit(page, pages, axe, 768, 320) == []


def test_in_chinese_nothing_stays_english(browser: Browser, base: str, shop: Shop) -> None:
    talk = waiting(shop, "Where is order W1002?")
    with watched_page(browser, base, language="zh") as page:
        page.context.add_cookies([{"name": "desk", "value": quote("小美"), "url": base}])
        for path in (HERE, f"{HERE}/{talk}", f"{HERE}/figures"):
            page.goto(path)
            page.evaluate(f"document.querySelectorAll('{WRITTEN}').forEach(part => part.remove())")
            text = page.locator("body").inner_text()
            for name in ("English", "SKU", "Ctrl", "Enter"):
                text = text.replace(name, "")
            assert re.findall(r"[A-Za-z]{3,}", text) == [], path
