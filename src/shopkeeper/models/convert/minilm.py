"""all-MiniLM-L6-v2 from the safetensors file that sentence-transformers publishes."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from shopkeeper.errors import ArtifactError
from shopkeeper.models.convert.encoder_graph import Encoder

HEADS, LAYERS, EPSILON = 12, 6, 1e-12  # of its config.json
_EMBEDDINGS = {
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def read_minilm(path: Path) -> Encoder:
    """The encoder in this file. Raises ArtifactError if it is another."""
    try:
        stored = load_file(path)
        weights = {ours: stored[f"embeddings.{theirs}"] for ours, theirs in _EMBEDDINGS.items()}
        for layer in range(LAYERS):
            for ours, theirs in _LAYER.items():
                for part, name in (("w", "weight"), ("b", "bias")):
                    weights[f"l{layer}.{ours}.{part}"] = stored[
                        f"encoder.layer.{layer}.{theirs}.{name}"
                    ]
        words = stored["embeddings.word_embeddings.weight"]
    except (SafetensorError, KeyError, OSError) as error:
        raise ArtifactError(f"{path} does not hold MiniLM-L6: {error}") from error
    return Encoder(HEADS, LAYERS, EPSILON, words, weights)
