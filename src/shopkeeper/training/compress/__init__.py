"""Models made smaller: in fewer bits, with fewer numbers, or both; each way says what it saved and what it cost.

`int8` rounds encoders for ONNX Runtime, `weight_only` the weights of any model of ours; 4 bits are `export.gguf`'s.
`pruning` sets the smallest weights to 0, `narrowing` takes heads and numbers of the feed-forward layer out. `ways`
puts a way, its artefact and its `report` together.
"""
