"""A small shop to look at in a browser: lamps and shirts in two languages, one product that means harm."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shopkeeper.face import Shop
from shopkeeper.shop import pages, products, reviews
from shopkeeper.shop.records import (
    Availability,
    Image,
    Money,
    Option,
    Page,
    PageId,
    PageKind,
    Product,
    ProductId,
    ProductStatus,
    Rating,
    Review,
    ReviewId,
    Translation,
    Variant,
    VariantId,
)

TERMS = {"Color": "颜色", "Size": "尺码", "Material": "材质", "Blue": "蓝色", "Red": "红色", "Sand": "沙色", "Linen": "亚麻", "Cotton": "棉", "Brass": "黄铜"}  # fmt: skip
WRITTEN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVIL = "<script>window.harm = 1</script><img src=x onerror='window.harm = 2'>{{ 7 * 7 }}\"'><b>"
LAMPS, SHIRTS = 30, 12


def fill(shop: Shop) -> None:
    """Write the shop's records."""
    with shop.database.connection() as conn:
        products.upsert(conn, [*lamps(), *shirts(), draft(), evil()])
        reviews.upsert(conn, list(some_reviews()))
        pages.upsert(conn, list(some_pages()))


def lamps() -> Iterator[Product]:
    for n in range(1, LAMPS + 1):
        yield Product(
            id=ProductId(f"lamp-{n:02}"),
            title=f"Reading lamp No {n}",
            brand="Acme" if n % 3 else "Birch",
            category=("Home", "Lamps"),
            description="<p>A lamp to <b>read</b> by.</p>",
            attributes={"Material": ("Brass",)},
            variants=(variant(f"lamp-{n:02}", price=str(20 + n)),),
            translations={
                "zh": Translation(f"阅读灯{n}号", "<p>适合阅读。</p>", ("家居", "灯具"), TERMS)
            },
        )


def shirts() -> Iterator[Product]:
    for n in range(1, SHIRTS + 1):
        id_ = f"shirt-{n:02}"
        yield Product(
            id=ProductId(id_),
            title=f"Summer shirt No {n}",
            brand="Linden",
            category=("Clothing", "Shirts"),
            description="<p>Light, for <i>warm</i> days.</p>",
            attributes={"Material": ("Linen",) if n % 2 else ("Cotton",)},
            rating=Rating(Decimal("4.5"), 4) if n == 1 else None,
            variants=tuple(
                variant(
                    f"{id_}-{color}-{size}", color=color, size=size, price="40", before="50" if n == 1 else "",
                    sold_out=color == "Red" and size == "M",
                )
                for color in ("Blue", "Red", "Sand")
                for size in ("S", "M")
            ),
            translations={"zh": Translation(f"夏季衬衫{n}号", "<p>轻薄透气。</p>", ("服装", "衬衫"), TERMS)},
        )  # fmt: skip


def variant(
    id_: str, *, price: str, color: str = "", size: str = "", before: str = "", sold_out: bool = False
) -> Variant:  # fmt: skip
    pairs = [("Color", color), ("Size", size)]
    return Variant(
        id=VariantId(id_),
        title=" / ".join(filter(None, (color, size))),
        price=Money(Decimal(price), "USD"),
        list_price=Money(Decimal(before), "USD") if before else None,
        sku=id_.upper(),
        options=tuple(Option(name, value) for name, value in pairs if value),
        availability=Availability.OUT_OF_STOCK if sold_out else Availability.IN_STOCK,
        quantity=0 if sold_out else 3,
    )


def draft() -> Product:
    return Product(
        ProductId("draft"),
        "Secret lamp",
        (variant("draft", price="1"),),
        status=ProductStatus.DRAFT,
    )


def evil() -> Product:
    """A product out of a feed that tries everything."""
    return Product(
        id=ProductId("evil/..?<script>"),
        title=EVIL,
        brand=EVIL,
        category=("Clothing", EVIL),
        description=f"{EVIL}<p onclick='window.harm=3'>Harmless words</p><a href='javascript:window.harm=4'>a link</a>"
        "<iframe src='https://evil.example'></iframe><style>body{display:none}</style>"
        "<form action='https://evil.example'><input name=q></form><svg onload='window.harm=5'></svg>",
        attributes={EVIL: (EVIL,)},
        images=(Image("javascript:window.harm=6", EVIL), Image("http://evil.example/x.png"), Image("//evil.example/x.png")),
        variants=(
            Variant(
                VariantId("evil-1"), EVIL, Money(Decimal(5), "USD"), sku=EVIL, mpn=EVIL,
                options=(Option(EVIL, EVIL),),
            ),
        ),
        url="javascript:window.harm=7",
    )  # fmt: skip


def some_reviews() -> Iterator[Review]:
    for n, stars in enumerate((5, 5, 4, 5, 2, 5, 4, 5), 1):
        yield Review(
            id=ReviewId(f"r{n}"), product_id=ProductId("shirt-01"), text=f"Worn {n} times, no complaint.",
            rating=Decimal(stars), title="Good", author="Ann", language="en", verified=True,
            posted_at=WRITTEN_AT - timedelta(days=n),
        )  # fmt: skip
    yield Review(
        ReviewId("evil"), ProductId("evil/..?<script>"), text=EVIL, title=EVIL, author=EVIL, rating=Decimal(1)
    )  # fmt: skip


def some_pages() -> Iterator[Page]:
    texts = {
        ("shipping", "en"): ("Shipping", "# Shipping\n\nOrders leave within a day. They take **three** more.\n\n- by post\n"),
        ("shipping", "zh"): ("配送", "一天内发货。路上再需三天。"),
        ("returns", "en"): ("Returns", "Send it back within 30 days.\n\n[harm](javascript:alert(1)) <script>x</script>"),
        ("returns", "zh"): ("退货", "30 天内可退货。"),
    }  # fmt: skip
    for (slug, language), (title, body) in texts.items():
        yield Page(
            PageId(f"{slug}-{language}"), PageKind.POLICY, slug, title, body, language, WRITTEN_AT
        )
