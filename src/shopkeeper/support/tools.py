"""The tools of the service desk as data in, data out: what a dialogue, a language model or an outside agent may call.

Every tool is called with JSON and answers with JSON. None of them writes to the shop's records: the strongest of them
proposes, and only the customer's own yes, heard by `Conversation.hear`, lets `Conversation.commit` do it. Whose
records are read is never an argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shopkeeper.errors import FeedError, ShopkeeperError
from shopkeeper.shop.records import Address
from shopkeeper.support.calculator import calculate
from shopkeeper.support.finding import Order as Sorting
from shopkeeper.support.finding import Wanted, parse_wishes
from shopkeeper.support.records import Action, ActionKind, Decision
from shopkeeper.support.service import Conversation, NotAllowed


class ToolKind(StrEnum):
    """What a tool can do at most."""

    IDENTIFY = "identify"
    READ = "read"
    PROPOSE = "propose"


class Arguments(BaseModel):
    """What a tool is called with; anything else is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. arguments: their shape, from which the JSON schema for models is made."""

    name: str
    kind: ToolKind
    arguments: type[Arguments]
    run: Callable[[Conversation, Any], Any]
    about: str

    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return self.arguments.model_json_schema()


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool answered. data: JSON. error: what the customer may be told, empty if all went well; rule_ids: the
    rules that refused it."""

    data: Any = None
    error: str = ""
    hint: str = ""
    rule_ids: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True if it did what it was asked."""
        return not self.error


class Identify(Arguments):
    """What somebody says of themselves."""

    email: str = ""
    order_id: str = ""
    first_name: str = ""
    last_name: str = ""
    postcode: str = ""


class Email(Arguments):
    """Needed where nobody is matched yet."""

    email: str = ""


class Code(Arguments):
    """As it was sent."""

    code: str


class Nothing(Arguments):
    """No arguments."""


class Orders(Arguments):
    """Only these statuses; only orders with such a product."""

    statuses: tuple[str, ...] = ()
    product: str = ""


class OrderId(Arguments):
    """An order number, however it is written."""

    order_id: str


class Id(Arguments):
    """Of a product or a variant; a SKU or GTIN."""

    id: str


class Variants(Arguments):
    """want, prefer: option -> value, list of values, or {"is", "not", "more", "less", "most", "least"}."""

    product: str
    like: str = ""
    keep: tuple[str, ...] | None = ()
    want: dict[str, Any] = {}
    prefer: tuple[dict[str, Any], ...] = ()
    order: Sorting = Sorting.CLOSEST
    available: bool = True


class Act(Arguments):
    """address: its fields, "profile", or "order:NUMBER". method_id: an id, "original", a kind or the last four digits.
    undoes: the id of what was done, or "last"."""

    action: ActionKind
    order_id: str = ""
    items: tuple[str, ...] = ()
    new_items: tuple[str, ...] = ()
    method_id: str = ""
    reason: str = ""
    address: Address | str | None = None
    undoes: str = ""


class Expression(Arguments):
    """Numbers, + - * / ( ) and %."""

    expression: str = Field(max_length=200)


class RuleId(Arguments):
    """As a refusal names it."""

    rule_id: str


def call(conversation: Conversation, name: str, arguments: Mapping[str, Any]) -> Result:
    """Call a tool. What is wrong comes back as a result, never as an exception: the caller may be a model."""
    tool = TOOLS.get(name)
    if tool is None:
        return Result(error=f"there is no tool {name[:60]!r}", hint=", ".join(TOOLS))
    try:
        found = tool.run(conversation, tool.arguments.model_validate(arguments))
        return Result(data=_JSON.dump_python(found, mode="json"))
    except NotAllowed as error:
        broken = tuple(c.rule_id for c in error.decision.broken)
        return Result(error=error.message, hint=error.hint, rule_ids=broken)
    except ShopkeeperError as error:
        return Result(error=error.message, hint=error.hint)
    except ValidationError as error:
        first = error.errors()[0]
        return Result(error=f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except ValueError as error:
        return Result(error=str(error))


_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def _identify(conversation: Conversation, a: Identify) -> Any:
    state = conversation.identify(**a.model_dump())
    return {"level": int(state.level)}


def _send_code(conversation: Conversation, a: Email) -> Any:
    conversation.send_code(a.email)
    return {"said": "if the shop knows this customer, a code is on its way by e-mail"}


def _enter_code(conversation: Conversation, a: Code) -> Any:
    return {"level": int(conversation.enter_code(a.code).level)}


def _action(conversation: Conversation, a: Act) -> Action:
    address = conversation.address(a.address) if isinstance(a.address, str) else a.address
    return Action(
        a.action, a.order_id, a.items, a.new_items, a.method_id, a.reason, address, a.undoes
    )


def _find(conversation: Conversation, a: Variants) -> Any:
    prefer = tuple(parse_wishes(p) for p in a.prefer)
    wanted = Wanted(parse_wishes(a.want), a.like, a.keep, prefer, a.order, a.available)
    return conversation.find(a.product, wanted)


def _explain(conversation: Conversation, a: Act) -> Any:
    return _verdict(conversation.explain(_action(conversation, a)))


def _verdict(decision: Decision) -> Any:
    answer: Literal["yes", "no", "depends"] = "depends"
    if decision.possible is not None:
        answer = "yes" if decision.possible else "no"
    return {"answer": answer, "rules": decision.checks}


def _propose(conversation: Conversation, a: Act) -> Any:
    made = conversation.propose(_action(conversation, a))
    return {"proposal_id": made.id, "shown": made.shown, "expires_at": made.expires_at}


def _rule(conversation: Conversation, a: RuleId) -> Any:
    rule = conversation.support.policy().rule(a.rule_id)
    if rule is None:
        raise FeedError(f"there is no rule {a.rule_id[:80]!r}", hint="ask for an action's rules")
    return {"rule_id": rule.id, "text": rule.text, "actions": sorted(rule.on)}


def _quote(conversation: Conversation, a: Act) -> Any:
    return conversation.quote(_action(conversation, a))


_I, _R, _P = ToolKind.IDENTIFY, ToolKind.READ, ToolKind.PROPOSE
TOOLS: Mapping[str, Tool] = {
    t.name: t
    for t in (
        Tool("identify", _I, Identify, _identify, "match the customer by what they know"),
        Tool("send_code", _I, Email, _send_code, "send a one-time code to the customer's address on file"),
        Tool("enter_code", _I, Code, _enter_code, "verify the customer by the code they got"),
        Tool("get_customer", _R, Nothing, lambda c, _: c.customer(), "the customer's profile"),
        Tool("list_orders", _R, Orders, lambda c, a: c.orders(**a.model_dump()), "the customer's orders"),
        Tool("get_order", _R, OrderId, lambda c, a: c.order(a.order_id), "an order of the customer"),
        Tool("track_order", _R, OrderId, lambda c, a: c.track(a.order_id), "where an order is"),
        Tool("get_product", _R, Id, lambda c, a: c.product(a.id), "a product by its id or that of a variant"),
        Tool("find_variants", _R, Variants, _find, "the variants of a product that fit wishes"),
        Tool("quote", _R, Act, _quote, "what an action would cost or bring"),
        Tool("explain", _R, Act, _explain, "whether an action is allowed, rule by rule"),
        Tool("explain_rule", _R, RuleId, _rule, "the text of a rule"),
        Tool("calculate", _R, Expression, lambda _, a: calculate(a.expression), "the value of an expression"),
        Tool("propose", _P, Act, _propose, "propose an action, to be read to the customer"),
    )
}  # fmt: skip
"""Every tool there is. There is none that confirms or commits."""
