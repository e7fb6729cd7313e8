"""The tasks by name, as the command line and the settings call them."""

from collections.abc import Mapping
from typing import Any

from shopkeeper.errors import ModelError
from shopkeeper.models.prompting.task import Task
from shopkeeper.models.prompting.tasks.labelled import (
    INTENTS,
    SENTIMENT,
    SENTIMENT_ZH,
    intent_task,
)
from shopkeeper.models.prompting.tasks.reading import ATTRIBUTES, QUERY, QUESTION
from shopkeeper.models.prompting.tasks.writing import (
    description_task,
    summary_task,
    title_task,
    translation_task,
)

TASKS: Mapping[str, Task[Any, Any]] = {
    "sentiment": SENTIMENT,
    "sentiment_zh": SENTIMENT_ZH,
    "intent": intent_task(INTENTS),
    "attributes": ATTRIBUTES,
    "title": title_task("en"),
    "title_zh": title_task("zh"),
    "description": description_task("en"),
    "description_zh": description_task("zh"),
    "summary": summary_task("en"),
    "summary_zh": summary_task("zh"),
    "question": QUESTION,
    "translation_en": translation_task("en"),
    "translation_zh": translation_task("zh"),
    "query": QUERY,
}


def task_named(name: str) -> Task[Any, Any]:
    """The task of this name. Raises ModelError if there is none."""
    if name not in TASKS:
        raise ModelError(f"there is no task {name!r}", hint=f"there are {', '.join(TASKS)}")
    return TASKS[name]
