"""The pages about search over HTTP: the tester and its sides, synonyms, rules, queries, tags, versions."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from shopkeeper import rules
from shopkeeper.face import Shop
from shopkeeper.jobs.tasks import BUILD_SEARCH
from shopkeeper.models.embed import fetch_embedder, load_embedder
from shopkeeper.rules import Action, Condition, Rule, Selection
from shopkeeper.search import SearchRequest, synonyms, versions
from shopkeeper.search.synonyms import parse_line
from tests.console.conftest import TestClient
from tests.console.shop import LOST
from tests.console.test_pages import NONSENSE, Tags
from tests.storefront.shop import EVIL, LAMPS

SEARCH = "/console/search"
PAGES = [f"{SEARCH}{rest}" for rest in ("?q=lamp&against=words", "/queries", "/queries?show=empty", "/queries?show=ignored", "/synonyms", "/rules", "/rules/new", "/versions", "/tag?word=anorak&find=shirt")]  # fmt: skip
EMBEDDER = "wordllama"
PIN = {"when": "contains", "query": "lamp", "action": "pin", "place": "1", "ids": "shirt-03"}


@pytest.fixture(autouse=True)
def as_before(shop: Shop) -> Iterator[None]:
    """Each test begins without synonyms and rules."""
    yield
    with shop.database.connection() as conn:
        conn.execute("delete from synonyms")
        conn.execute("delete from rules")
    shop.search.refresh()


def keep(shop: Shop, *lines: str) -> list[int]:
    with shop.database.connection() as conn:
        made = [synonyms.save(conn, parse_line(line)) for line in lines]
    shop.search.refresh()
    return made


def rule(shop: Shop, made: Rule) -> int:
    with shop.database.connection() as conn:
        number = rules.save(conn, made)
    shop.search.refresh()
    return number


def known_lines(shop: Shop) -> list[str]:
    with shop.database.connection() as conn:
        return [synonyms.line_of(synonym) for _, synonym in synonyms.listing(conn)]


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_under_a_strict_policy(client: TestClient, shop: Shop, path: str) -> None:
    keep(shop, "lamp, lantern")
    rule(shop, Rule(EVIL, Action.HIDE, Selection(("evil/..?<script>",))))
    page = client.get(path)
    assert page.status_code == 200 and "<h1>" in page.text and "<script>window" not in page.text
    for tag, attributes in Tags(page.text).found:
        assert tag not in ("style", "iframe") and (tag != "script" or attributes.get("src"))
        assert not any(name.startswith("on") or name == "style" for name in attributes)


@pytest.mark.parametrize("query", [*NONSENSE, "?by=x&against=v999", "?show=x", "?edit=x&line=,", "?ids=nothing&add=%20", "?word=,", "?done=kept-x"])  # fmt: skip
def test_nonsense_in_an_address_shows_the_page_all_the_same(client: TestClient, query: str) -> None:
    for path in {page.partition("?")[0] for page in PAGES}:
        assert client.get(path + query).status_code == 200, path + query


@pytest.mark.parametrize("path", ["/synonyms/7", "/synonyms/7/remove", "/rules/7", "/rules/7/active", "/rules/7/remove", "/rules/7/restore", "/versions/7/use", "/versions/7/delete"])  # fmt: skip
def test_what_is_not_there_is_said(client: TestClient, path: str) -> None:
    answer = client.post(SEARCH + path, data={"line": "a, b"})
    assert answer.status_code == 404 and "role=alert" in answer.text


def test_the_tester_sets_two_configurations_side_by_side(client: TestClient, shop: Shop) -> None:
    rule(shop, Rule("first", Action.PIN, Selection(("lamp-30",)), Condition("lamp")))
    text = client.get(f"{SEARCH}?q=lamp&against=plain").text
    assert "As shoppers get it" in text and "Without synonyms and rules" in text
    assert "Of the first 12, 11 are on both sides." in text
    assert text.count("only here") == 2
    assert "1 place higher" in text  # those that the pin had pushed down
    assert "Nothing moved." in client.get(f"{SEARCH}?q=lamp&against=now").text


def test_the_tester_names_rules_synonyms_and_typing_errors(client: TestClient, shop: Shop) -> None:
    keep(shop, "lantern, lamp")
    number = rule(shop, Rule("first <b>", Action.PIN, Selection(("lamp-30",)), Condition("lantern")))  # fmt: skip
    text = client.get(f"{SEARCH}?q=lantern").text
    assert f'rule <a href="{SEARCH}/rules/{number}">first &lt;b&gt;</a>' in text
    assert "By synonyms also looked for as “lamp”." in text
    assert "no version of search by meaning is in use" in text
    assert "Read as “reading” too, as if mistyped." in client.get(f"{SEARCH}?q=raeding").text


def test_an_unknown_word_opens_a_synonym_and_a_tag(client: TestClient) -> None:
    text = client.get(f"{SEARCH}?q=lamp+zeppelin").text
    assert f'href="{SEARCH}/synonyms?line=zeppelin%2C%20#new"' in text
    assert f'href="{SEARCH}/tag?word=zeppelin&amp;find=lamp%20zeppelin"' in text
    assert ">\nzeppelin, </textarea>" in client.get(f"{SEARCH}/synonyms?line=zeppelin%2C%20").text


def test_a_synonym_is_tried_added_changed_removed_and_put_back(
    client: TestClient, shop: Shop
) -> None:
    tried = client.post(f"{SEARCH}/synonyms", data={"lines": "zeppelin, lamp", "do": "look"})
    assert f"0 → {LAMPS} products" in tried.text and known_lines(shop) == []
    client.post(f"{SEARCH}/synonyms", data={"lines": "zeppelin, lamp\n\nphone => iphone, pixel"})
    assert known_lines(shop) == ["zeppelin, lamp", "phone => iphone, pixel"]
    page = client.get(f"{SEARCH}/synonyms").text
    assert "2 lines of synonyms. 1 of those shown changes nothing" in page
    number = re.findall(r'id="synonym-(\d+)"', page)[0]
    client.post(f"{SEARCH}/synonyms/{number}", data={"line": "zeppelin => lamp"})
    assert known_lines(shop)[0] == "zeppelin => lamp"
    gone = client.post(f"{SEARCH}/synonyms/{number}/remove").text
    assert "Removed: zeppelin =&gt; lamp" in gone and known_lines(shop) == [
        "phone => iphone, pixel"
    ]
    client.post(f"{SEARCH}/synonyms/{number}/restore")
    assert known_lines(shop) == ["zeppelin => lamp", "phone => iphone, pixel"]


@pytest.mark.parametrize("lines", ["lamp", "lamp, Lamp", "a, b => c", "=> x", "", "a, " + "b" * 101, "ok, fine\nlamp"])  # fmt: skip
def test_a_line_that_is_no_synonym_is_said_and_nothing_is_kept(
    client: TestClient, shop: Shop, lines: str
) -> None:
    answer = client.post(f"{SEARCH}/synonyms", data={"lines": lines})
    assert answer.status_code == 422 and "role=alert" in answer.text and known_lines(shop) == []
    number = keep(shop, "sofa, couch")[0]
    changed = client.post(f"{SEARCH}/synonyms/{number}", data={"line": lines})
    assert changed.status_code == 422 and known_lines(shop) == ["sofa, couch"]


def test_a_rule_is_seen_before_it_is_kept(client: TestClient, shop: Shop) -> None:
    seen = client.post(f"{SEARCH}/rules/new", data=PIN | {"do": "look"}).text
    assert "Without the rule" in seen and "1 comes in that was not found." in seen
    with shop.database.connection() as conn:
        assert rules.listing(conn) == []
    kept = client.post(f"{SEARCH}/rules/new", data=PIN | {"do": "save"}).text
    assert "It holds already." in kept
    assert "when the search contains “lamp”" in kept and "pinned to place 1" in kept
    shop.search.refresh()
    assert shop.search.search(SearchRequest("lamp")).hits[0].product_id == "shirt-03"


def test_a_rule_rests_holds_goes_and_comes_back(client: TestClient, shop: Shop) -> None:
    number = rule(shop, Rule("no lamp", Action.HIDE, Selection(("lamp-01",))))
    here = f"{SEARCH}/rules/{number}"
    assert "Resting" in client.post(f"{here}/active", data={"active": "0"}).text
    assert "1 rule holds now." in client.post(f"{here}/active", data={"active": "1"}).text
    assert "Removed: no lamp" in client.post(f"{here}/remove").text
    assert client.get(here).status_code == 404
    assert "Put back." in client.post(f"{here}/restore").text
    assert 'value="hide" checked' in client.get(here).text


def test_a_rule_that_makes_no_sense_keeps_what_was_typed(client: TestClient) -> None:
    form = PIN | {"place": "x", "starts": "soon", "name": "my rule", "do": "save"}
    answer = client.post(f"{SEARCH}/rules/new", data=form)
    assert answer.status_code == 422 and "This is not a place" in answer.text
    assert 'value="soon"' in answer.text and 'value="my rule"' in answer.text
    assert 'name="ids" value="shirt-03"' in answer.text


def test_rules_at_odds_are_said_on_both_and_in_the_form(client: TestClient, shop: Shop) -> None:
    rule(shop, Rule("front", Action.PIN, Selection(("lamp-01",)), Condition("lamp")))
    rule(shop, Rule("away", Action.HIDE, Selection(values={"brand": ("Acme",)})))
    text = client.get(f"{SEARCH}/rules").text
    assert "2 work against each other." in text
    assert "“away” hides “Reading lamp No 1”. Hiding wins." in text
    assert "“front” puts “Reading lamp No 1” forward. Hiding wins." in text
    form = PIN | {"ids": "lamp-01", "do": "look"}
    assert "“front” pins to the same place." in client.post(f"{SEARCH}/rules/new", data=form).text


def test_a_rule_of_another_day_is_shown_as_it_will_be(client: TestClient) -> None:
    later = PIN | {"starts": "2099-01-01", "do": "look"}
    seen = client.post(f"{SEARCH}/rules/new", data=later).text
    assert "Today is not one of its days" in seen and "1 comes in that was not found." in seen
    elsewhere = PIN | {"attempt": "shirt", "do": "look"}
    assert "the rule does not hold" in client.post(f"{SEARCH}/rules/new", data=elsewhere).text


def test_queries_say_first_how_many_found_nothing_and_what_to_do(client: TestClient) -> None:
    text = client.get(f"{SEARCH}/queries?show=empty").text
    assert "Of 3 searches in 30 days 3 found nothing." in text
    assert f"/synonyms?line={quote(LOST).replace('%20', '+')}%2C+#new" in text
    assert "/rules/new?query=waterproof+anorak&amp;when=exact&amp;action=pin" in text
    assert "finds nothing" in text


def test_a_word_is_added_to_a_product_and_finds_it(client: TestClient, shop: Shop) -> None:
    page = client.get(f"{SEARCH}/tag?word=sarafan&find=summer+shirt").text
    assert page.count("Add “sarafan”") == 2 + 12  # in the title, in the heading, and on each button
    saved = client.post(f"{SEARCH}/tag", data={"word": "sarafan,", "product_id": "shirt-05"})
    assert saved.url.path == "/console/catalogue/shirt-05" and "Undo" in saved.text
    assert shop.product("shirt-05").tags == ("sarafan",)
    shop.search.refresh()
    assert shop.search.search(SearchRequest("sarafan")).total == 1
    client.post(f"{SEARCH}/tag", data={"word": "Sarafan", "product_id": "shirt-05"})
    assert shop.product("shirt-05").tags == ("sarafan",)  # once is enough


def test_a_version_is_compared_used_left_and_deleted(client: TestClient, shop: Shop) -> None:
    cache = shop.settings.cache_folder
    fetch_embedder(EMBEDDER, cache)
    made = shop.search.build_version(load_embedder(EMBEDDER, cache), switch=False)
    assert made is not None
    page = client.get(f"{SEARCH}/versions").text
    assert "Shoppers find by words alone." in page
    assert "Too few searches with clicks to tell: 0 of the 30 needed." in page
    beside = client.get(f"{SEARCH}?q=lamp&by=v{made.id}&against=words").text
    assert f"Version {made.id}: {EMBEDDER}" in beside and "Meaning counts" in beside
    client.post(f"{SEARCH}/versions/{made.id}/use")
    shop.search.refresh()
    used = client.get(f"{SEARCH}/versions").text
    assert f"by words and by meaning, with {EMBEDDER}. Every product has its vectors." in used
    assert client.post(f"{SEARCH}/versions/{made.id}/delete").status_code == 409
    parts = client.get(f"{SEARCH}?q=lamp").text
    assert "What counted" in parts and "cosine 0." in parts
    assert "Shoppers find by words alone." in client.post(f"{SEARCH}/versions/back").text
    assert client.post(f"{SEARCH}/versions/back").status_code == 409
    shop.search.refresh()
    client.post(f"{SEARCH}/versions/{made.id}/delete")
    with shop.database.connection() as conn:
        assert versions.listing(conn) == []


def test_building_makes_one_job_and_shows_it(client: TestClient, shop: Shop) -> None:
    form = {"embedder": "e5-small", "switch": "1"}
    answers = [client.post(f"{SEARCH}/versions/build", data=form) for _ in range(2)]
    assert len({answer.url.path for answer in answers}) == 1  # the same job
    job = shop.jobs.latest(BUILD_SEARCH)
    assert job is not None and job.arguments == {"embedder": "e5-small", "switch": True}
    assert f"/console/jobs/{job.id}" in client.get(f"{SEARCH}/versions").text
    nothing = client.post(f"{SEARCH}/versions/build", data={"embedder": "../x"})
    assert nothing.url.path == f"{SEARCH}/versions"
