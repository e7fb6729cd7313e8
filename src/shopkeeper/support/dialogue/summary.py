"""What a person who takes over is told: who, what was wanted, what was done, where it stands."""

from shopkeeper.support.dialogue.records import WRITES, Progress
from shopkeeper.support.dialogue.working import Turn


def summary(turn: Turn) -> str:
    """A few lines in English, for the shop's people."""
    state = turn.state
    customer = turn.desk.customer
    name = f"{customer.first_name} {customer.last_name}".strip() if customer else ""
    lines = [f"Customer: {name or 'not identified'} (level {int(turn.desk.level)})"]
    for wish in state.wishes:
        what = "wants" if wish.flow in WRITES else "asks"
        orders = ", ".join(
            dict.fromkeys((*wish.orders, *wish.settled, *(p.order_id for p in wish.picks)))
        )
        items = ", ".join(m.words for m in wish.mentions if m.words)
        about = "; ".join(x for x in (orders, items) if x)
        left = {
            Progress.OPEN: "open",
            Progress.DONE: "done",
            Progress.REFUSED: "refused by the rules",
            Progress.DROPPED: "no longer wanted",
        }[wish.progress]
        lines.append(f"- {what} {wish.flow.value}" + (f" ({about})" if about else "") + f": {left}")
    if state.question is not None:
        lines.append(f"Asked last: {state.question.slot}")
    if state.angry:
        lines.append("The customer is upset.")
    return "\n".join(lines)
