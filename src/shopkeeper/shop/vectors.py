"""Vectors of products' texts in the database, as pgvector's half-precision vectors.

An embedder is named by its digest. Letters: `N` products, `D` numbers of a vector.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection
from shopkeeper.shop.records import ProductId

_COLUMNS = ("embedder", "part", "product_id", "text_hash", "vector")


@dataclass(frozen=True, slots=True)
class Stored:
    """Some products' vectors of one part. vectors: (N, D)."""

    ids: tuple[ProductId, ...]
    vectors: NDArray[np.float32]


def put(
    conn: Connection, embedder: str, part: str, ids: Sequence[str], hashes: Sequence[bytes],
    vectors: NDArray[np.float32],
) -> int:  # fmt: skip
    """Write one vector a product, (N, D); products that are gone meanwhile are left out. Returns how many went in."""
    if not ids:
        return 0
    rows = (
        (embedder, part, product_id, digest, HalfVector(vector).to_text())
        for product_id, digest, vector in zip(ids, hashes, vectors, strict=True)
    )
    staged = bulk.stage(conn, "product_vectors", _COLUMNS, rows)
    return conn.execute(
        f"insert into product_vectors select s.* from {staged} s "  # noqa: S608  # our own name
        "join products p on p.id = s.product_id order by s.product_id for key share of p "
        "on conflict (embedder, part, product_id) "
        "do update set text_hash = excluded.text_hash, vector = excluded.vector"
    ).rowcount


def hashes(conn: Connection, embedder: str, part: str, ids: Collection[str]) -> dict[str, bytes]:
    """Product id -> hash of the text that its vector is of, where it has one."""
    rows = conn.execute(
        "select product_id, text_hash from product_vectors "
        "where embedder = %s and part = %s and product_id = any(%s)",
        [embedder, part, list(ids)],
    ).fetchall()
    return {product_id: bytes(digest) for product_id, digest in rows}


def count(conn: Connection, embedder: str, part: str) -> int:
    """How many products have a vector."""
    row = conn.execute(
        "select count(*) from product_vectors where embedder = %s and part = %s", [embedder, part]
    ).fetchone()
    assert row is not None
    return int(row[0])


def iterate(conn: Connection, embedder: str, part: str, *, batch: int = 2000) -> Iterator[Stored]:
    """All vectors of a part in the order of product ids, some at a time."""
    after = ""
    while True:
        found = _read(
            conn, "product_id > %s order by product_id limit %s", [embedder, part, after, batch]
        )
        if found.ids:
            yield found
        if len(found.ids) < batch:
            return
        after = found.ids[-1]


def get_many(conn: Connection, embedder: str, part: str, ids: Collection[str]) -> Stored:
    """The vectors of those of these products that have one."""
    return _read(conn, "product_id = any(%s)", [embedder, part, list(ids)])


def _read(conn: Connection, where: str, values: list[object]) -> Stored:
    register_vector(conn)
    rows = conn.cursor(binary=True).execute(
        "select product_id, vector from product_vectors "  # noqa: S608  # our own text
        f"where embedder = %s and part = %s and {where}",
        values,
    )
    found = rows.fetchall()
    if not found:
        return Stored((), np.zeros((0, 0), np.float32))
    stacked = np.stack([vector.to_numpy() for _, vector in found]).astype(np.float32)
    return Stored(tuple(ProductId(product_id) for product_id, _ in found), stacked)


def forget(conn: Connection, embedder: str) -> int:
    """Delete all vectors of an embedder. Returns how many there were."""
    return conn.execute("delete from product_vectors where embedder = %s", [embedder]).rowcount
