"""The tasks that ship, each a `Task` with its template in `models/prompts/`.

`labelled` (the answer is a label), `reading` (the answer is taken out of a text), `writing` (the answer is a text);
`catalogue` has them by name.
"""

from shopkeeper.models.prompting.tasks.catalogue import TASKS, task_named
from shopkeeper.models.prompting.tasks.labelled import (
    INTENTS,
    SENTIMENT,
    SENTIMENT_ZH,
    Written,
    intent_task,
    intents_named,
)
from shopkeeper.models.prompting.tasks.reading import (
    ATTRIBUTES,
    QUERY,
    QUESTION,
    Answer,
    Asked,
    Meaning,
    Query,
    Titled,
    Wanted,
)
from shopkeeper.models.prompting.tasks.writing import (
    Facts,
    Passage,
    Reviews,
    description_task,
    summary_task,
    title_task,
    translation_task,
)

__all__ = [
    "ATTRIBUTES",
    "INTENTS",
    "QUERY",
    "QUESTION",
    "SENTIMENT",
    "SENTIMENT_ZH",
    "TASKS",
    "Answer",
    "Asked",
    "Facts",
    "Meaning",
    "Passage",
    "Query",
    "Reviews",
    "Titled",
    "Wanted",
    "Written",
    "description_task",
    "intent_task",
    "intents_named",
    "summary_task",
    "task_named",
    "title_task",
    "translation_task",
]
