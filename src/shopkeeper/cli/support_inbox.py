"""`shopkeeper support inbox` and its like: what waits for a person, and answering it."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from shopkeeper.cli.main import open_shop
from shopkeeper.errors import FeedError
from shopkeeper.support.inbox import View, Whole

console = Console(highlight=False)

Id = Annotated[str, typer.Argument(help="Id of the conversation.")]
By = Annotated[
    str, typer.Option("--as", help="The name you answer under; by default that of your account.")
]


def register(support: typer.Typer) -> None:
    """Add the commands to `shopkeeper support`."""
    for name, command in (
        ("inbox", inbox), ("show", show), ("take", take), ("say", say), ("note", note), ("draft", draft),
        ("return", give_back), ("close", close), ("questions", questions),
        ("teach", teach), ("unteach", unteach), ("replay", replay),
    ):  # fmt: skip
        support.command(name)(command)


def inbox(
    ctx: typer.Context,
    view: Annotated[View, typer.Option(help="Which conversations.")] = View.WAITING,
) -> None:
    """List conversations, the most pressing first: those that wait for a person, or others."""
    with open_shop(ctx) as shop:
        rows = shop.inbox.listing(view)
        now = shop.support.clock()
    table = Table(
        _whole("conversation"), "customer", "why a person", "waits", "taken by", "said last"
    )
    for row in rows:
        minutes = int((now - row.waits_since).total_seconds() // 60) if row.waits_since else None
        why = f"{row.reason.value}{' !' if row.urgent else ''}" if row.reason else ""
        waits = "" if minutes is None else f"{minutes} min"
        table.add_row(
            row.conversation_id, escape(row.name), why, waits, escape(row.taken_by), escape(row.text)
        )  # fmt: skip
    console.print(table if rows else "no conversation is there")


def _whole(title: str) -> Column:
    """A column of ids: other commands want them as they are, so a narrow terminal cuts none."""
    return Column(title, no_wrap=True, min_width=24)


def show(ctx: typer.Context, conversation: Id) -> None:
    """Print a conversation: what was said, what it rests on, and what was noted."""
    with open_shop(ctx) as shop:
        whole = shop.inbox.look(conversation)
    if whole.case is not None:
        taken = whole.case.taken_by or "nobody yet"
        console.print(f"[bold]{whole.case.reason.value}[/bold], taken by {escape(taken)}")
        console.print(escape(whole.case.summary), style="dim")
    _print_messages(whole)
    for each in whole.notes:
        console.print(f"note by {escape(each.author)}: {escape(each.text)}", style="dim")


def _print_messages(whole: Whole) -> None:
    for message in whole.messages:
        name = message.author or message.who
        console.print(f"[bold]{escape(name)}[/bold]: {escape(message.text)}")
        if message.evidence:
            console.print(escape(f"  rests on {', '.join(message.evidence)}"), style="dim")


def take(ctx: typer.Context, conversation: Id, by: By = "") -> None:
    """Answer a conversation in the agent's place. The first to take it has it."""
    with open_shop(ctx) as shop:
        shop.inbox.take(conversation, by or getpass.getuser())
    console.print("it is yours; the agent is silent in it")


def say(
    ctx: typer.Context,
    conversation: Id,
    text: Annotated[str, typer.Argument(help="What the customer is told.")],
    by: By = "",
) -> None:
    """Say something to the customer; a conversation that nobody has is taken with it."""
    with open_shop(ctx) as shop:
        shop.inbox.say(conversation, by or getpass.getuser(), text)


def note(
    ctx: typer.Context,
    conversation: Id,
    text: Annotated[str, typer.Argument(help="What the others should know.")],
    by: By = "",
) -> None:
    """Note something for the others; the customer never sees it."""
    with open_shop(ctx) as shop:
        shop.inbox.note(conversation, by or getpass.getuser(), text)


