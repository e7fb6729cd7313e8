"""The demo shop's pages: whole in both languages, saying the same numbers."""

import re
from collections import Counter

import pytest

from shopkeeper.shop.demo.texts import pages
from shopkeeper.shop.records import Page, PageKind
from tests.shop.demo.conftest import NOW

BY_SLUG = {(p.slug, p.language): p for p in pages(NOW)}
SLUGS = sorted({slug for slug, _ in BY_SLUG})


def numbers(page: Page) -> Counter[str]:
    """The numbers of a page, without the months, which English has words for."""
    text = re.sub(r"(\d+) 月 (?=\d+ 日)", "", page.title + page.body)
    return Counter(re.findall(r"\d+(?:\.\d+)?", text.replace("{{", "!!")))


def test_there_are_all_kinds_of_pages() -> None:
    kinds = Counter(p.kind for p in BY_SLUG.values() if p.language == "en")
    assert kinds[PageKind.POLICY] == 6 and kinds[PageKind.FAQ] >= 12 and kinds[PageKind.GUIDE] >= 3
    policies = {slug for (slug, _), p in BY_SLUG.items() if p.kind == PageKind.POLICY}
    assert policies == {"shipping", "returns", "warranty", "payment", "privacy", "about"}


@pytest.mark.parametrize("slug", SLUGS)
def test_both_languages_say_the_same_numbers(slug: str) -> None:
    english, chinese = BY_SLUG[slug, "en"], BY_SLUG[slug, "zh"]
    assert english.kind == chinese.kind
    assert numbers(english) == numbers(chinese)
    assert re.search(r"[\u4e00-\u9fff]", chinese.title + chinese.body)


@pytest.mark.parametrize("page", BY_SLUG.values(), ids=lambda p: p.id)
def test_every_number_is_filled_in(page: Page) -> None:
    assert "{{" not in page.body + page.title
    assert len(page.body) > 25


def test_the_terms_agree_from_page_to_page() -> None:
    shipping, cost = BY_SLUG["shipping", "en"].body, BY_SLUG["shipping-cost", "en"].body
    for amount in ("$4.90", "$12.90", "$14.90", "$9.90", "$60", "$150"):
        assert amount in shipping and amount in cost
    assert (
        "30 days" in BY_SLUG["returns", "en"].body
        and "30 days" in BY_SLUG["how-to-return", "en"].body
    )
    assert (
        "$6.50" in BY_SLUG["returns", "en"].body and "$6.50" in BY_SLUG["how-to-return", "en"].body
    )
