"""Models made here, in the formats that serve without torch.

`gguf` writes decoders and their tokenizers for llama.cpp, and `adapter` LoRA adapters beside them; `encoder_graph` lays
out encoders and `onnx` writes them with what `shopkeeper.models.embed` needs to serve them. The layout of the
Transformers library is `training.interchange`. `ways.export` is the one door for all.
"""
