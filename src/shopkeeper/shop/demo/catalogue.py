"""The demo shop's products: drawn from the words in `data/` by a seed, with qualities that only the maker knows.

One line of products is meant for a defect that starts at a date: `in_defect_line` tells which (the kettles of one
brand, at least four).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from shopkeeper.shop.demo import describing
from shopkeeper.shop.demo.describing import Facts
from shopkeeper.shop.demo.records import Stocked
from shopkeeper.shop.demo.variants import Offering, make_variants
from shopkeeper.shop.demo.words import Article, Brand, Kind, brands, chinese, kinds, models
from shopkeeper.shop.records import Product, ProductId, Translation

DEFECT_LINE = ("kettle", "Kaldro")  # kind and brand
OLDEST_DAYS, NEWEST_DAYS = 730, 2
FIRST_NUMBER = 1001


def in_defect_line(stocked: Stocked) -> bool:
    """True for the products whose quality is to fall at a date."""
    return (stocked.kind, stocked.product.brand) == DEFECT_LINE


def catalogue(seed: int, now: datetime) -> tuple[Stocked, ...]:
    """All products, the same for the same seed and time."""
    made: list[Stocked] = []
    for kind in kinds().values():
        rng = Random(f"{seed}:{kind.name}")
        for draft in _drafts(rng, kind):
            made.append(_stocked(rng, draft, FIRST_NUMBER + len(made), now))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A product before its numbers are drawn."""

    kind: Kind
    brand: Brand
    article: Article
    model: str
    attributes: Mapping[str, tuple[str, ...]]
    tell: str

    @property
    def rank(self) -> float:
        """Where its numbers stand among those of its kind, 0 lowest to 1 highest."""
        ranks = [
            values.index(self.attributes[name][0]) / (len(values) - 1)
            for name, values in self.kind.attributes.items()
            if len(values) > 1
            and values[0][0].isdigit()
            and self.attributes.get(name, ("",))[0] in values
        ]
        return sum(ranks) / len(ranks) if ranks else 0.5


