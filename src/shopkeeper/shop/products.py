"""Products and their variants in the database, and what has changed since when."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from psycopg import sql

from shopkeeper.errors import NotFound
from shopkeeper.shop import bulk
from shopkeeper.shop.bulk import Connection, Counts
from shopkeeper.shop.records import (
    Availability,
    Image,
    Money,
    Option,
    Product,
    ProductId,
    ProductStatus,
    Rating,
    Translation,
    Variant,
    VariantId,
)

NEWEST = 2**62  # a position of the outbox behind every change

_COLUMNS = (
    "id", "title", "handle", "url", "description", "brand", "category", "attributes", "tags", "images",
    "language", "rating", "status", "translations", "metadata", "hash",
)  # fmt: skip
_VARIANT_COLUMNS = (
    "id", "product_id", "position", "title", "sku", "gtin", "mpn", "options", "price", "currency",
    "list_price", "availability", "quantity", "image", "weight_grams", "metadata",
)  # fmt: skip


def upsert(
    conn: Connection, products: Sequence[Product], *, merge_variants: bool = False
) -> Counts:
    """Write products with their variants; those that are as they were stay untouched.

    merge_variants: add or replace the variants given and keep the product's other ones (a feed that holds only a
    part of the product); otherwise the variants given are all the product has.
    """
    products = bulk.last_of_each(products)
    if merge_variants:
        products = _merged(conn, products)
    counts, changed = bulk.upsert(conn, "products", _COLUMNS, [_row(p) for p in products])
    fresh = set(changed)
    _replace_variants(conn, [p for p in products if p.id in fresh])
    return counts


def _merged(conn: Connection, products: Sequence[Product]) -> list[Product]:
    known = get_many(conn, [p.id for p in products])
    merged = []
    for product in products:
        old = known[product.id].variants if product.id in known else ()
        new = {v.id: v for v in product.variants}
        kept = tuple(new.pop(v.id, v) for v in old)
        merged.append(replace(product, variants=kept + tuple(new.values())))
    return merged


def _replace_variants(conn: Connection, products: Sequence[Product]) -> None:
    if not products:
        return
    rows = [_variant_row(p.id, i, v) for p in products for i, v in enumerate(p.variants)]
    staged = bulk.stage(conn, "variants", _VARIANT_COLUMNS, rows)
    names = sql.SQL(", ").join(map(sql.Identifier, _VARIANT_COLUMNS))
    changes = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(c)) for c in _VARIANT_COLUMNS[1:]
    )
    conn.execute(
        sql.SQL(
            "delete from variants v where product_id = any(%s) "
            "and not exists (select from {} s where s.id = v.id)"
        ).format(sql.Identifier(staged)),
        [[p.id for p in products]],
    )
    conn.execute(
        sql.SQL(
            "insert into variants ({names}) select distinct on (id) {names} from {staged} order by id "
            "on conflict (id) do update set {changes}"
        ).format(names=names, staged=sql.Identifier(staged), changes=changes)
    )


def _row(p: Product) -> tuple[Any, ...]:
    data = bulk.plain(p)
    return (
        p.id, p.title, p.handle, p.url, p.description, p.brand, list(p.category),
        bulk.jsonb(data["attributes"]), list(p.tags), bulk.jsonb(data["images"]), p.language,
        None if p.rating is None else bulk.jsonb(data["rating"]), p.status.value,
        bulk.jsonb(data["translations"]), bulk.jsonb(data["metadata"]), bulk.content_hash(p),
    )  # fmt: skip


def _variant_row(product_id: ProductId, position: int, v: Variant) -> tuple[Any, ...]:
    options = [{"name": o.name, "value": o.value} for o in v.options]
    image = None if v.image is None else bulk.jsonb({"url": v.image.url, "alt": v.image.alt})
    return (
        v.id, product_id, position, v.title, v.sku, v.gtin, v.mpn, bulk.jsonb(options),
        v.price.amount, v.price.currency, None if v.list_price is None else v.list_price.amount,
        v.availability.value, v.quantity, image, v.weight_grams, bulk.jsonb(dict(v.metadata)),
    )  # fmt: skip


_SELECT = f"""
select {", ".join("p." + c for c in _COLUMNS[:-1])}, (
    select coalesce(jsonb_agg(jsonb_build_array({", ".join("v." + c if c not in ("price", "list_price", "weight_grams") else f"v.{c}::text" for c in _VARIANT_COLUMNS)}) order by v.position, v.id), '[]')
    from variants v where v.product_id = p.id)
