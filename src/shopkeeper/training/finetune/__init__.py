"""Fine-tuning: a model that is there learns a task of the shop, in five steps that its run shows and records.

    prepare      plan, data     the base is opened; rows are read, checked, split by content: test rows are never trained on
    preprocess   tasks          rows become tokens; what is scored is decided
    train        running        the Trainer of pretraining; only what is trained is kept in checkpoints
    evaluate     running        the best checkpoint by validation, on the test part
    deploy       running        adapter or model in the layouts of the ecosystem, with a card that says what it was made of

What is trained is all weights (`adapter="full"`), low-rank adapters (`lora`) or a soft prompt (`soft_prompts`).
`distillation` makes rows by a larger model. `few_shot` is a classifier from a few texts a label, and `few_shot_run` its way.

A task is a module of this package with a `TASK`, named in `tasks.TASKS`; it says what a row is, puts a head on the
model where it needs one, makes the `Work` for the Trainer and measures. To add one, write such a module against
`tasks.FinetuneTask`, with `generation` as the example, or, for one with a head, against `tasks.HeadTask`, with
`crossing` as the example; `order.Order` puts rows of like length together,
`distillation.soft_label_loss` learns likelihoods. The model that `module` is given has its adapter already; what the
task adds to it is trained and kept. No torch is needed for `plan`, `data` and `tasks`.
"""
