"""A type in, a valid instance out, or an error that says what was wrong.

`types` turns a pydantic type, and `outside` a JSON schema from anyone, into `shapes`: a tree in which everything has an
end (`bounds`, read by `reading`, regular expressions by `patterns` and `automaton`). From it come the `grammar` (numbers by
`digits`), the schema for other engines (`writing`) and the room that an answer needs (`extent`). What the model wrote goes
through `parsing`, `checking` and pydantic (`form`); `asking` puts it together and has one attempt at repair. `choices`
picks one of a few labels by how likely their words are.
"""

from shopkeeper.models.structured.asking import Answer, ask
from shopkeeper.models.structured.bounds import Bounds
from shopkeeper.models.structured.choices import (
    Choice,
    Chosen,
    Prior,
    calibrated,
    choose,
    prior_of,
    say,
)
from shopkeeper.models.structured.form import Form
from shopkeeper.models.structured.outside import bounded, complaint, constraint_of

__all__ = [
    "Answer",
    "Bounds",
    "Choice",
    "Chosen",
    "Form",
    "Prior",
    "ask",
    "bounded",
    "calibrated",
    "choose",
    "complaint",
    "constraint_of",
    "prior_of",
    "say",
]
