"""A corpus: documents that were cleaned, told apart, freed of personal data and split, with an account of what was left out.

    CORPUS/train.jsonl  held_out.jsonl  corpus.json

Each line is {"text", "source", "language"}. The split goes by the document's own text, so a document is on the same
side in every corpus, however the others change; near duplicates are removed before, so none is on both sides.
"""

import json
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TextIO

from shopkeeper.errors import ArtifactError
from shopkeeper.text.language import guess_language
from shopkeeper.text.near_duplicates import NearDuplicates
from shopkeeper.text.personal import Vault
from shopkeeper.training.shards import Head, write_shards
from shopkeeper.training.sources import Document
from shopkeeper.training.storage import storing
from shopkeeper.training.tokenizer import TextTokenizer

_TOO_MANY_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t\f\v\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_REPEATED = re.compile(r"(.)\1{40,}", re.DOTALL)
SPLITS = ("train", "held_out")


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is kept. languages: empty for all. resemblance: from which on a document counts as seen; 0 keeps all."""

    min_characters: int = 20
    max_characters: int = 200_000
    languages: tuple[str, ...] = ()
    resemblance: float = 0.8
    hide_personal: bool = True
    held_out_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the documents. left_out: reason -> documents."""

    documents: Mapping[str, int]  # split -> documents
    characters: Mapping[str, int]
    languages: Mapping[str, int]
    left_out: Mapping[str, int]
    personal: int  # values that were replaced by tokens


def make_corpus(
    documents: Iterable[Document],
    folder: Path,
    cleaning: Cleaning = Cleaning(),
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> Account:
    """Clean the documents and write them to the folder. `progress` is told how many were read.

    Raises ArtifactError if none is left, StorageError if the disk is full; then no corpus.json is there.
    """
    counts = {name: Counter[str]() for name in ("documents", "characters", "languages", "left_out")}
    personal = 0
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "corpus.json").unlink(missing_ok=True)
        for made in ("tokenizers", "shards"):  # of the corpus that was here
            shutil.rmtree(folder / made, ignore_errors=True)
        files = {name: (folder / f"{name}.jsonl").open("w", encoding="utf-8") for name in SPLITS}
    try:
        kept = _kept(documents, cleaning, counts["left_out"], progress)
        for document in kept:
            vault = Vault()
            text = vault.hide(document.text) if cleaning.hide_personal else document.text
            personal += len(vault)
            split = split_of(document.text, cleaning.held_out_share)
            _write(files[split], replace(document, text=text), folder)
            counts["documents"][split] += 1
            counts["characters"][split] += len(text)
            counts["languages"][document.language] += 1
    finally:
        for file in files.values():
            with storing(folder):
                file.close()
    if not counts["documents"]["train"]:
        raise ArtifactError(
            f"the corpus is empty: {_reasons(counts['left_out'])}",
            hint="give it more or longer texts",
        )
    account = Account(**{k: dict(v) for k, v in counts.items()}, personal=personal)
    with storing(folder):
        text = json.dumps(asdict(account) | {"cleaning": asdict(cleaning)}, indent=2)
        (folder / "corpus.json").write_text(text + "\n", encoding="utf-8")
    return account


def clean(text: str) -> str:
    """One form of the same characters, no control characters, single spaces, no runs of one character without end."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    text = "".join(
        c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co")
    )
    text = "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _REPEATED.sub(r"\1", _TOO_MANY_LINES.sub("\n\n", text)).strip()


def split_of(text: str, held_out_share: float) -> str:
    """On which side a document is: by a hash of its text."""
    digest = blake2b(text.encode(), digest_size=8, key=b"split").digest()
    return "held_out" if int.from_bytes(digest, "big") / 2**64 < held_out_share else "train"


def _kept(
    documents: Iterable[Document], cleaning: Cleaning, left_out: Counter[str], progress: Callable[[int], None]
) -> Iterator[Document]:  # fmt: skip
    seen = NearDuplicates(threshold=cleaning.resemblance) if cleaning.resemblance else None
    for number, document in enumerate(documents, start=1):
        progress(number)
        text = clean(document.text)[: cleaning.max_characters]
        language = document.language or guess_language(text)
        if len(text) < cleaning.min_characters:
            left_out["too short"] += 1
        elif cleaning.languages and language not in cleaning.languages:
            left_out["other language"] += 1
        elif seen is not None and seen.add(text) is not None:
            left_out["near duplicate"] += 1
        else:
            yield Document(text, document.source, language)


def _write(file: TextIO, document: Document, folder: Path) -> None:
    with storing(folder):
        file.write(json.dumps(asdict(document), ensure_ascii=False) + "\n")


def _reasons(left_out: Mapping[str, int]) -> str:
    said = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
    return said or "there was no document"


def read_account(folder: Path) -> Account:
    """What became of the documents of a corpus. Raises ArtifactError if there is none or it was not finished."""
    try:
        values = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
        values.pop("cleaning")
        return Account(**values)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"{folder} holds no finished corpus", hint="make one: shopkeeper lm corpus"
        ) from error


def texts(folder: Path, split: str) -> Iterator[str]:
    """The documents of one side. Raises ArtifactError naming the line that cannot be read."""
    path = folder / f"{split}.jsonl"
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield json.loads(line)["text"]
                except (ValueError, KeyError, TypeError) as error:
                    raise ArtifactError(f"{path}:{number}: not a document") from error
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{path}: there is no such file", hint="make a corpus: shopkeeper lm corpus"
        ) from error


def shard(corpus: Path, tokenizer: TextTokenizer, folder: Path) -> dict[str, Head]:
    """Both sides of a corpus as token shards, below `folder`. A side without a document is left out."""
    found = {}
    for split in SPLITS:
        if not read_account(corpus).documents.get(split):
            continue
        found[split] = write_shards(
            folder / split,
            ((tokenizer.encode(text), len(text.encode())) for text in texts(corpus, split)),
            vocabulary=tokenizer.vocabulary, separator=tokenizer.separator, tokenizer_sha256=tokenizer.sha256,
        )  # fmt: skip
    return found
