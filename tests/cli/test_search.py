"""Finding at the command line, and looking after what is found: suggestions, synonyms, rules, versions."""

import json
from pathlib import Path

import pytest

from shopkeeper.models import hub
from shopkeeper.settings import load_settings
from tests.cli.conftest import Run

CATALOGUE = """Handle,Title,Vendor,Type,Variant SKU,Variant Price
kettle,Electric kettle,Acme,Kitchen,K-1,35
mug,Blue mug,Birch,Kitchen,M-1,9.90
shirt,Linen shirt,Linden,Clothing,S-1,40
"""


@pytest.fixture
def filled(shop: Run, tmp_path: Path) -> Run:
    """A shop with three products."""
    (tmp_path / "catalogue.csv").write_text(CATALOGUE)
    assert shop("import", "products", tmp_path / "catalogue.csv").code == 0
    return shop


def first(said: str) -> str:
    """The id in the first row of a table."""
    return said.split("┡")[1].split("\n")[1].split()[1]


def test_what_is_found_is_shown_with_the_reasons(filled: Run) -> None:
    said = filled("search", "linen shrit", "--explain")
    assert said.code == 0 and "these are for: linen shirt" in said.out
    assert first(said.out) == "shirt" and "linen in title" in said.out
    typed = filled("search", "linen shrit", "--as-typed", "--way", "words")
    assert "no product has: shrit" in typed.out


def test_suggestions_are_shown_with_where_they_lead(filled: Run) -> None:
    said = filled("suggest", "lin").out
    assert "Linden" in said and "brand" in said
    assert "Linen shirt" in said and "product" in said
    assert "nothing begins like this" in filled("suggest", "zzz").out


def test_synonyms_are_added_listed_and_removed(filled: Run) -> None:
    assert "there are no synonyms" in filled("synonyms", "list").out
    assert filled("synonyms", "add", "mug, beaker").out == "synonyms 1: mug, beaker\n"
    assert filled("synonyms", "add", "bedding => sheet, pillow").code == 0
    assert first(filled("search", "beaker").out) == "mug"
    assert "bedding => sheet, pillow" in filled("synonyms", "list").out
    assert filled("synonyms", "remove", "1").code == 0
    assert filled("synonyms", "remove", "1").code == 1
    refused = filled("synonyms", "add", "mug")
    assert refused.code == 1 and "at least two different terms" in refused.err
    assert 'write "sofa, couch"' in refused.err


def test_rules_are_added_listed_and_removed(filled: Run, tmp_path: Path) -> None:
    file = tmp_path / "rule.json"
    rule = {"name": "no mugs in winter", "action": "hide", "selection": {"ids": ["mug"]}}
    file.write_text(json.dumps(rule))
    assert filled("rules", "add", file).out == "rule 1: no mugs in winter\n"
    assert "0 products" in filled("search", "blue mug").out
    assert "no mugs in winter" in filled("rules", "list").out
    assert filled("rules", "remove", "1").code == 0
    assert "1 products" in filled("search", "blue mug").out
    file.write_text(json.dumps(rule | {"strenght": 2}))
    refused = filled("rules", "add", file)
    assert refused.code == 1 and "strenght" in refused.err
    file.write_text("{\n")
    assert "rule.json:2: not valid JSON" in filled("rules", "add", file).err.replace("\n", "")
    assert filled("rules", "add", tmp_path / "none").code == 1


def test_search_by_meaning_is_built_shown_and_rolled_back(filled: Run) -> None:
    hub.pull("wordllama", load_settings().cache_folder)
    assert "0 products" in filled("search", "teapot").out
    assert "by words alone" in filled("index", "status").out
    built = filled("index", "build", "wordllama")
    assert built.code == 0, built.err
    assert "version 1 is in use; `shopkeeper index roll-back` goes back" in built.out
    assert first(filled("search", "teapot").out) == "kettle"
    assert "by meaning: wordllama" in filled("index", "status").out
    assert "in use" in filled("index", "versions").out
    assert "0 stored queries" in filled("index", "compare", "1").out
    assert "search goes by words alone" in filled("index", "roll-back").out
    assert filled("index", "roll-back").code == 1
    assert "version 1 (wordllama) is in use" in filled("index", "switch", "1").out
    again = filled("index", "build", "wordllama", "--no-switch")
    assert "version 2 is ready: `shopkeeper index switch 2`" in again.out


def test_what_cannot_be_built_says_what_can(filled: Run) -> None:
    nothing = filled("index", "build")
    assert nothing.code == 1 and "name one of" in nothing.err  # the tests' settings want none
    unknown = filled("index", "build", "word2vec")
    assert unknown.code == 1 and "there is no embedder 'word2vec'" in unknown.err
    assert filled("index", "switch", "9").code == 1
