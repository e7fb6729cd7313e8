"""What the shop allows, as data: a TOML file of rules that merchants read and edit.

A rule has an id, the actions it is about, one question of `predicates.py` that must be answered with yes, and the
sentence that customers are shown. The same rules answer "may I …?" and stand before every write. What no file can
take away is `FLOOR`: a policy that leaves any of it out is not loaded.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopkeeper.errors import FeedError
from shopkeeper.support.facts import Facts
from shopkeeper.support.hours import PeopleRules
from shopkeeper.support.predicates import PREDICATES
from shopkeeper.support.records import ActionKind, Check, Decision, Level
from shopkeeper.support.terms import Term, TermFile, term

Texts = dict[str, str]
"""Language -> text. English is there always."""

_ON_ORDERS = ("authenticated", "order_exists", "owner")
_SWAPS = ("items_in_order", "pairs_equal_length", "same_product", "variant_available")
_PAID = ("payment_owned", "gift_card_covers")
FLOOR: Mapping[ActionKind, tuple[str, ...]] = {
    ActionKind.CANCEL: (*_ON_ORDERS, "status_in"),
    ActionKind.CHANGE_ITEMS: (*_ON_ORDERS, "status_in", *_SWAPS, *_PAID),
    ActionKind.CHANGE_ADDRESS: (*_ON_ORDERS, "status_in", "address_complete"),
    ActionKind.CHANGE_PAYMENT: (*_ON_ORDERS, "status_in", "payment_differs", *_PAID),
    ActionKind.CHANGE_PROFILE_ADDRESS: ("authenticated", "owner", "address_complete"),
    ActionKind.RETURN: (*_ON_ORDERS, "status_in", "items_in_order", "payment_owned"),
    ActionKind.EXCHANGE: (*_ON_ORDERS, "status_in", *_SWAPS, *_PAID),
    ActionKind.UNDO: ("authenticated", "owner", "undoes_one_of", "still_as_left"),
}
"""The questions that each kind of action is asked, whatever a policy says beside."""
ABOUT_PAYMENTS = (
    "payment_owned",
    "payment_differs",
    "gift_card_covers",
    "refund_to_original_or_gift_card",
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentityRules(_Part):
    """How customers show who they are."""

    match: tuple[str, ...] = Field(("order_email", "name_postcode", "email"), min_length=1)
    session_minutes: int = Field(60, ge=1, le=1440)
    code_minutes: int = Field(10, ge=1, le=60)
    code_tries: int = Field(5, ge=1, le=10)
    failures_per_hour: int = Field(5, ge=1, le=100)
    codes_per_hour: int = Field(3, ge=1, le=20)


class Access(_Part):
    """The level that reading needs. details: addresses, payments and the profile; orders: the rest of an order."""

    orders: Level = Level.MATCHED
    details: Level = Level.VERIFIED


class _Rule(_Part):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    on: tuple[ActionKind, ...] = Field(min_length=1)
    require: str | dict[str, Any]
    text: Texts


class _File(_Part):
    identity: IdentityRules = IdentityRules()
    access: Access = Access()
    people: PeopleRules = PeopleRules()
    proposal_minutes: int = Field(15, ge=1, le=1440)
    return_fee: dict[str, Annotated[Decimal, Field(ge=0, max_digits=9, decimal_places=2)]] = {}
    statuses: dict[ActionKind, str]
    refund_times: dict[str, Texts]
    notes: dict[ActionKind, tuple[Texts, ...]] = {}
    rules: tuple[_Rule, ...]
    terms: tuple[TermFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. allowed: what stands behind the predicate's name, ready to be asked with; listed: as the file has it, in
    its order."""

    id: str
    on: frozenset[ActionKind]
    predicate: str
    allowed: Any
    text: Mapping[str, str]
    listed: tuple[str, ...] = ()

    def check(self, facts: Facts, language: str) -> Check:
        """The rule put to an action."""
        holds = PREDICATES[self.predicate].ask(facts, self.allowed)
        return Check(self.id, holds, said(self.text, language))


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force and what goes with them. source: the TOML they were read from."""

    rules: tuple[Rule, ...]
    identity: IdentityRules
    access: Access
    proposal_minutes: int
    return_fee: Mapping[str, Decimal]
    statuses: Mapping[ActionKind, str]
    refund_times: Mapping[str, Mapping[str, str]]
    notes: Mapping[ActionKind, tuple[Mapping[str, str], ...]]
    source: str
    people: PeopleRules
    terms: tuple[Term, ...] = ()

    def about(self, kind: ActionKind) -> tuple[Rule, ...]:
        """The rules for a kind of action, in the order of the file."""
        return tuple(r for r in self.rules if kind in r.on)

    def decide(self, facts: Facts, language: str = "en") -> Decision:
        """Every rule about this action, put to it. To who has yet to prove who they are, nothing else is told."""
        rules = self.about(facts.action.kind)
        proof = self._checks((r for r in rules if r.predicate == "authenticated"), facts, language)
        if any(c.holds is not True for c in proof):
            return Decision(proof)
        return Decision(self._checks(rules, facts, language))

    def explain(self, facts: Facts, language: str = "en", *, details: bool = True) -> Decision:
        """The rules put to an action as far as it is known, as if the customer were verified.

        details: False for who may not see payments: what rules about them say is then left open.
        """
        hidden = {"authenticated"} if details else {"authenticated", *ABOUT_PAYMENTS}
        rules = self.about(facts.action.kind)
        unknown = {r.id for r in rules if r.predicate in hidden}
        checks = self._checks(rules, facts, language)
        return Decision(
            tuple(
                replace(c, holds=None)
                if c.rule_id in unknown and (not details or not c.holds)
                else c
                for c in checks
            )
        )

    def _checks(self, rules: Iterable[Rule], facts: Facts, language: str) -> tuple[Check, ...]:
        return tuple(r.check(facts, language) for r in rules)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule with this id."""
        return next((r for r in self.rules if r.id == rule_id), None)

    def accepted_reasons(self) -> tuple[str, ...]:
        """The reasons for cancelling that are accepted, in the order of the file; none where none is asked for."""
        for rule in self.about(ActionKind.CANCEL):
            if rule.predicate == "reason_in":
                return tuple(rule.listed)
        return ()

    def required_address_parts(self) -> frozenset[str]:
        """What an address must have."""
        rules = (
            *self.about(ActionKind.CHANGE_ADDRESS),
            *self.about(ActionKind.CHANGE_PROFILE_ADDRESS),
        )
        return frozenset(p for r in rules if r.predicate == "address_complete" for p in r.allowed)

    def refund_time(self, method_kind: str, language: str) -> str:
        """When money moves to or from a payment method of this kind."""
        return said(self.refund_times.get(method_kind, self.refund_times["other"]), language)

    def notes_on(self, kind: ActionKind, language: str) -> tuple[str, ...]:
        """What must be said before such an action."""
        return tuple(said(n, language) for n in self.notes.get(kind, ()))


