"""`shopkeeper lm compress`, `lm export` and `lm deploy`: from a model to what is served under a name, and back."""

from pathlib import Path

import pytest

from shopkeeper.training import interchange
from tests.cli.conftest import Run

pytest.importorskip("torch")


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A small encoder in the layout of Transformers."""
    from tests.training.export.made import small_encoder, words

    interchange.save(small_encoder(), tmp_path / "small")
    words().save(tmp_path / "small")
    return tmp_path / "small"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n\n".join(f"a red cup and {n} blue cups" for n in range(40)))
    return path


def test_an_encoder_is_compressed_deployed_and_taken_back(
    shop: Run, encoder: Path, texts: Path
) -> None:
    done = shop("lm", "compress", encoder, "--way", "int8", "--name", "ours", "--texts", texts)
    assert done.code == 0, done.err
    assert "direction" in done.out and "size, MB" in done.out
    artefact = done.out.split()[-1]
    assert "compress, done" in shop("lm", "runs", "show", "ours").out
    for number in ("1", "2"):
        kept = shop("lm", "deploy", "put", "shop-encoder", artefact, "--licence", "Apache-2.0")
        assert kept.code == 0, kept.err
        version = kept.out.split()[1]
        gate = ("--measure", "direction") if number == "2" else ()
        assert f"is version {version} now" in shop("lm", "deploy", "use", version, *gate).out
    assert "in use" in shop("lm", "deploy", "list").out
    assert "again" in shop("lm", "deploy", "back", "shop-encoder").out
    assert "deleted" in shop("lm", "deploy", "remove", version).out


@pytest.mark.parametrize(
    ("to", "files"),
    [
        ("onnx", {"model.onnx", "encoder.json"}),
        ("transformers", {"config.json", "model.safetensors"}),
    ],
)
def test_a_model_is_exported(
    shop: Run, encoder: Path, tmp_path: Path, to: str, files: set[str]
) -> None:
    done = shop("lm", "export", encoder, "--to", to, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert files < {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("export", "--to", "gguf"), "computes no bert of this shape"),
        (("export", "--to", "adapter"), "has no adapter"),
        (("compress", "--way", "narrow"), "narrow needs to know what stays"),
        (("compress", "--way", "prune", "--share", "2"), "a share of 2"),
    ],
)
def test_what_cannot_be_done_is_said(
    shop: Run, encoder: Path, texts: Path, arguments: tuple[str, ...], told: str
) -> None:
    command, *options = arguments
    more = ("--texts", texts) if command == "compress" else ()
    done = shop("lm", command, encoder, *options, *more)
    assert done.code == 1 and told in done.err
