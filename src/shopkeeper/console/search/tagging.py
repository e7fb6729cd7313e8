"""A word that shoppers say, added to the tags of the product that they mean."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from shopkeeper.api.guard import CallerOf
from shopkeeper.console.page import show
from shopkeeper.console.product import address_of
from shopkeeper.pages import redirect, visit_of
from shopkeeper.pages.products import picture_of, translation_of
from shopkeeper.search import SearchRequest
from shopkeeper.shop import edits, products
from shopkeeper.shop.edits import MAX_TAG

router = APIRouter(default_response_class=HTMLResponse)

FOUND = 24
TAGS = ("", "tags")


@router.get("/search/tag")
def choose(request: Request, word: str = "", find: str = "") -> Response:
    """Products to choose from."""
    visit = visit_of(request)
    word, find = _word(word), find[:500].strip()
    answer = visit.shop.search.search(SearchRequest(find or word, limit=FOUND))
    found = visit.shop.search.products([hit.product_id for hit in answer.hits])
    cards = [(p, translation_of(p, visit.language).title, picture_of(p)) for p in found.values()]
    return show(
        visit, "search/tag.html", title=visit.t("Add “{word}” to a product", word=word) if word else visit.t("Add a word to a product"),
        word=word, find=find, cards=cards,
    )  # fmt: skip


@router.post("/search/tag")
def add(
    request: Request,
    caller: CallerOf,
    word: Annotated[str, Form(max_length=500)] = "",
    product_id: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Add the word to the product's tags; its page, which follows, offers to undo that."""
    word = _word(word)
    if not word:
        return redirect("/console/search/tag?" + urlencode({"find": product_id}))
    with request.app.state.shop.database.connection() as conn:
        product = products.get(conn, product_id)
        tags = edits.values_of(product)[TAGS]
        wanted = {TAGS: f"{tags}, {word}" if tags else word}
        made = None
        if word.casefold() not in {tag.casefold() for tag in product.tags}:
            made = edits.change(conn, product_id, wanted, by=caller.key_id)
    here = address_of(product_id)
    return redirect(here if made is None else f"{here}?saved={made.id}")


def _word(text: str) -> str:
    """A tag: commas would make it several."""
    return " ".join(text.replace("\0", "").replace(",", " ").replace("，", " ").split())[:MAX_TAG]
