"""Vectors in the database: what goes in comes out, and nothing of a product that is gone."""

from decimal import Decimal

import numpy as np
import pytest

from shopkeeper.shop import products, vectors
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Money, Product, ProductId, Variant, VariantId

IDS = ("a", "b", "c")


@pytest.fixture
def stocked(db: Database) -> Database:
    """Three products."""
    made = [
        Product(ProductId(i), i, (Variant(VariantId(i), "", Money(Decimal(1), "USD")),))
        for i in IDS
    ]
    with db.connection() as conn:
        products.upsert(conn, made)
    return db


def test_vectors_come_out_in_half_precision_and_in_order(stocked: Database) -> None:
    made = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    with stocked.connection() as conn:
        assert vectors.put(conn, "e", "title", IDS, [b"1", b"2", b"3"], made) == 3
        found = list(vectors.iterate(conn, "e", "title", batch=2))
        assert [s.ids for s in found] == [("a", "b"), ("c",)]
        assert np.allclose(np.concatenate([s.vectors for s in found]), made, atol=2e-3)
        assert vectors.hashes(conn, "e", "title", ["b", "x"]) == {"b": b"2"}
        assert vectors.count(conn, "e", "title") == 3
        assert vectors.get_many(conn, "e", "text", ["a"]).ids == ()


def test_a_later_vector_replaces_an_earlier_one(stocked: Database) -> None:
    with stocked.connection() as conn:
        vectors.put(conn, "e", "title", ["a"], [b"1"], np.ones((1, 4), np.float32))
        vectors.put(conn, "e", "title", ["a"], [b"2"], np.zeros((1, 4), np.float32))
        assert vectors.get_many(conn, "e", "title", ["a"]).vectors.tolist() == [[0, 0, 0, 0]]
        assert vectors.hashes(conn, "e", "title", ["a"]) == {"a": b"2"}


def test_products_that_are_gone_leave_no_vector(stocked: Database) -> None:
    some = np.ones((2, 4), np.float32)
    with stocked.connection() as conn:
        products.delete(conn, ["b"])
        assert vectors.put(conn, "e", "title", ["a", "b"], [b"1", b"2"], some) == 1
        products.delete(conn, ["a"])
        assert vectors.count(conn, "e", "title") == 0


def test_embedders_do_not_mix_and_one_is_forgotten_alone(stocked: Database) -> None:
    with stocked.connection() as conn:
        vectors.put(conn, "e", "title", ["a"], [b"1"], np.ones((1, 4), np.float32))
        vectors.put(conn, "f", "title", ["a"], [b"1"], np.ones((1, 2), np.float32))
        assert vectors.forget(conn, "e") == 1
        assert vectors.count(conn, "f", "title") == 1
