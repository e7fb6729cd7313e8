"""Queries that mean harm, or nothing: each door of search answers them, and none breaks."""

from urllib.parse import quote, quote_from_bytes

import pytest

from shopkeeper.shop import events
from tests.api.conftest import Served, a_product, put

DOORS = ("/v1/search?q={}", "/v1/search?q={}&mend=false&explain=true", "/v1/suggest?q={}", "/search?q={}", "/search?q={}&exact=1", "/suggest?q={}")  # fmt: skip
QUERIES = {
    "500 characters": "mug " * 125,
    "500 letters in one word": "m" * 500,
    "as many words as there is room for": " ".join(chr(97 + n % 26) for n in range(250)),
    "operators": 'blue AND (mug OR -cup) NOT title:"x"~3^9 +brand:* [a TO z} {1 TO 2]',
    "quotes": "\"'`“”„«»''\"\"",
    "an open quote": 'blue "mug',
    "wildcards": "*?*?**??%%__",
    "backslashes": "\\\\\\\" \\u0000 \\x00 \\",
    "only punctuation": "!!! ??? --- ... ,,, ((( ))) §§§",
    "SQL": "'; drop table products; -- ' or '1'='1' union select * from api_keys",
    "a bomb of a regular expression": "(a+)+$ ((((((((((a*)*)*)*)*)*)*)*)*)*)b aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    "a template": "{{ 7 * 7 }} ${7*7} <%= 7 %> {query} %s %(q)s",
    "a script": "<script>alert(1)</script>\"><img src=x onerror=alert(1)>",
    "right to left": "כוס כחולה \u202eقدح أزرق\u202c \u200f\u200e",
    "emoji": "👩‍👩‍👧‍👦 ☕️🫖 blue 🏳️‍🌈 mug 🇨🇭",
    "marks upon marks": "b" + "\u0301" * 200 + "lue",
    "what takes no room": "\u200b\u200c\u200d\ufeff\u2060",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "beyond the first plane": "𝔟𝔩𝔲𝔢 𝓶𝓾𝓰 \U0010ffff",
    "letters of every width": "ＢＬＵＥ　ＭＵＧ ﬁ ß İ ı ſ K Å",
    "Chinese": "蓝色马克杯" * 50,
    "numbers": "1e999 -0 NaN Infinity 0x7fffffff 99999999999999999999999999",
    "a path": "../../../../etc/passwd\t\r\n",
    "nothing": "",
    "blanks": " \t\n\u3000\u00a0 ",
}  # fmt: skip
BYTES = {
    "an unpaired surrogate": b"mug \xed\xa0\x80 \xed\xbf\xbf",
    "no UTF-8": b"\xff\xfe\xc0\x80 mug \x80",
    "a letter cut in two": "杯".encode()[:2],
    "a NUL": b"mug\x00",
}


@pytest.fixture
def mugs(served: Served) -> Served:
    put(served.shop, a_product(1), a_product(2))
    served.shop.search.refresh()
    return served


def answers(served: Served, encoded: str) -> dict[str, int]:
    """What each door answers, with an address that is encoded already."""
    shop, page = served.owner, served.client(accept="text/html")
    return {
        door: (shop if door.startswith("/v1") else page).get(door.format(encoded)).status_code
        for door in DOORS
    }


def test_what_is_asked_is_answered_at_every_door(mugs: Served) -> None:
    for name, query in QUERIES.items():
        if len(quote(query)) > 7000:  # longer than an address may be
            query = query[: len(query) // 2]
        assert set(answers(mugs, quote(query)).values()) == {200}, name


def test_what_is_too_long_is_refused(mugs: Served) -> None:
    assert set(answers(mugs, "x" * 10_000).values()) == {422}
    assert mugs.owner.get("/v1/search", params={"q": "x" * 501}).status_code == 422


def test_what_is_no_text_breaks_nothing(mugs: Served) -> None:
    for name, raw in BYTES.items():
        assert set(answers(mugs, quote_from_bytes(raw)).values()) <= {200, 422}, name


def test_a_shoppers_search_is_kept_whatever_it_is(mugs: Served) -> None:
    for name, query in QUERIES.items():
        asked = mugs.page.get("/v1/search", params={"q": query})
        assert asked.json()["recorded"] is bool(query.strip()), name
    with mugs.shop.database.connection() as conn:
        kept = {query.user_query for query in events.iterate_queries(conn)}
    assert kept == {query for query in QUERIES.values() if query.strip()}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/synonyms", '{"terms": ["\\ud800", "mug"]}'),
        ("/v1/synonyms", '{"terms": ["a\\u0000b", "mug"]}'),
        ("/v1/rules", '{"rule": {"name": "\\udfff", "action": "hide", "selection": {"ids": ["p"]}}}'),
        ("/v1/rules", '{"rule": {"name": "\\u0000", "action": "hide", "selection": {"ids": ["p"]}}}'),
        ("/v1/rules", '{"rule": {"name": "r", "action": "hide", "selection": {"price_min": 1e999}}}'),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(served: Served, path: str, body: str) -> None:
    answer = served.owner.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
