"""The tree is the architecture: who may import whom, and what each package shows."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def imports(path: Path) -> Iterator[str]:
    """Dotted names below `shopkeeper` that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (n.removeprefix("shopkeeper.") for n in names if n.startswith("shopkeeper."))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_towards_the_ground_floor(path: Path) -> None:
    here = room(path)
    for name in imports(path):
        there = name.split(".")[0]
        if there.startswith("__"):
            continue
        assert FLOOR[there] <= FLOOR[here], (
            f"{path} imports {name} from a floor further down the list"
        )


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) in JOBS], ids=str)
def test_a_job_uses_another_only_through_its_front_door(path: Path) -> None:
    here = room(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] in JOBS and parts[0] != here:
            assert len(parts) == 2, f"{path} reaches into {name}"


# Where torch and what stands on it may be imported (extra `train`): making models, and the reference engine.
TORCH = ("torch", "transformers", "gguf")
TORCH_ROOMS = (SOURCE / "training", SOURCE / "models" / "engines" / "reference")


@pytest.mark.parametrize(
    "path", [p for p in MODULES if not any(p.is_relative_to(r) for r in TORCH_ROOMS)], ids=str
)
def test_what_serves_needs_no_torch(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(n.split(".")[0] in TORCH for n in names), path


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("__init__.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_each_package_says_what_it_is_and_shows_what_it_names(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} has no docstring"
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
        assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
        assert text.count("\n") <= 500, f"{path} is longer than one story"
