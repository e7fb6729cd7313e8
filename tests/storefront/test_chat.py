"""The chat with customer service as shoppers use it: on every page, by keyboard, on a small phone, with a line that is
cut, and on pages of another origin."""

import http.server
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from shopkeeper.api.keys import KeyKind, create
from shopkeeper.face import Shop
from shopkeeper.pages import static
from shopkeeper.shop import orders
from shopkeeper.support.dialogue import Evidence, store
from shopkeeper.support.outcomes import given
from tests.browser import findings, watched_page
from tests.support.conftest import fill


@pytest.fixture(scope="module", autouse=True)
def customers(shop: Shop) -> Iterator[None]:
    fill(shop.database)
    yield


def conversation(page: Page) -> str:
    """The id of the conversation that the page holds."""
    kept: str = page.evaluate("JSON.parse(localStorage.getItem('shopkeeper-chat ')).id")
    return kept


def opened(page: Page, path: str = "/cart", customer: str = "") -> Page:
    page.goto(path)
    page.locator("shopkeeper-chat").evaluate("(chat, token) => chat.setAttribute('token', token)", customer)  # fmt: skip
    page.get_by_role("button", name="Chat").click()
    return page


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def test_by_keyboard_on_a_small_phone_and_over_pages(browser: Browser, base: str) -> None:
    with watched_page(browser, base, width=320) as page:
        page.goto("/cart")
        page.get_by_role("button", name="Chat").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("log")).to_contain_text("I am an AI assistant, not a person.")
        page.get_by_label("Your message").focus()
        page.keyboard.type("Hello")
        page.keyboard.press("Enter")
        expect(page.locator(".said")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        answer = page.locator(".said").last.text_content() or ""
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Chat")).to_be_focused()
        page.goto("/pages/shipping")
        page.get_by_role("button", name="Chat").click()
        expect(page.locator(".said").last).to_have_text(answer)


def test_what_will_change_is_shown_with_a_yes_that_does_it(
    browser: Browser, base: str, shop: Shop
) -> None:
    with watched_page(browser, base) as page:
        opened(page, customer=shop.support.sign("ada"))
        say(page, "Cancel order W1004, no longer needed.")
        proposal = page.get_by_role("region", name="Please confirm")
        expect(proposal).to_contain_text("Cancel order #W1004")
        page.reload()  # it waits also on the next page
        proposal.get_by_role("button", name="Yes, do it").click()
        expect(proposal).to_contain_text("Done")
        expect(proposal.get_by_role("button")).to_have_count(0)
    with shop.database.connection() as conn:
        assert orders.get(conn, "#W1004").status == "cancelled"


def test_a_line_that_is_cut_loses_and_doubles_nothing(
    browser: Browser, base: str, shop: Shop
) -> None:
    cut: list[str] = []

    def answered_into_the_void(route: Route) -> None:
        if len(cut) == 2:
            route.continue_()
            return
        cut.append(str(route.request.post_data))
        if len(cut) == 2:  # the second time it arrives, and the answer is lost
            route.fetch()
        route.abort()

    page = browser.new_page(base_url=base)
    page.route("**/messages", answered_into_the_void)
    opened(page)
    say(page, "Hello")
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.locator(".said")).to_have_count(3)
    expect(page.locator(".unsent")).to_have_count(0)
    talk = conversation(page)
    page.close()
    with shop.database.connection() as conn:
        assert [m.who for m in store.messages(conn, talk)] == ["customer", "agent"]
    assert cut[0] == cut[1]


def test_a_person_takes_over_in_the_same_chat(browser: Browser, base: str, shop: Shop) -> None:
    with watched_page(browser, base) as page:
        opened(page)
        page.get_by_role("button", name="Talk to a person").click()
        expect(page.get_by_text("A person answers", exact=True)).to_be_visible()
        with shop.database.connection() as conn:
            now = shop.support.clock()
            store.add_message(conn, conversation(page), 1, "staff", "Eve here.", now, author="Eve")
        expect(page.locator(".said").last).to_contain_text("Eve")
        expect(page.locator(".said").last).to_contain_text("Eve here.")


def test_what_is_offered_for_the_cart_goes_there_by_a_button(
    browser: Browser, base: str, shop: Shop
) -> None:
    with watched_page(browser, base) as page:
        opened(page, "/pages/shipping")
        say(page, "Hello")
        expect(page.locator(".said")).to_have_count(3)
        offered = (Evidence("product", "mug"), Evidence("cart", "mug-red"))
        with shop.database.connection() as conn:
            now = shop.support.clock()
            store.add_message(conn, conversation(page), 1, "agent", "Here it is.", now, offered)
        page.get_by_role("button", name="Add to cart").click()
        expect(page).to_have_url(re.compile("added=mug-red"))
        expect(page.get_by_role("main")).to_contain_text("Mug")


def test_in_chinese_it_has_no_faults_of_access_and_asks_what_it_was_worth(
    browser: Browser, base: str, shop: Shop, axe: str
) -> None:
    with watched_page(browser, base, language="zh", width=360) as page:
        page.goto("/cart")
        page.get_by_role("button", name="咨询").click()
        page.get_by_role("button", name="我想退货").click()
        expect(page.locator(".said")).to_have_count(3)
        talk = conversation(page)
        assert findings(page, axe) == []
        page.get_by_role("button", name="结束对话").click()
        page.get_by_role("radio", name="是").check()
        page.get_by_role("radio", name="4").check()
        page.get_by_label("您想告诉我们什么？").fill("很快")
        assert findings(page, axe) == []
        page.get_by_role("button", name="发送").click()
        expect(page.get_by_role("log")).to_contain_text("谢谢。")
        expect(page.locator(".said")).to_have_count(1)
    with shop.database.connection() as conn:
        said = given(conn, talk)
    assert said is not None and (said.solved, said.rating, said.words) == (True, 4, "很快")


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page of another origin."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_one_script_tag_puts_it_on_a_page_of_another_origin(
    browser: Browser, base: str, shop: Shop
) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        origin = f"http://127.0.0.1:{elsewhere.server_port}"
        with shop.database.connection() as conn:
            _, key = create(conn, KeyKind.PUBLISHABLE, "chat", origins=[origin])
        tag = f"<!doctype html><script src='{base}/chat.js' data-key='{key}' defer></script>"
        Elsewhere.page = tag.encode()
        threading.Thread(target=elsewhere.handle_request).start()
        page = browser.new_page()
        page.goto(origin)
        page.get_by_role("button", name="Chat").click()
        say(page, "Hello")
        expect(page.locator(".said")).to_have_count(3)
        page.close()


def test_it_is_smaller_than_thirty_kilobytes() -> None:
    chat = static.file("chat.js")
    assert chat is not None and len(chat.content) < 30_000
