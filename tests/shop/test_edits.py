"""Changes by hand: texts in, texts back, whatever the values."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.errors import Refused
from shopkeeper.shop import edits, products
from shopkeeper.shop.database import Database
from shopkeeper.shop.feeds.assembling import PRICE_UNKNOWN, no_price, price_is_known
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId

MUG = Product(
    ProductId("mug"), "Blue mug",
    (
        Variant(VariantId("s"), "S", Money(Decimal("9.90"), "USD"), quantity=3),
        Variant(VariantId("m"), "M", Money(Decimal("11.00"), "USD"), metadata={"supplier": "Acme"}),
    ),
    description="<p>For tea</p>\r\n", tags=("tea", "cup"),
)  # fmt: skip

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
keys = st.sampled_from(list(edits.values_of(MUG)))


@pytest.fixture
def shop(db: Database) -> Database:
    """A shop with one mug."""
    with db.connection() as conn:
        products.upsert(conn, [MUG])
    return db


def mug(shop: Database) -> Product:
    with shop.connection() as conn:
        return products.get(conn, "mug")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wanted=st.dictionaries(
        keys,
        texts | st.sampled_from(["12.5", "0", "7", "draft", "preorder", "a, b"]),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_changed_and_undone_is_as_it_was(
    shop: Database, wanted: dict[edits.Key, str]
) -> None:
    before = mug(shop)
    with shop.connection() as conn:
        try:
            made = edits.change(conn, "mug", wanted, by="key")
        except edits.BadValues as error:
            assert set(error.problems) <= set(wanted)
            assert mug(shop) == before
            return
    if made is None:
        assert mug(shop) == before
        return
    after = edits.values_of(mug(shop))
    assert all(after[(c.variant_id, c.field)] == c.after != c.before for c in made.changes)
    with shop.connection() as conn:
        assert edits.undo(conn, made.id).undone_at is not None
        assert edits.undo(conn, made.id).undone_at is not None  # twice is once
    assert edits.values_of(mug(shop)) == edits.values_of(before)
    assert mug(shop).variants == before.variants


def test_an_unknown_price_can_be_given_and_taken_back(shop: Database) -> None:
    unknown = replace(MUG.variants[0], price=no_price("USD"), metadata=dict([PRICE_UNKNOWN]))
    with shop.connection() as conn:
        products.upsert(conn, [replace(MUG, variants=(unknown,))])
        assert edits.values_of(products.get(conn, "mug"))[("s", "price")] == ""
        made = edits.change(conn, "mug", {("s", "price"): "5"})
        assert made is not None and price_is_known(products.get(conn, "mug").variants[0])
        edits.undo(conn, made.id)
        assert products.get(conn, "mug").variants == (unknown,)


def test_what_else_is_known_of_a_variant_stays(shop: Database) -> None:
    with shop.connection() as conn:
        edits.change(conn, "mug", {("m", "price"): "12"})
    assert mug(shop).variants[1].metadata == {"supplier": "Acme"}
    assert mug(shop).variants[0] == MUG.variants[0]


def test_an_undo_never_overwrites_a_later_change(shop: Database) -> None:
    with shop.connection() as conn:
        first = edits.change(conn, "mug", {("", "brand"): "One"})
        edits.change(conn, "mug", {("", "brand"): "Two"})
    assert first is not None
    with pytest.raises(Refused, match="changed again since"), shop.connection() as conn:
        edits.undo(conn, first.id)
    assert mug(shop).brand == "Two"


def test_the_history_tells_who_changed_what_the_newest_first(shop: Database) -> None:
    with shop.connection() as conn:
        edits.change(conn, "mug", {("", "title"): "Mug"}, by="k1")
        edits.change(conn, "mug", {("", "tags"): "tea,tea , pot", ("s", "quantity"): ""}, by="k2")
        history = edits.of_product(conn, "mug")
    assert [edit.made_by for edit in history] == ["k2", "k1"]
    assert {(c.variant_id, c.field, c.before, c.after) for c in history[0].changes} == {
        ("", "tags", "tea, cup", "tea, pot"),
        ("s", "quantity", "3", ""),
    }
