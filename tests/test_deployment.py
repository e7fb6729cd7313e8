"""What is deployed is what was made; a worse one stays out; back is one call."""

from pathlib import Path

import numpy as np
import pytest
import tokenizers

from shopkeeper import deployment
from shopkeeper.artifacts import Artifact, State
from shopkeeper.deployment import Gate
from shopkeeper.errors import ArtifactError, Conflict, ModelError, Refused
from shopkeeper.models import hub
from shopkeeper.models.convert.onnx_file import Graph
from shopkeeper.models.embed import load_embedder
from shopkeeper.models.embed.folder import EncoderCard, write_card
from shopkeeper.shop.database import Database

NAME = "shop-encoder"
GATE = Gate("direction", margin=0.01)


def encoder(folder: Path, seed: int) -> Path:
    """An exported encoder that looks words up in a table: no torch is needed to make it."""

    folder.mkdir(parents=True)
    table = np.random.default_rng(seed).normal(size=(4, 8)).astype(np.float32)
    graph = Graph("encoder")
    ids = graph.input("input_ids", "int64", ["B", "T"])
    states = graph.add("Gather", graph.constant("words", table), ids)
    graph.output(states, "states", "float32", ["B", "T", 8])
    (folder / "model.onnx").write_bytes(b"".join(graph.chunks()))
    words = tokenizers.models.WordLevel({"a": 0, "red": 1, "cup": 2, "?": 3}, unk_token="?")
    made = tokenizers.Tokenizer(words)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    write_card(folder, EncoderCard(NAME, dimension=8, max_tokens=16, languages=("en",)))
    return folder


class Place:
    """Where models are kept, and the shop that uses them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder, self.cache = database, folder, folder / "cache"

    def keep(self, seed: int, direction: float) -> Artifact:
        source = encoder(self.folder / f"made-{seed}", seed)
        card = {"made_from": "minilm-l6", "licence": "Apache-2.0"}
        return deployment.keep(
            self.database, source, name=NAME, store=self.folder / "store", card=card, score={"direction": direction}
        )  # fmt: skip

    def use(self, version: Artifact, gate: Gate | None = GATE) -> Artifact:
        return deployment.put_to_use(self.database, version.id, cache_folder=self.cache, gate=gate)

    def vector(self) -> np.ndarray:
        found: np.ndarray = load_embedder(NAME, self.cache).encode(["a red cup"], kind="query")
        return found


@pytest.fixture
def place(db: Database, tmp_path: Path) -> Place:
    return Place(db, tmp_path)


def test_the_name_means_the_version_in_use_and_after_going_back_the_one_before(
    place: Place,
) -> None:
    first = place.use(place.keep(1, 0.98))
    before = place.vector()
    assert first.state is State.IN_USE
    place.use(place.keep(2, 0.99))
    assert not np.allclose(before, place.vector())
    deployment.roll_back(place.database, NAME, cache_folder=place.cache)
    assert np.allclose(before, place.vector())
    assert hub.find(NAME, place.cache).licence == "Apache-2.0"


def test_after_going_back_from_the_first_the_name_means_nothing(place: Place) -> None:
    place.use(place.keep(1, 0.98))
    assert deployment.roll_back(place.database, NAME, cache_folder=place.cache) is None
    with pytest.raises(ModelError):
        place.vector()


def test_the_gate_keeps_a_worse_one_out(place: Place) -> None:
    place.use(place.keep(1, 0.98))
    before = place.vector()
    with pytest.raises(Refused, match=r"direction 0\.9600 is worse than 0\.9800"):
        place.use(place.keep(2, 0.96))
    assert np.allclose(before, place.vector())
    place.use(place.keep(3, 0.975))
    assert not np.allclose(before, place.vector())


@pytest.mark.parametrize(("better", "new", "stays_out"), [("lower", 2.2, True), ("lower", 1.9, False), ("higher", 1.9, True)])  # fmt: skip
def test_the_gate_knows_which_way_is_better(better: str, new: float, stays_out: bool) -> None:
    gate = Gate("loss", margin=0.05, better=better)  # type: ignore[arg-type]
    assert bool(gate.reason_against({"loss": new}, {"loss": 2.0})) is stays_out


def test_a_version_that_was_not_measured_does_not_pass_the_gate(place: Place) -> None:
    place.use(place.keep(1, 0.98))
    with pytest.raises(ArtifactError, match="has no ndcg"):
        place.use(place.keep(2, 0.99), Gate("ndcg"))


def test_a_version_whose_file_was_changed_is_not_put_to_use(place: Place) -> None:
    version = place.keep(1, 0.98)
    (Path(version.spec["path"]) / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ArtifactError, match=r"model\.onnx is lacking or not as it was kept"):
        place.use(version)


def test_a_damaged_artefact_is_not_kept(place: Place) -> None:
    source = encoder(place.folder / "made", 1)
    (source / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ArtifactError, match="not the file that"):
        deployment.keep(place.database, source, name=NAME, store=place.folder, card={}, score={})
    with place.database.connection() as conn:
        assert not deployment.names(conn)


def test_the_names_of_the_hub_are_not_taken(place: Place) -> None:
    with pytest.raises(Conflict, match="minilm-l6"):
        deployment.keep(
            place.database, place.folder, name="minilm-l6", store=place.folder, card={}, score={}
        )


def test_what_is_in_use_stays_and_what_is_not_goes_with_its_files(place: Place) -> None:
    first, second = place.keep(1, 0.98), place.keep(2, 0.99)
    place.use(first)
    with pytest.raises(Conflict, match="in use"):
        deployment.discard(place.database, first.id)
    deployment.discard(place.database, second.id)
    assert Path(first.spec["path"]).is_dir() and not Path(second.spec["path"]).exists()
    with place.database.connection() as conn:
        assert [each.id for each in deployment.versions(conn, NAME)] == [first.id]
        assert list(deployment.names(conn)) == [NAME]
