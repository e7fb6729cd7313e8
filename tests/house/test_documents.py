"""Documents that would go wrong unnoticed: commands, links, and examples, which are run."""

import ast
import re
import textwrap
from pathlib import Path

import pytest

from shopkeeper.cli.reference import reference
from tests.conftest import copy_shop

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
)
SAID = reference()
COMMANDS = {name.strip() for name in re.findall(r"^## `shopkeeper ((?:[a-z-]+ ?)+)", SAID, re.M)}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.M | re.S
    )
    return [textwrap.dedent(text) for _, text in found]


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == SAID, "run: python -m shopkeeper.cli.reference > docs/commands.md"


@every_page
def test_every_command_a_page_names_exists_with_its_options(page: Path) -> None:
    shown = (
        "\n".join(blocks(page, "sh"))
        + "\n"
        + "\n".join(re.findall(r"`(shopkeeper [^`]+)`", page.read_text(encoding="utf-8")))
    )
    for line in re.findall(r"^(?:[A-Z_]+=\S+ )*\s*(?:\.venv/bin/)?shopkeeper (.*)$", shown, re.M):
        words = re.sub(r"^(--\S+ \S+ )*", "", line.split("#")[0]).split()
        if not words or words[0].startswith("-") or words[0].isupper():
            continue
        named = next(
            (
                c
                for c in (" ".join(words[:3]), " ".join(words[:2]), words[0])
                if c.strip() in COMMANDS
            ),
            None,
        )
        assert named is not None, f"{page.name}: there is no `shopkeeper {' '.join(words[:2])}`"
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", " ".join(words)):
            section = SAID[SAID.index(f"## `shopkeeper {named}") :].split("\n## ")[0]
            assert f"`{option}`" in section, f"{page.name}: `shopkeeper {named}` has no {option}"


@every_page
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(
    ("page", "code"),
    [(page, code) for page in PAGES for code in blocks(page, "python")],
    ids=lambda x: x.name if isinstance(x, Path) else "",
)
def test_every_python_example_runs(
    page: Path, code: str, made_folder: Path, bare_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bare_folder)
    if '"my-shop"' in code:
        copy_shop(made_folder, bare_folder)  # an empty shop, as opening a folder would make it
    (bare_folder / "catalogue.csv").write_text(
        "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
        "shirt,Blue shirt,Acme,Color,blue,S-1,19.90\n"
    )
    code = code.replace('"my-shop"', repr(str(bare_folder)))  # where the embedded server may go
    ast.parse(code)
    exec(compile(code, str(page), "exec"), {"__name__": "example"})
