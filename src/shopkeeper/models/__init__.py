"""Language models and other fetched files in use.

A job asks `routing` for the language model of its purpose and gets text; `structured` makes that a valid instance of a
type, `prompting` a task with a versioned prompt (templates in `prompts/`) and a score. Behind the routes are `engines`,
one contract over whatever runs a model; what goes in and out of them is in `records`. `embed` turns texts into vectors
without a language model, `attention` shows what one looked at.

Files come by hash through the `hub` (`lock`, `pulling`, `web`, `wheels`, `cache`; `own` and `added` for models of one's own,
`gguf` and `checkpoint` for what files say of themselves, `convert` for those that are made here). `assistant` chooses the
default language model by what `memory` is free.
"""
