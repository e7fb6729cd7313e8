"""The parts of one answer, whole or in the events of a stream, put together."""

from shopkeeper.models.engines.remote import answers
from shopkeeper.models.engines.remote.estimate import estimate_tokens
from shopkeeper.models.records import Generation, Prompt, Timing, Usage


class Collected:
    """What has come of an answer so far. Only the first choice counts; nobody asked for more."""

    def __init__(self, prompt: Prompt) -> None:
        """prompt: as it was sent, for an estimate of its tokens if the server does not count them."""
        self._prompt = prompt
        self._text: list[str] = []
        self._calls: list[answers.Call] = []
        self._reason: str | None = None
        self._usage: Usage | None = None

    def add(self, answer: answers.Completion) -> str:
        """Take it in; the text that it brought."""
        self._usage = answer.counted or self._usage
        if not answer.choices:
            return ""
        choice = answer.choices[0]
        self._reason = choice.finish_reason or self._reason
        self._calls += choice.said.tool_calls
        self._text.append(choice.said.content)
        return choice.said.content

    def generation(self, model: str, timing: Timing, *, streamed: bool) -> Generation:
        """All of it. Raises BrokenAnswer if it makes no answer."""
        text = "".join(self._text)
        return Generation(
            text=text,
            finish=answers.finish_of(self._reason, calls=bool(self._calls)),
            model=model,
            usage=self._usage or self._estimate(text),
            timing=timing,
            tool_calls=answers.tool_calls(self._calls, streamed=streamed),
        )

    def _estimate(self, text: str) -> Usage:
        sent = self._prompt
        said = sent if isinstance(sent, str) else "\n".join(message.content for message in sent)
        return Usage(estimate_tokens(said), estimate_tokens(text), estimated=True)
