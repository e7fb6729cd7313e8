"""What may be said to anybody, before it is asked who writes: products, questions that every shop hears, rules and pages.

The order decides. What was shown is spoken of before anything is looked for; a thing that the shop has comes before a page
that mentions it, and a page before what only comes close.
"""

from shopkeeper.support.dialogue import asking, following_up, hearing_often, seeking, selling
from shopkeeper.support.dialogue.records import Command, Do
from shopkeeper.support.dialogue.saying import Line
from shopkeeper.support.dialogue.selling import Answer
from shopkeeper.support.dialogue.working import Turn
from shopkeeper.support.records import Level
from shopkeeper.text.normalise import normalise


def heard(turn: Turn, commands: list[Command], text: str, answer: Answer) -> list[Command]:
    """What is left to be followed of a message: its commands, or what they are for anybody. answer: what the shop knows."""
    state = turn.state
    if state.open():
        return commands
    if following_up.may_follow(state, text, commands) and following_up.follow(turn, text, answer):
        return _shown()
    often = hearing_often.follow(turn, commands, text, answer)
    if often is not None:
        return often
    if turn.desk.level is Level.NOBODY and asking.puts_rule(text, commands):
        return _ruled(turn, commands, text, answer)
    lost = all(c.do is Do.UNCLEAR for c in commands)
    if lost and hearing_often.knows(text, state.language):
        return _asked(text)  # though no page here answers it
    if selling.hear_needs(turn, text, commands):
        return _shown()
    if not asking.is_general(text, commands, state.question):
        return commands
    return _looked_for(turn, commands, text, answer)


def _ruled(turn: Turn, commands: list[Command], text: str, answer: Answer) -> list[Command]:
    """A question whether something may be done: the verdict, or what is so for everyone before it is asked who they are."""
    found = answer(text)
    if found is None:
        return commands
    if any(e.kind == "rule" for e in found.evidence):
        return _asked(text)
    turn.lines.append(Line("", {}, found.evidence, found.text, found.quotes))
    return commands


def _looked_for(turn: Turn, commands: list[Command], text: str, answer: Answer) -> list[Command]:
    """Products that are looked for or asked about, and what pages tell."""
    looked_for = seeking.sought(text, commands)
    if (
        selling.of_named(turn, text, answer)
        or selling.look_around(turn, text)
        or selling.look(turn, looked_for)
    ):
        return _shown()
    if answer(text) is not None:
        return _asked(text)
    if (
        selling.of_several(turn, text)
        or selling.refuse_discount(turn, text)
        or selling.show_closest(turn, looked_for)
    ):
        return _shown()
    asks = asking.is_misread(commands) and not seeking.is_bare(normalise(text), commands)
    return _asked(text) if asks else commands


def _shown() -> list[Command]:
    """Products were shown or spoken of, and nothing is left to be done."""
    return [Command(Do.CHAT, about="products")]


def _asked(text: str) -> list[Command]:
    """A question for the shop's knowledge and nothing else."""
    return [Command(Do.ASK, value=text)]
