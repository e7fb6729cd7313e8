"""The tree is the architecture: who may import whom, and what each package shows."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "shopkeeper"

# From the ground up; a package imports from its own floor and those above it in this list.
FLOORS = (
    ("errors", "settings"),
    ("shop",),
    ("text",),
    ("measures",),
    ("models",),
    ("training",),
    ("artifacts", "deployment"),
    ("retrieval",),
    ("rules",),
    ("search", "knowledge", "recommend", "reviews", "fraud", "content", "support"),
    ("jobs",),
    ("face", "health"),
    ("pages",),
    ("api", "console", "storefront", "mcp", "cli"),
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
JOBS = FLOORS[9]
MODULES = sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


@cache
def tree(path: Path) -> ast.Module:
    """A file as Python reads it; each is read once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def ours(path: Path) -> Iterator[list[str]]:
    """The parts of what it imports of us, below `shopkeeper`."""
    for name in imports(path):
        if name.startswith("shopkeeper.") and not name.startswith("shopkeeper.__"):
            yield name.split(".")[1:]


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_imports_point_towards_the_ground_floor() -> None:
    wrong = [
        f"{path} imports {'.'.join(parts)} from a floor further down the list"
        for path in MODULES
        for parts in ours(path)
        if FLOOR[parts[0]] > FLOOR[room(path)]
    ]
    assert wrong == []


def test_a_job_uses_another_only_through_its_front_door() -> None:
    wrong = [
        f"{path} reaches into {'.'.join(parts)}"
        for path in MODULES
        for parts in ours(path)
        if room(path) in JOBS and parts[0] in JOBS and parts[0] != room(path) and len(parts) != 2
    ]
    assert wrong == []


# Where torch and what stands on it may be imported (extra `train`): making models, and the reference engine.
TORCH = ("torch", "transformers", "gguf")
TORCH_ROOMS = (SOURCE / "training", SOURCE / "models" / "engines" / "reference")


def test_what_serves_needs_no_torch() -> None:
    wrong = [
        f"{path} imports {name}"
        for path in MODULES
        for name in imports(path)
        if name.split(".")[0] in TORCH
        and not any(path.is_relative_to(room) for room in TORCH_ROOMS)
    ]
    assert wrong == []


def test_each_package_says_what_it_is_and_shows_what_it_names() -> None:
    for path in sorted(SOURCE.rglob("__init__.py")):
        assert ast.get_docstring(tree(path)), f"{path} has no docstring"
        dotted = ".".join(["shopkeeper", *path.parent.relative_to(SOURCE).parts])
        package = importlib.import_module(dotted)
        for name in getattr(package, "__all__", ()):
            assert hasattr(package, name), f"{dotted} names {name} but does not have it"


def loaded_by(imports: str, names: tuple[str, ...]) -> list[str]:
    """Which of these packages a fresh program has loaded after its imports."""
    code = f"import sys\n{imports}\nprint(*[m for m in {names!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = ("psycopg", "fastapi", "tantivy", "numpy", "pyarrow", "pydantic", "onnxruntime")
    assert loaded_by("import shopkeeper, shopkeeper.errors", (*heavy, *TORCH)) == []


SERVING = (
    "shopkeeper.face",
    "shopkeeper.api.app",
    "shopkeeper.console.page",
    "shopkeeper.cli.main",
    "shopkeeper.models.engines.reference",
    *(
        f"shopkeeper.models.engines.{name}"
        for name in ("llama", "remote")
        if (SOURCE / "models" / "engines" / name).is_dir()
    ),
)


def test_faces_and_engines_that_serve_load_no_torch() -> None:
    assert loaded_by(f"import {', '.join(SERVING)}", TORCH) == []


def test_every_module_has_a_docstring_and_a_readable_length() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(tree(path)), f"{path} has no docstring"
        assert text.count("\n") <= 500, f"{path} is longer than one story"
