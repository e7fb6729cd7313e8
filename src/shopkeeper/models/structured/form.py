"""A form to be filled in: a pydantic type with all that is needed to ask a model for an instance of it."""

from functools import cached_property
from inspect import isclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from shopkeeper.models.structured.bounds import Bounds
from shopkeeper.models.structured.checking import problem
from shopkeeper.models.structured.extent import longest, shortest
from shopkeeper.models.structured.grammar import grammar_of
from shopkeeper.models.structured.parsing import NoJson, find_json
from shopkeeper.models.structured.shapes import Either, Entries, Items, Record, Shape
from shopkeeper.models.structured.types import shape_of
from shopkeeper.models.structured.writing import schema_of

T = TypeVar("T")
_TOLD = 3  # problems at most


class Unfilled(ValueError):
    """What a model wrote is no instance.

    The message says why without a word of what was written; `told` says it to the model, which may hear its own words.
    """

    def __init__(self, message: str, told: str = "") -> None:
        super().__init__(message)
        self.told = told or message


class Form(Generic[T]):
    """A type, bounded. Making one raises TypeError if the type cannot be bounded, so make it where the type is defined."""

    def __init__(self, type: type[T] | Any, bounds: Bounds | None = None) -> None:
        self.name = type.__name__ if isclass(type) else str(type).replace("typing.", "")[:80]
        self._adapter: TypeAdapter[T] = TypeAdapter(type)
        self.shape: Shape = shape_of(self._adapter, bounds or Bounds())

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The bounded JSON schema."""
        return schema_of(self.shape)

    @cached_property
    def grammar(self) -> str:
        """The GBNF grammar of the same answers."""
        return grammar_of(self.shape)

    @cached_property
    def most_tokens(self) -> int:
        """Tokens that are enough for every answer, and for the mark that it ends."""
        return longest(self.shape) + 1

    @cached_property
    def fewest_tokens(self) -> int:
        """Tokens without which a usual answer is unlikely to fit: a third of the shortest one's bytes."""
        return max(1, shortest(self.shape) // 3)

    def read(self, text: str) -> T:
        """The instance that this text is. Raises Unfilled.

        Strict, as pydantic's strict mode is for JSON: "12" is no number, 1 is not true, and a key that the type does not
        have is an error. What is beyond the bounds is refused as well, whoever wrote it.
        """
        try:
            value, stretch = find_json(text, opens=_opens(self.shape))
        except NoJson as error:
            raise Unfilled(str(error)) from None
        wrong = problem(self.shape, value)
        if wrong:
            raise Unfilled(wrong)
        try:
            return self._adapter.validate_json(stretch, strict=True)
        except ValidationError as error:
            raise _refusal(error, _names(self.shape)) from None


def _refusal(error: ValidationError, names: frozenset[str]) -> Unfilled:
    """What pydantic has against it. Words of validators may quote the value: only the model hears those."""
    told, said = [], []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:_TOLD]:
        place = "answer" + "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}"
            for part in one["loc"]
            if part in names or isinstance(part, int)
        )
        own = one["type"] in ("value_error", "assertion_error")
        told.append(f"{place}: {one['msg']}")
        said.append(f"{place}: {'a validator of the type refuses it' if own else one['msg']}")
    return Unfilled("; ".join(said), "; ".join(told))


def _opens(shape: Shape) -> str:
    """The brackets with which an answer may begin."""
    match shape:
        case Record() | Entries():
            return "{"
        case Items():
            return "["
        case Either():
            return "".join(sorted({c for option in shape.options for c in _opens(option)}))
    return ""


def _names(shape: Shape) -> frozenset[str]:
    """Names of all members: the words of the type, not of the model."""
    match shape:
        case Record():
            inner = [_names(member.shape) for member in shape.members]
            return frozenset(member.name for member in shape.members).union(*inner)
        case Items():
            return frozenset().union(*map(_names, (shape.item, *shape.first)))
        case Entries():
            return _names(shape.value)
        case Either():
            return frozenset().union(*map(_names, shape.options))
    return frozenset()
