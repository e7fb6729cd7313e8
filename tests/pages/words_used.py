"""Which words the pages say: read out of the templates and the code, so that none is left without a translation."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, nodes

from shopkeeper import console, pages, storefront
from shopkeeper.api.problems import KINDS, UNEXPECTED
from shopkeeper.console.inbox import words
from shopkeeper.console.inbox.figures import OUTCOMES
from shopkeeper.console.labels import LABELS
from shopkeeper.console.problems import PROBLEMS
from shopkeeper.pages import labels

PACKAGES = [Path(str(package.__file__)).parent for package in (pages, storefront, console)]
SOURCE = Path(str(pages.__file__)).parents[1]
# Functions whose first arguments are words: translated as they are, or one for one and one for many.
ONE, TWO = {"t", "translate"}, {"counted"}


@cache
def words_used() -> dict[str, str]:
    """Every text that is translated -> the file that says it."""
    found: dict[str, str] = {}
    for folder in PACKAGES:
        for path in sorted(folder.rglob("*.html")):
            found |= dict.fromkeys(in_template(path), path.name)
        for path in sorted(folder.rglob("*.py")):
            found |= dict.fromkeys(in_code(path), path.name)
    return found | dict.fromkeys(in_tables(), "tables")


def in_template(path: Path) -> Iterator[str]:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        name = (
            call.node.name if isinstance(call.node, nodes.Name) else getattr(call.node, "attr", "")
        )
        count = 1 if name in ONE else 2 if name in TWO else 0
        for argument in call.args[:count]:
            yield from _constants(argument)


def _constants(node: nodes.Node) -> Iterator[str]:
    """The texts that an expression can be: a constant, or either side of a condition."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from _constants(node.expr1)
        if node.expr2 is not None:
            yield from _constants(node.expr2)


def in_code(path: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        count = 1 if name in ONE else 2 if name in TWO else 0
        for argument in call.args[:count]:
            parts = (
                [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
            )
            for part in parts:
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def in_tables() -> Iterator[str]:
    """Words that stand in tables and are translated where they are shown."""
    for table in (labels.AVAILABILITY, labels.SORTS, labels.TEXTS, labels.THEMES):
        yield from table.values()
    for title, what_to_do in labels.PROBLEMS.values():
        yield from (title, what_to_do)
    yield from (kind.title for kind in (*KINDS.values(), UNEXPECTED))
    yield from LABELS.values()
    for called in (*words.TABLES, OUTCOMES):
        yield from called.values()
    for problem in PROBLEMS.values():
        yield from (problem.one, problem.many, problem.short)


def constants() -> Iterator[str]:
    """Every text in the code: messages of errors are translated where they are shown."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
