"""Finding out who is asking, with what they have said of themselves so far."""

from collections.abc import Sequence

from shopkeeper.support.dialogue.records import Command, Do, Question
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.working import Turn, work
from shopkeeper.support.dialogue.writing import variants
from shopkeeper.support.identity import NotIdentified, OtherCustomer, TooManyAttempts
from shopkeeper.support.records import Level
from shopkeeper.text.normalise import normalise

WAYS = {
    "email": "way_email",
    "order_email": "way_order_email",
    "name_postcode": "way_name_postcode",
}


def identify(turn: Turn, client: str) -> None:
    """Try what is known; ask for more where that is not enough."""
    state, facts = turn.state, turn.state.facts
    if state.question is not None and state.question.slot == "code":
        _code(turn)
        return
    claims = _claims(turn)
    tried = False
    for claim in claims:
        key = "|".join(claim.values())
        if key in state.tried:
            continue
        state.tried = (*state.tried, key)[-20:]
        tried = True
        try:
            turn.conversation.identify(**claim, client=client)
        except NotIdentified:
            continue
        except TooManyAttempts:
            turn.say("too_many")
            state.question = Question("identity", text="too_many")
            return
        except OtherCustomer:
            continue
        turn.desk.forget()
        customer = turn.desk.customer
        name = (customer.first_name if customer else facts.get("first_name", "")) or ""
        if name:
            turn.say("identified", name=name)
        else:  # who is known by an address alone is not told whose it is
            turn.say("identified_unnamed")
        return
    asked = state.question is not None and state.question.slot in ("identity", "code")
    if not (state.backlog or tried or asked):
        return
    turn.say("ask_identity_again" if tried else "ask_identity", ways=ways(turn))
    state.question = Question("identity", text="ask_identity")


def turns_down(turn: Turn, commands: Sequence[Command], text: str) -> bool:
    """True if a message only says no to saying who writes, or to a person who was offered."""
    question = turn.state.question
    if question is None or question.slot not in ("person", "identity"):
        return False
    says_no = bool(commands) and all(c.do in (Do.DENY, Do.DROP) for c in commands)
    return says_no or turn.desk.lexicon.only_says("no", normalise(text))


def _code(turn: Turn) -> None:
    code = turn.state.facts.pop("code", "")
    if not code:  # something else was said: no attempt is used up by it
        turn.say("code_awaited")
        return
    try:
        turn.conversation.enter_code(code)
    except NotIdentified:
        turn.say("wrong_code")
        return
    turn.state.question = None
    turn.desk.forget()
    turn.say("verified")
    work(turn)


def _claims(turn: Turn) -> list[dict[str, str]]:
    facts = turn.state.facts
    found = []
    for email in (facts.get("email"), facts.get("other_email")):
        if email and "email" in turn.desk.policy.identity.match:
            found.append({"email": email})
        for number in turn.state.numbers:
            if email:
                found.append({"email": email, "order_id": number})
    if facts.get("first_name") and facts.get("postcode"):
        found.append({k: facts.get(k, "") for k in ("first_name", "last_name", "postcode")})
    return found


def ways(turn: Turn) -> str:
    """What somebody may say to be known, by the rules in force."""
    language = turn.state.language
    accepted = [w for w in turn.desk.policy.identity.match if w in WAYS]
    if "email" in accepted and "order_email" in accepted:
        accepted.remove("order_email")
    joined = variants(Line("way_or"), language)[0]
    separator = f"{joined} " if language == "en" else joined
    return separator.join(variants(Line(WAYS[w]), language)[0] for w in accepted)


def known(turn: Turn) -> bool:
    """True if somebody is matched at least."""
    return turn.desk.level > Level.NOBODY
