"""Bodies sent to a server and answers read from it; all that goes wrong becomes a Failure that names the engine."""

import contextlib
import json
import logging
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from shopkeeper.errors import EngineTimeout, EngineUnavailable
from shopkeeper.models.engines.remote import answers, sse
from shopkeeper.models.engines.remote.attempts import Failure
from shopkeeper.models.engines.remote.connection import Answer, BrokenAnswer, CutOff, Server
from shopkeeper.models.engines.remote.deadline import Deadline
from shopkeeper.models.engines.remote.refusals import Refusal, failure_of

log = logging.getLogger(__name__)

PATIENCE_S = 10.0  # a server that is silent for so long counts as failing, one that is slower than a short budget does not
ERROR_BYTES = 2**18


class Wire:
    """The way to the server of one engine. It learns how the server wants to be asked. Shared by threads."""

    def __init__(self, name: str, model: str, server: Server, *, patience_s: float) -> None:
        self._name = name
        self._model = model
        self._server = server
        self._patience_s = min(PATIENCE_S, patience_s)
        self.length_key = "max_tokens"
        self.stream_usage = True

    def get(self, path: str, deadline: Deadline, *, root: bool = False) -> bytes:
        """The body of an answer."""
        return self._read(self.open(path, None, deadline, root=root), deadline)

    def post(
        self, path: str, body: Mapping[str, Any], deadline: Deadline, *, root: bool = False
    ) -> bytes:
        """The body of the answer to this body."""
        return self._read(self.open(path, body, deadline, root=root), deadline)

    def open(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        deadline: Deadline,
        *,
        accept: str = "application/json",
        root: bool = False,
    ) -> Answer:
        """An answer of status 200, to be read and closed."""
        sent = None if body is None else json.dumps(body, ensure_ascii=True).encode()
        try:
            answer = self._server.ask(path, sent, deadline, accept=accept, root=root)
        except (OSError, BrokenAnswer) as error:
            raise self.failure(error, deadline) from None
        log.debug("engine=%s path=%s status=%d", self._name, path, answer.status)
        if answer.status == 200:
            return answer
        try:
            said = Refusal(_beginning(answer))
        finally:
            answer.close()
        failure = failure_of(
            self._name, self._model, answer.status, said, sent=body or (), retry_after=answer.retry_after
        )  # fmt: skip
        failure.again = failure.again or self._learned(said, body or {})
        raise failure

    def events(self, answer: Answer, deadline: Deadline) -> Iterator[answers.Completion]:
        """The events of a stream, to its end. Raises Failure."""
        with self.blaming(deadline):
            if answer.content_type == "application/json":  # it does not stream
                whole = answers.completion(answer.body())
                self.check(whole)
                yield whole
                return
            if answer.content_type == "text/html":
                raise BrokenAnswer("it is a web page")
            finished = False
            try:
                for data in sse.events(answer.chunks()):
                    if data == b"[DONE]":
                        _ = answer.body()  # so that the connection can be used again
                        return
                    event = answers.completion(data)
                    self.check(event)
                    finished = finished or any(c.finish_reason for c in event.choices)
                    yield event
                if not finished:
                    raise CutOff
            except sse.EventTooLong:
                raise BrokenAnswer("an event is too long") from None
            except (OSError, CutOff):
                if not finished:
                    raise

    def check(self, answer: answers.Completion) -> None:
        """Raises Failure if an error came under the status of success."""
        if not answer.error:
            return
        code = answer.error.get("code") if isinstance(answer.error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        raise failure_of(
            self._name, self._model, status, Refusal(json.dumps({"error": answer.error}).encode()), sent=()
        )  # fmt: skip

    @contextlib.contextmanager
    def blaming(self, deadline: Deadline) -> Iterator[None]:
        """What goes wrong inside is a Failure of this engine."""
        try:
            yield
        except (OSError, BrokenAnswer) as error:
            raise self.failure(error, deadline) from None

    def failure(self, error: Exception, deadline: Deadline) -> Failure:
        """What went wrong on the way, as a failure of this engine."""
        who = f"engine {self._name}"
        if isinstance(error, TimeoutError):
            spent = deadline.spent_s
            return Failure(
                EngineTimeout(f"{who}: no whole answer within {spent:.1f} s"),
                blame=spent >= self._patience_s,
            )
        if isinstance(error, BrokenAnswer):
            cut = isinstance(error, CutOff)
            return Failure(EngineUnavailable(f"{who}: its answer cannot be used: {error}"), again=cut, blame=True)  # fmt: skip
        hint = f"look at the server that engines.{self._name}.url names"
        if isinstance(error, ssl.SSLCertVerificationError):
            return Failure(EngineUnavailable(f"{who}: its certificate is not trusted", hint=hint), blame=True)  # fmt: skip
        kind = type(error).__name__
        return Failure(
            EngineUnavailable(f"{who} cannot be reached ({kind})", hint=hint),
            again=True,
            blame=True,
        )

    def _read(self, answer: Answer, deadline: Deadline) -> bytes:
        try:
            if answer.content_type == "text/html":
                raise BrokenAnswer("it is a web page")
            return answer.body()
        except (OSError, BrokenAnswer) as error:
            raise self.failure(error, deadline) from None
        finally:
            answer.close()

    def _learned(self, said: Refusal, body: Mapping[str, Any]) -> bool:
        """True if the refusal tells how this server wants to be asked."""
        if "max_tokens" in body and said.mentions("max_completion_tokens"):
            self.length_key = "max_completion_tokens"
            return True
        if "stream_options" in body and said.mentions("stream_options"):
            self.stream_usage = False
            return True
        return False


def _beginning(answer: Answer) -> bytes:
    """The first bytes of an error's body; what went wrong is known without them."""
    read = bytearray()
    try:
        for chunk in answer.chunks():
            read += chunk
            if len(read) >= ERROR_BYTES:
                break
    except (OSError, BrokenAnswer):
        pass
    return bytes(read[:ERROR_BYTES])
