"""Which language model is asked, for what, at whose cost: the one door to them for every job.

In comes a purpose (`support`, `content`, …) and a request; out comes an answer of the first engine that gives one.
`language_models` is the door; `route` makes engines in an order look like one `LanguageModel`, `asking` is one
request on its way along them; `engines` keeps them open as long as memory holds them and `opening` makes them of the
settings; `budgets` limits and `recording` records what they use (in the database: `shop.model_calls`).

    models = LanguageModels(settings, database)
    answer = models.route("support").generate(Request((Message("user", "Do you ship to Brazil?"),)))
"""

from shopkeeper.models.routing.budgets import Standing
from shopkeeper.models.routing.language_models import ASSISTANT, EngineState, LanguageModels
from shopkeeper.models.routing.route import Route

__all__ = ["ASSISTANT", "EngineState", "LanguageModels", "Route", "Standing"]
