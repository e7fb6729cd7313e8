"""The workshop: language models in the making, from raw text to weights that serve (extra `train`; docs/workshop.md).

The way, and the module of each step:

    text        sources, corpus       documents of the shop and of files: cleaned, told apart, split
    numbers     tokenizer, shards     byte-level BPE or Unigram; rows in an order that a seed decides
    model       shape, transformer, initialisation   the four families by configuration; the paper's figure 1 as code
    task        objectives, fast, cpu   what is seen, what is said, what is scored
    training    recipe, optimisers, trainer, pretraining, checkpoints, progress
    many        parallel, launch      ddp, fsdp and tensor under torchrun; `python -m shopkeeper.training` is one process
    runs        plan, running, runs, terminal, sampling   a pretraining by its plan, recorded, shown, gone on with
    out         interchange           the formats of the Transformers library, both ways

`plan.make_plan`, `plan.prepare`, `running.train`, `opening.open_model` and `export.ways.export` are the way in five calls.
Nothing is imported here: corpus, tokenizers, plans and runs need no torch, and programs that serve never load it.
"""