def draft(ctx: typer.Context, conversation: Id) -> None:
    """Print what the agent would answer now. Nothing is said."""
    with open_shop(ctx) as shop:
        found = shop.inbox.draft(conversation)
    console.print(escape(found.text) or "nothing on record answers this")
    for evidence in found.evidence:
        console.print(f"  rests on {escape(evidence.kind)}:{escape(evidence.id)}", style="dim")
    if found.would:
        console.print(f"the agent can do it after the customer's yes: {escape(found.would)}")


def give_back(ctx: typer.Context, conversation: Id, by: By = "") -> None:
    """Let the agent go on; it says so."""
    with open_shop(ctx) as shop:
        shop.inbox.give_back(conversation, by or getpass.getuser())
    console.print("the agent answers again")


def close(ctx: typer.Context, conversation: Id, by: By = "") -> None:
    """It is solved; the agent answers what the customer writes next."""
    with open_shop(ctx) as shop:
        shop.inbox.close(conversation, by or getpass.getuser())
    console.print("it is solved")


def questions(ctx: typer.Context) -> None:
    """List what the agent could not answer, the same questions together, and what it was taught."""
    with open_shop(ctx) as shop:
        found, taught = shop.teaching.suggestions(), shop.teaching.lessons()
    asked = Table("ids", "asked by", "question")
    for suggestion in found:
        ids = ",".join(map(str, suggestion.ids))
        asked.add_row(ids, str(suggestion.asked), escape(suggestion.wording))
    console.print(asked if found else "no question is without an answer")
    if taught:
        known = Table("lesson", "question", "answer", "wordings answered")
        for one in taught:
            share = f"{one.answered} of {len(one.lesson.wordings)}"
            answer = escape(one.answer or "its page was deleted")
            known.add_row(str(one.lesson.id), escape(one.lesson.question), answer, share)
        console.print(known)


def teach(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="As customers would ask it.")],
    answer: Annotated[str, typer.Argument(help="As the page is to say it.")],
    ids: Annotated[str, typer.Option(help="Of the questions that it answers: 3,5,8.")] = "",
    language: Annotated[str, typer.Option(help="Of the answer: en or zh.")] = "en",
    by: By = "",
) -> None:
    """Answer questions for good: the answer becomes a page, which the agent quotes at once."""
    numbers = [int(n) for n in ids.split(",") if n.strip().isdigit()]
    with open_shop(ctx) as shop:
        made = shop.teaching.teach(
            numbers, question=question, answer=answer, by=by or getpass.getuser(), language=language
        )  # fmt: skip
    console.print(f"lesson {made.id}, page {made.page_id}")


def unteach(
    ctx: typer.Context, lesson: Annotated[int, typer.Argument(help="Number of the lesson.")]
) -> None:
    """Take an answer back: its page goes, its questions are open again."""
    with open_shop(ctx) as shop:
        shop.teaching.undo(lesson)
    console.print("taken back")


def replay(
    ctx: typer.Context, policy: Annotated[Path, typer.Argument(help="A file with other rules.")]
) -> None:
    """Say what other rules would have changed of past conversations. Nothing is written."""
    try:
        text = policy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FeedError(f"{policy} cannot be read: {error}", hint="name a TOML file") from error
    with open_shop(ctx) as shop:
        found = shop.inbox.replay(text)
    table = Table(_whole("conversation"), "what was wanted", "now", "with these rules")
    for each in found.differences:
        action = each.action
        wanted = f"{action.kind.value} {action.order_id}" if action else each.question
        before, after = (
            " ".join([told.verdict, *(c.rule_id for c in told.rules), told.terms])
            for told in (each.before, each.after)
        )
        table.add_row(each.conversation_id, escape(wanted), escape(before), escape(after))
    if found.differences:
        console.print(table)
    looked = f"{found.decisions} decisions and {found.questions} questions looked at"
    console.print(f"{looked}: {len(found.differences)} would have been otherwise")