def _drafts(rng: Random, kind: Kind) -> Iterator[_Draft]:
    """The products of a kind. Each third is the one before in another size, where sizes stand in the title."""
    makers = [brands()[name] for name in kind.brands]
    names = {maker.name: _model_names(rng, maker, kind) for maker in makers}
    before: _Draft | None = None
    place = 0
    for n in range(kind.count):
        if (
            before is not None
            and n % 3 == 2
            and kind.tell
            and kind.tell not in before.article.fixed
        ):
            yield _resized(rng, before)
            continue
        article = kind.articles[place % len(kind.articles)]
        maker = makers[(place % len(kind.articles) + place // len(kind.articles)) % len(makers)]
        place += 1
        attributes = _attributes(rng, kind, article, maker)
        tell = attributes[kind.tell][0] if kind.tell else ""
        before = _Draft(kind, maker, article, next(names[maker.name]), attributes, tell)
        yield before


def _resized(rng: Random, draft: _Draft) -> _Draft:
    name = draft.kind.tell
    other = rng.choice([v for v in draft.kind.attributes[name] if v != draft.tell])
    return replace(draft, attributes={**draft.attributes, name: (other,)}, tell=other)


def _model_names(rng: Random, maker: Brand, kind: Kind) -> Iterator[str]:
    if maker.models == "code" and kind.code:
        number = rng.choice((110, 210, 310))
        while True:
            yield f"{maker.prefix}{kind.code}-{number}"
            number += 10
    pool = [""] if kind.unnamed else list(models().get(maker.models, ("",)))
    rng.shuffle(pool)
    while True:
        yield from pool


def _attributes(
    rng: Random, kind: Kind, article: Article, maker: Brand
) -> dict[str, tuple[str, ...]]:
    drawn = {name: rng.choice(values) for name, values in kind.attributes.items()}
    found = {**article.fixed, **drawn, **article.fixed, "Made in": maker.made_in}
    return {name: (value,) for name, value in found.items() if value}


def _stocked(rng: Random, draft: _Draft, number: int, now: datetime) -> Stocked:
    kind, brand = draft.kind, draft.brand
    facts = Facts(
        brand, draft.model, draft.article, draft.tell, rng.choice(kind.notes), draft.attributes
    )
    height = min(
        1.0,
        max(0.0, 0.5 * brand.level + 0.3 * draft.rank + rng.uniform(0, 0.2) + draft.article.dear),
    )
    low, high = kind.price
    colours = _colours(rng, kind)
    offering = Offering(
        id=f"LP-{number}",
        number=number,
        price=low * (high / low) ** height,
        grams=round(
            kind.grams[0] + (kind.grams[1] - kind.grams[0]) * (draft.rank + rng.random()) / 2
        ),
        mpn=draft.model if "-" in draft.model else "",
        preorder=rng.random() < 0.015,
        sold_out=rng.random() < 0.015,
        reduced=rng.random() < 0.18,
    )
    styles = _styles(kind, brand, height, draft.attributes)
    title = describing.title(facts)
    variants = make_variants(rng, kind, offering, colours)
    values = [v for vs in draft.attributes.values() for v in vs]
    values += [o.value for v in variants for o in v.options]
    terms = [*draft.attributes, *(o.name for o in variants[0].options), *values]
    product = Product(
        id=ProductId(offering.id),
        title=title,
        handle=_slug(title),
        variants=variants,
        description=describing.description(facts),
        brand=brand.name,
        category=kind.path,
        attributes=draft.attributes,
        tags=styles,
        translations={
            "zh": Translation(
                describing.title_zh(facts),
                describing.description_zh(facts),
                tuple(map(chinese, kind.path)),
                {term: chinese(term) for term in dict.fromkeys(terms)},
            )
        },
        metadata={"kind": kind.name, "department": kind.department},
    )
    return Stocked(
        product=product,
        kind=kind.name,
        department=kind.path[0],
        styles=styles,
        qualities=_qualities(rng, draft, height),
        appeal=round(rng.lognormvariate(0, 1.1) * (1.3 - 0.5 * height), 4),
        added_at=now - timedelta(days=rng.uniform(NEWEST_DAYS, OLDEST_DAYS)),
    )


def _colours(rng: Random, kind: Kind) -> Sequence[str]:
    if not kind.colours:
        return ()
    count = rng.randint(min(2, kind.colour_count), kind.colour_count)
    return rng.sample(kind.colours, min(count, len(kind.colours)))


def _styles(
    kind: Kind, brand: Brand, height: float, attributes: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    found = [*kind.styles, *brand.styles]
    values = {v for vs in attributes.values() for v in vs}
    if height > 0.75:
        found.append("premium")
    if height < 0.2:
        found.append("budget")
    if any(word in value.lower() for value in values for word in ("organic", "recycled", "fsc")):
        found.append("eco")
    if "Floral" in values:
        found.append("floral")
    if "premium" in found and "budget" in found:
        found = [s for s in found if s not in ("premium", "budget")]
    return tuple(dict.fromkeys(found))


def _qualities(rng: Random, draft: _Draft, height: float) -> dict[str, float]:
    """How good it is: better brands and bigger numbers mostly are, and value falls with the price."""
    found = {}
    for aspect in draft.kind.qualities:
        mean = 0.1 + 0.5 * draft.brand.level + 0.2 * (draft.rank - 0.5)
        if aspect == "value":
            mean = 0.6 - 0.7 * height
        found[aspect] = round(min(1.0, max(-1.0, rng.gauss(mean, 0.4))), 3)
    return found


def _slug(title: str) -> str:
    plain = "".join(c if c.isalnum() and c.isascii() else " " for c in title.lower())
    return "-".join(plain.split())
