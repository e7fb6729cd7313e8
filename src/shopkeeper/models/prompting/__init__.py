"""Prompt learning in four steps: state the problem, write the prompt, ask a model, read its answer.

`task` states a problem as text that a model completes: types of input and output, labels and their words, checks.
`template` is its prompt, a versioned file of `models/prompts/`, into which `quoting` puts what people wrote as data;
`shots` chooses the examples that it shows, none to many, within a budget of tokens. `inference` asks any
`LanguageModel` and checks what comes back, labels by likelihood against a prior. `evaluate` measures it on
`rows` of a file, beside a linear `rival`. `tasks` are those that ship.

    result = run(SENTIMENT, model, Written(text="Broke after a day."))
    result.checked()  # "negative"
"""

from shopkeeper.models.prompting.evaluate import PRIOR_ROWS, Kept, Report, evaluate
from shopkeeper.models.prompting.inference import prior_of, prompt_for, run, said_by
from shopkeeper.models.prompting.quoting import quoted
from shopkeeper.models.prompting.shots import Pool, pool
from shopkeeper.models.prompting.task import Example, Record, Result, Task, Text
from shopkeeper.models.prompting.template import Template, load_template, template_names
from shopkeeper.models.structured import Choice, Prior

__all__ = [
    "PRIOR_ROWS",
    "Choice",
    "Example",
    "Kept",
    "Pool",
    "Prior",
    "Record",
    "Report",
    "Result",
    "Task",
    "Template",
    "Text",
    "evaluate",
    "load_template",
    "pool",
    "prior_of",
    "prompt_for",
    "quoted",
    "run",
    "said_by",
    "template_names",
]
