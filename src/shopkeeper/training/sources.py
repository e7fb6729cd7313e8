"""Where a corpus comes from: the shop's own records, and files of text, JSON lines or Parquet."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopkeeper.errors import FeedError
from shopkeeper.shop import pages, products, reviews
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Product, Review
from shopkeeper.text.normalise import plain_text

TEXT_FIELDS = ("text", "content", "body", "review", "description", "title")


@dataclass(frozen=True, slots=True)
class Document:
    """One text and where it came from, so that what was left out can be found again."""

    text: str
    source: str
    language: str = ""  # BCP 47 if the source says it


def of_shop(database: Database) -> Iterator[Document]:
    """Products in each of their languages, reviews, pages. Names and addresses of people are in none of them."""
    with database.connection() as conn:
        for product in products.iterate(conn):
            yield from _of_product(product)
        for review in reviews.iterate(conn):
            yield Document(_review(review), f"review {review.id}", review.language)
        for page in pages.iterate(conn):
            yield Document(f"{page.title}\n\n{page.body}", f"page {page.id}", page.language)


def _of_product(product: Product) -> Iterator[Document]:
    facts = [f"{name}: {', '.join(values)}" for name, values in product.attributes.items()]
    parts = [product.title, product.brand, " > ".join(product.category)]
    text = "\n".join(filter(None, [*parts, *facts, plain_text(product.description)]))
    yield Document(text, f"product {product.id}", product.language)
    for language, words in product.translations.items():
        terms = [f"{words.terms.get(name, name)}: {', '.join(words.terms.get(v, v) for v in values)}"
                 for name, values in product.attributes.items()]  # fmt: skip
        lines = [words.title, " > ".join(words.category), *terms, plain_text(words.description)]
        yield Document("\n".join(filter(None, lines)), f"product {product.id} {language}", language)


def _review(review: Review) -> str:
    return f"{review.title}\n{review.text}" if review.title else review.text


def of_file(path: Path, *, field: str = "") -> Iterator[Document]:
    """Documents of one file: .jsonl and .parquet by rows, anything else as text whose documents are apart by a blank line.

    field: the column with the text; without it, those of TEXT_FIELDS that there are, joined. Raises FeedError naming
    file and line.
    """
    if not path.is_file():
        raise FeedError(f"{path}: there is no such file")
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            yield from _of_lines(path, field)
        case ".parquet":
            yield from _of_parquet(path, field)
        case _:
            yield from _of_text(path)


def of_files(paths: Sequence[Path], *, field: str = "") -> Iterator[Document]:
    """Documents of many files, in their order."""
    for path in paths:
        yield from of_file(path, field=field)


def _of_text(path: Path) -> Iterator[Document]:
    lines: list[str] = []
    began = 1
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                lines.append(line)
                continue
            if lines:
                yield Document("".join(lines), f"{path.name}:{began}")
            lines, began = [], number + 1
    if lines:
        yield Document("".join(lines), f"{path.name}:{began}")


def _of_lines(path: Path, field: str) -> Iterator[Document]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise FeedError(
                    f"{path}:{number}: not JSON: {error}", hint="one object a line"
                ) from error
            yield Document(_text_of(row, field, f"{path}:{number}"), f"{path.name}:{number}")


def _of_parquet(path: Path, field: str) -> Iterator[Document]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield Document(
                        _text_of(row, field, f"{path}: row {number}"), f"{path.name}:{number}"
                    )
    except pa.ArrowInvalid as error:
        raise FeedError(f"{path}: not Parquet: {error}") from error


def _text_of(row: Any, field: str, where: str) -> str:
    if isinstance(row, str) and not field:
        return row
    if not isinstance(row, dict):
        raise FeedError(f"{where}: neither an object nor a text", hint='write {"text": "…"}')
    names = [field] if field else [name for name in TEXT_FIELDS if isinstance(row.get(name), str)]
    texts = [row.get(name) for name in names]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise FeedError(
            f"{where}: no text under {field or ' or '.join(TEXT_FIELDS)}",
            hint=f"it has {', '.join(map(str, row))}; choose with --field",
        )
    return "\n".join(text for text in texts if text)
