"""Text as it grows token by token: characters are shown when they are whole, stop texts never."""

from collections.abc import Sequence

from shopkeeper.models.engines.reference.checkpoint import Checkpoint

HALF = "\ufffd"  # how a tokenizer decodes the beginning of a character


class GrowingText:
    """The text of the tokens added so far. before: the prompt's last tokens, on which a leading space depends."""

    def __init__(self, checkpoint: Checkpoint, before: Sequence[int], stop: Sequence[str]) -> None:
        self.text = ""
        self.stopped = False  # a stop text has come; the text ends before it
        self.ids: list[int] = []
        self._checkpoint = checkpoint
        self._before = list(before)
        self._prefix = checkpoint.decode(self._before)
        self._stop = tuple(stop)
        self._shown = 0

    def add(self, token: int) -> str:
        """What can be shown now that this token is there; often nothing."""
        self.ids.append(token)
        self.text = self._decoded().rstrip(HALF)
        found = [place for stop in self._stop if (place := self.text.find(stop)) >= 0]
        if found:
            self.text = self.text[: min(found)]
            self.stopped = True
            return self.rest()
        return self._show(len(self.text) - self._held())

    def rest(self) -> str:
        """What was not shown yet, now that nothing will come after it."""
        return self._show(len(self.text))

    def _show(self, until: int) -> str:
        piece = self.text[self._shown : until]
        self._shown = max(self._shown, until)
        return piece

    def _held(self) -> int:
        """How much of the end might be the beginning of a stop text."""
        return max(
            (
                size
                for stop in self._stop
                for size in range(1, len(stop))
                if self.text.endswith(stop[:size])
            ),
            default=0,
        )

    def _decoded(self) -> str:
        whole = self._checkpoint.decode([*self._before, *self.ids])
        if whole.startswith(self._prefix):
            return whole[len(self._prefix) :]
        return self._checkpoint.decode(self.ids)