from products p
"""  # noqa: S608  # only our own column names; amounts as text, since JSON numbers would become floats


def _product(row: tuple[Any, ...]) -> Product:
    (
        id_, title, handle, url, description, brand, category, attributes, tags, images,
        language, rating, status, translations, metadata, variants,
    ) = row  # fmt: skip
    return Product(
        id=ProductId(id_), title=title, handle=handle, url=url, description=description, brand=brand,
        category=tuple(category), attributes={k: tuple(v) for k, v in attributes.items()},
        tags=tuple(tags), images=tuple(Image(**i) for i in images), language=language,
        rating=None if rating is None else _rating(rating), status=ProductStatus(status),
        translations={k: _translation(v) for k, v in translations.items()}, metadata=metadata,
        variants=tuple(_variant(v) for v in variants),
    )  # fmt: skip


def _rating(data: dict[str, Any]) -> Rating:
    return Rating(Decimal(data["value"]), data["count"], Decimal(data["scale_max"]))


def _translation(data: dict[str, Any]) -> Translation:
    return Translation(data["title"], data["description"], tuple(data["category"]), data["terms"])


def _variant(row: list[Any]) -> Variant:
    (
        id_, _, _, title, sku, gtin, mpn, options, price, currency,
        list_price, availability, quantity, image, weight, metadata,
    ) = row  # fmt: skip
    return Variant(
        id=VariantId(id_), title=title, price=Money(Decimal(price), currency), sku=sku, gtin=gtin, mpn=mpn,
        options=tuple(Option(o["name"], o["value"]) for o in options),
        list_price=None if list_price is None else Money(Decimal(list_price), currency),
        availability=Availability(availability), quantity=quantity,
        image=None if image is None else Image(**image),
        weight_grams=None if weight is None else Decimal(weight), metadata=metadata,
    )  # fmt: skip


def get(conn: Connection, product_id: str) -> Product:
    """The product with this id. Raises NotFound."""
    found = get_many(conn, [product_id])
    if not found:
        raise NotFound(f"no product has the id {product_id!r}", hint="ids are case-sensitive")
    return next(iter(found.values()))


def get_many(conn: Connection, ids: Collection[str]) -> dict[ProductId, Product]:
    """The products with these ids, in the order of `ids`; unknown ids are left out."""
    rows = conn.execute(_SELECT + "where p.id = any(%s)", [list(ids)]).fetchall()
    found = {row[0]: _product(row) for row in rows}
    return {ProductId(i): found[i] for i in ids if i in found}


def iterate(conn: Connection, *, after: str = "", batch: int = 500) -> Iterator[Product]:
    """All products in the order of their ids, from behind the id `after`, in constant memory."""
    while True:
        rows = conn.execute(
            _SELECT + "where p.id > %s order by p.id limit %s", [after, batch]
        ).fetchall()
        yield from map(_product, rows)
        if len(rows) < batch:
            return
        after = rows[-1][0]


def count(conn: Connection) -> int:
    """How many products there are, of every status."""
    return bulk.count(conn, "products")


def delete(conn: Connection, ids: Collection[str]) -> int:
    """Delete products with their variants. Returns how many there were."""
    return bulk.delete(conn, "products", ids)


def find_by_code(conn: Connection, code: str) -> list[ProductId]:
    """Ids of the products with a variant of this SKU, GTIN, MPN or id, or with this id themselves."""
    rows = conn.execute(
        "select id from products where id = %(code)s union "
        "select product_id from variants where id = %(code)s or (sku = %(code)s and sku <> '') "
        "or (gtin = %(code)s and gtin <> '') or (mpn = %(code)s and mpn <> '') order by 1",
        {"code": code},
    ).fetchall()
    return [ProductId(row[0]) for row in rows]


def by_handle(conn: Connection, handle: str) -> ProductId | None:
    """The id of the product with this handle, or None."""
    row = conn.execute(
        "select id from products where handle = %s order by id limit 1", [handle]
    ).fetchone()
    return None if row is None else ProductId(row[0])


def category_names(conn: Connection) -> list[str]:
    """What the shop's categories are called, in every language that products are told in."""
    rows = conn.execute(
        "select distinct name from products p, unnest(p.category) name union "
        "select distinct name from products p, jsonb_each(p.translations) t, "
        "jsonb_array_elements_text(t.value -> 'category') name"
    ).fetchall()
    return sorted(row[0] for row in rows)


def changes_since(conn: Connection, position: int) -> tuple[list[ProductId], int]:
    """Ids of products created, updated or deleted since `position`, and the position to ask from next time.

    A position is a transaction number. Transactions still running are left for the next call, so that nothing is
    ever skipped; a change may come twice, never not at all.
    """
    row = conn.execute("select pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    assert row is not None
    until = int(row[0])
    rows = conn.execute(
        "select product_id from product_changes where changed_xid >= %s::text::xid8 "
        "and changed_xid < %s::text::xid8",
        [str(position), str(until)],
    ).fetchall()
    return [ProductId(r[0]) for r in rows], until


def outbox_id(conn: Connection) -> str:
    """Names the database whose outbox this is: positions of another one mean nothing here."""
    row = conn.execute(
        "select system_identifier || '/' || d.oid from pg_control_system(), pg_database d "
        "where d.datname = current_database()"
    ).fetchone()
    assert row is not None
    return str(row[0])
