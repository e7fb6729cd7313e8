"""What the inbox calls things, as English words; the other languages have these as keys."""

from datetime import datetime

from shopkeeper.pages import Visit, formats
from shopkeeper.support.cases import Reason
from shopkeeper.support.records import ActionKind

REASONS: dict[Reason, str] = {
    Reason.REQUEST: "asked for a person",
    Reason.FAILURES: "was not understood",
    Reason.SCOPE: "not the shop's business",
    Reason.ANGER: "angry about money",
    Reason.REFUSALS: "refused again and again",
    Reason.SUPPORT: "nothing on record answers",
    Reason.TAKEN: "taken from the agent",
}
FLOWS: dict[str, str] = {
    "cancel": "cancel an order", "return": "return items", "swap": "exchange items", "address": "another address for an order",
    "profile": "another address for the account", "payment": "another way to pay", "undo": "take something back",
    "track": "where a parcel is", "status": "how an order stands", "total": "what an order cost", "orders": "which orders there are",
    "where": "where an order goes", "item": "what was ordered", "options": "what else there is of a product",
    "balance": "what a gift card holds", "refunds": "what comes back in all",
}  # fmt: skip
PROGRESS: dict[str, str] = {
    "open": "still open", "done": "done", "refused": "refused by the rules", "dropped": "no longer wanted",
}  # fmt: skip
DOES: dict[str, str] = {
    "set": "gives a detail", "only": "only some of the items", "drop": "no longer wants something", "confirm": "agrees",
    "deny": "declines", "ask": "asks about the shop", "chat": "small talk", "chat angry": "is upset", "hand_over": "asks for a person",
    "unclear": "not understood",
}  # fmt: skip
TOOLS: dict[str, str] = {
    "list_orders": "the customer's orders", "get_customer": "the customer's profile", "find_products": "a search for products",
    "get_product": "products", "explain": "what the rules say", "answer": "pages, rules and products",
}  # fmt: skip
EVENTS: dict[str, str] = {
    "identified": "Who it is was shown.", "not_identified": "Who it is could not be shown.", "code_sent": "A code was sent to the address on file.",
    "refused": "The rules refused it.", "proposed": "Proposed.", "confirmed": "The customer agreed.", "done": "Done.",
    "declined": "The customer declined.", "void": "The proposal lapsed.", "expired": "The proposal ran out.",
    "stale": "It was not as it had been shown any more, so it was not done.", "handed_over": "Handed over to a person.",
}  # fmt: skip
STATES: dict[str, str] = {
    "open": "waits for a yes", "confirmed": "agreed to", "done": "done", "undone": "taken back", "declined": "declined",
    "void": "lapsed", "expired": "ran out", "stale": "no longer true",
}  # fmt: skip
ACTIONS: dict[ActionKind, str] = {
    ActionKind.CANCEL: "cancel", ActionKind.CHANGE_ITEMS: "change items", ActionKind.CHANGE_ADDRESS: "change the address",
    ActionKind.CHANGE_PAYMENT: "change the payment", ActionKind.CHANGE_PROFILE_ADDRESS: "change the account's address",
    ActionKind.RETURN: "return", ActionKind.EXCHANGE: "exchange", ActionKind.UNDO: "undo",
}  # fmt: skip
VERDICTS: dict[str, str] = {
    "yes": "yes", "no": "no", "depends": "depends on what was not said", "nothing": "no rule answers",
}  # fmt: skip
ORDER_STATUSES: dict[str, str] = {  # others are a feed's own, and shown as they are
    status: status
    for status in (
        "pending", "pending (items changed)", "processed", "shipped", "delivered", "cancelled",
        "return requested", "exchange requested", "partly returned", "returned",
    )
}  # fmt: skip
TABLES = (
    REASONS, FLOWS, PROGRESS, DOES, TOOLS, EVENTS, STATES, ACTIONS, VERDICTS, ORDER_STATUSES,
)  # fmt: skip


def understood(visit: Visit, command: str) -> str:
    """A command of the audit in words: "start return" is "wants: return items"."""
    do, _, what = command.partition(" ")
    if do == "start":
        return visit.t("wants: {what}", what=flow(visit, what))
    return visit.t(DOES.get(command, DOES.get(do, do)))


def flow(visit: Visit, name: str) -> str:
    """A wish in words."""
    return visit.t(FLOWS.get(name, name))


def progress(visit: Visit, name: str) -> str:
    """What became of a wish."""
    return visit.t(PROGRESS.get(name, name))


def ago(visit: Visit, at: datetime, now: datetime) -> str:
    """How long ago, roughly: 5 min, 3 h, 2 days."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 1:
        return visit.t("just now")
    if minutes < 90:
        return visit.t("{n} min", n=minutes)
    if minutes < 48 * 60:
        return visit.t("{n} h", n=minutes // 60)
    return visit.t("{n} days", n=formats.number(minutes // (24 * 60), visit.language))
