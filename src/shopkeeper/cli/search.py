"""`shopkeeper search` and `shopkeeper suggest`: find products, and what somebody may want who types."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import SettingsError
from shopkeeper.search import Explanation, SearchResponse, Sort, Way
from shopkeeper.shop import products
from shopkeeper.shop.records import Product, ProductId

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(search)
    app.command()(suggest)


def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="Words, a SKU or a GTIN.")] = "",
    filter: Annotated[
        list[str] | None, typer.Option("--filter", "-f", help="Name=value; may be given again.")
    ] = None,
    category: Annotated[str, typer.Option(help="Path, as `Clothing > Shirts`.")] = "",
    price_min: Annotated[str | None, typer.Option(help="Lowest price.")] = None,
    price_max: Annotated[str | None, typer.Option(help="Highest price.")] = None,
    available: Annotated[
        bool, typer.Option("--available", help="Only what can be bought.")
    ] = False,
    sort: Annotated[Sort, typer.Option(help="Order of the hits.")] = Sort.RELEVANCE,
    limit: Annotated[int, typer.Option(min=0, max=1000, help="Hits to show.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="Hits to leave out first.")] = 0,
    language: Annotated[str, typer.Option(help="Language of the labels.")] = "en",
    way: Annotated[
        Way, typer.Option(help="By words and meaning together, or by words alone.")
    ] = Way.HYBRID,
    as_typed: Annotated[
        bool, typer.Option("--as-typed", help="Do not look past typing errors.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each is there.")] = False,
    facets: Annotated[bool, typer.Option("--facets", help="Show what to narrow by.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find products by words, codes and filters."""
    with open_shop(ctx) as shop:
        answer = shop.find(
            query,
            filters=_filters(filter or []),
            category=tuple(p.strip() for p in category.split(">") if p.strip()),
            price_min=_price("--price-min", price_min),
            price_max=_price("--price-max", price_max),
            available_only=available,
            sort=sort,
            limit=limit,
            offset=offset,
            language=language,
            way=way,
            mend=not as_typed,
            explain=explain,
        )
        if as_json:
            typer.echo(TypeAdapter(SearchResponse).dump_json(answer, indent=2).decode())
            return
        with shop.database.connection() as conn:
            found = products.get_many(conn, [hit.product_id for hit in answer.hits])
    _show(answer, found, explain=explain)
    if facets:
        for facet in answer.facets:
            values = ", ".join(f"{v.label} ({v.count})" for v in facet.values[:12])
            console.print(f"[bold]{facet.label}[/]: {values}")


def _show(answer: SearchResponse, found: dict[ProductId, Product], *, explain: bool) -> None:
    console.print(f"{answer.total} products in {answer.took_ms:.1f} ms")
    if answer.did_you_mean:
        console.print(f"these are for: {escape(answer.did_you_mean)}")
    if answer.unknown:
        console.print(f"no product has: {', '.join(answer.unknown)}")
    if answer.required < answer.asked:
        console.print(f"few have all {answer.asked} words; these have at least {answer.required}")
    table = Table("id", "title", "brand", "price", *(["why"] if explain else []))
    for hit in answer.hits:
        product = found.get(hit.product_id)
        if product is None:  # deleted since the index last looked
            continue
        price = product.variants[0].price
        row = [
            product.id,
            escape(product.title),
            escape(product.brand),
            f"{price.amount} {price.currency}",
        ]
        if hit.explanation is not None:
            row.append(_why(hit.explanation))
        table.add_row(*row)
    console.print(table)


def _why(explanation: Explanation) -> str:
    if explanation.exact_code:
        return "exact code"
    why = [f"{m.term} in {m.field} {m.score:.2f}" for m in explanation.matches]
    if explanation.meaning is not None:
        why.append(f"words {explanation.words:+.2f}, meaning {explanation.meaning:+.2f}")
    if explanation.learned:
        why.append(f"learned {explanation.learned:+.2f}")
    why += [f"rule {name!r}" for name in explanation.rules]
    return "; ".join(why)


def suggest(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What has been typed so far.")],
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many at most.")] = 8,
) -> None:
    """What somebody who has typed this may want."""
    with open_shop(ctx) as shop:
        found = shop.suggest(text, limit=limit)
    table = Table("text", "kind", "leads to")
    for suggestion in found:
        table.add_row(escape(suggestion.text), suggestion.kind.value, escape(suggestion.target))
    console.print(table if found else "nothing begins like this")


def _filters(texts: list[str]) -> dict[str, tuple[str, ...]]:
    filters: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"--filter {text!r} has no =", hint="write --filter Color=blue")
        filters[name] = (*filters.get(name, ()), value)
    return filters


def _price(option: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("nan")
    if not price.is_finite():
        raise SettingsError(f"{option} {text!r} is not a number", hint="write 12.50")
    return price