def said(texts: Mapping[str, str], language: str) -> str:
    """The text in this language, in English where there is none."""
    return texts.get(language) or texts["en"]


@cache
def default_policy() -> Policy:
    """The policy that comes with the program."""
    text = files(__package__).joinpath("data/policy.toml").read_text(encoding="utf-8")
    return parse(text, "the default policy")


def parse(text: str, name: str = "policy") -> Policy:
    """The policy in this TOML. Raises FeedError naming the place and what to do."""
    try:
        data = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise FeedError(f"{name}: not valid TOML: {error}", hint="mend the line named") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise FeedError(
            f"{name}: {where}: {first['msg']}", hint="docs/support.md shows a policy"
        ) from error
    rules = tuple(_rule(r, name) for r in data.rules)
    terms = tuple(_term(t, name) for t in data.terms)
    _check_ids((*rules, *terms), name)
    _check_floor(rules, name)
    _check_texts(data, name)
    return Policy(
        rules, data.identity, data.access, data.proposal_minutes, data.return_fee, data.statuses, data.refund_times,
        data.notes, text, data.people, terms,
    )  # fmt: skip


def _rule(rule: _Rule, name: str) -> Rule:
    require = {rule.require: True} if isinstance(rule.require, str) else rule.require
    if len(require) != 1:
        raise FeedError(
            f"{name}: rule {rule.id!r} requires {len(require)} things",
            hint="write one rule for each",
        )
    predicate, value = next(iter(require.items()))
    if predicate not in PREDICATES:
        near = difflib.get_close_matches(predicate, PREDICATES, n=1)
        raise FeedError(
            f"{name}: rule {rule.id!r} requires {predicate!r}, which is no question",
            hint=f"did you mean {near[0]}?" if near else "docs/support.md lists them",
        )
    try:
        allowed = PREDICATES[predicate].parse(value)
    except ValueError as error:
        raise FeedError(
            f"{name}: rule {rule.id!r}: {predicate} {error}", hint="docs/support.md lists them"
        ) from error
    listed = tuple(value) if isinstance(value, list) else ()
    return Rule(rule.id, frozenset(rule.on), predicate, allowed, rule.text, listed)


def _term(written: TermFile, name: str) -> Term:
    try:
        return term(written)
    except ValueError as error:
        raise FeedError(
            f"{name}: term {written.id!r} {error}", hint="docs/support.md shows one"
        ) from error


def _check_ids(rules: Iterable[Rule | Term], name: str) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise FeedError(f"{name}: two rules have the id {rule.id!r}", hint="rename one")
        seen.add(rule.id)


def _check_floor(rules: tuple[Rule, ...], name: str) -> None:
    for kind, needed in FLOOR.items():
        asked = {r.predicate for r in rules if kind in r.on}
        if asked and (missing := [p for p in needed if p not in asked]):
            raise FeedError(
                f"{name}: no rule on {kind.value!r} requires {missing[0]!r}",
                hint=f"add one, or take {kind.value!r} out of all rules so that it is not offered",
            )


def _check_texts(data: _File, name: str) -> None:
    """English everywhere, and a status for each action that ends in one."""
    texts = [(f"rule {r.id!r}", r.text) for r in data.rules]
    texts += [(f"term {t.id!r}", t.text) for t in data.terms]
    texts += [(f"refund_times.{k}", t) for k, t in data.refund_times.items()]
    texts += [(f"notes.{k.value}", t) for k, ts in data.notes.items() for t in ts]
    for where, text in texts:
        if not text.get("en", "").strip():
            raise FeedError(f"{name}: {where} has no English text", hint='add en = "…"')
    if "other" not in data.refund_times:
        raise FeedError(f"{name}: refund_times has no 'other'", hint='add other = { en = "…" }')
    for kind in (ActionKind.CANCEL, ActionKind.RETURN, ActionKind.EXCHANGE):
        if not data.statuses.get(kind, "").strip():
            raise FeedError(
                f"{name}: statuses has no {kind.value!r}",
                hint="say what the order's status becomes",
            )
