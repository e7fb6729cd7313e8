"""Conversations as the text that a model was trained on, by the template that came with it.

The template runs in `template_worker`, a process of its own that is ended when it takes too long. What people wrote
cannot end a turn: where it holds the text of a control token, the token's place is marked, and `Part.plain` says that
it is to be read as ordinary text.
"""

import json
import os
import re
import secrets
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from shopkeeper.errors import EngineTimeout, EngineUnavailable, Unsupported
from shopkeeper.models.engines.llama import template_worker
from shopkeeper.models.records import Message, Tool

KEPT = ("TZ", "SYSTEMROOT")  # of the environment, which may hold secrets
START_S = 20.0  # a new process, on a busy machine
RENDER_S = 3.0
LONGEST_LINE = 8 * template_worker.LONGEST_TEXT  # what JSON may make of it


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a prompt; in a plain one control tokens are not seen."""

    text: str
    plain: bool = False


class Talking(Protocol):
    """What a model's file says of conversations."""

    @property
    def chat_template(self) -> str: ...
    @property
    def control_tokens(self) -> tuple[str, ...]: ...
    @property
    def bos(self) -> str: ...
    @property
    def eos(self) -> str: ...


class ChatTemplate:
    """The template of one model. Safe to share between threads; the process begins at the first use."""

    def __init__(self, file: Talking) -> None:
        self._source = file.chat_template
        self._tokens = {"bos_token": file.bos, "eos_token": file.eos}
        self._control = re.compile("|".join(map(re.escape, file.control_tokens)) or r"(?!)")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def knows_tools(self) -> bool:
        return "tools" in self._source

    def render(
        self, messages: Sequence[Message], tools: Sequence[Tool], *, deadline: float
    ) -> tuple[Part, ...]:
        """The prompt, up to where the answer begins. Raises Unsupported if the template fails on these messages."""
        mark = secrets.token_hex(4)
        found: list[str] = []

        def guard(text: str) -> str:
            def put(match: re.Match[str]) -> str:
                found.append(match[0])
                return f"\ue000{mark}{len(found) - 1}\ue001"

            return self._control.sub(put, text)

        values = {
            "messages": [_message(message, guard) for message in messages],
            "tools": [_guarded(_tool(tool), guard) for tool in tools] or None,
            "documents": None,
            "add_generation_prompt": True,
            **self._tokens,
        }
        text = self._ask(values, deadline)
        return tuple(_parts(text, mark, found))

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, values: dict[str, Any], deadline: float) -> str:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise EngineTimeout("the chat template was busy for longer than the time budget")
        try:
            process = self._process or self._start()
            answer = _exchange(process, values, min(deadline, time.monotonic() + RENDER_S))
            if "text" in answer:
                return str(answer["text"])
            self._end()
        except TimeoutError as error:
            self._end()
            raise Unsupported(
                f"the model's chat template took longer than {RENDER_S:g} s",
                hint="look at tokenizer.chat_template of this model, or use another",
            ) from error
        except (OSError, ValueError) as error:  # it ended, or said too much
            self._end()
            raise Unsupported(f"the model's chat template failed: {error}") from error
        finally:
            self._lock.release()
        raise Unsupported(f"the model's chat template refused: {answer.get('error')}")

    def _start(self) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-I", str(Path(template_worker.__file__))]
        try:
            self._process = subprocess.Popen(
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                bufsize=0, env={k: os.environ[k] for k in KEPT if k in os.environ},
            )  # fmt: skip
        except OSError as error:
            raise EngineUnavailable(f"no process for the chat template: {error}") from error
        answer = _exchange(self._process, self._source, time.monotonic() + START_S)
        if "error" in answer:
            raise ValueError(answer["error"])
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _exchange(process: subprocess.Popen[bytes], said: Any, deadline: float) -> dict[str, Any]:
    """One line to the process and one back. Raises TimeoutError, OSError if it ended, ValueError if it says too much."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(said).encode() + b"\n")
    process.stdin.flush()
    heard = bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while not heard.endswith(b"\n"):
            if not waiting.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            heard += _read(process.stdout, len(heard))
    answer: dict[str, Any] = json.loads(heard)
    return answer


def _read(pipe: IO[bytes], heard: int) -> bytes:
    piece = os.read(pipe.fileno(), 1 << 16)
    if not piece:
        raise OSError("its process ended")
    if heard + len(piece) > LONGEST_LINE:
        raise ValueError("its text is too long")
    return piece


def _message(message: Message, guard: Any) -> dict[str, Any]:
    """A message as templates know it from Transformers: arguments of calls are values, not JSON text."""
    made: dict[str, Any] = {"role": message.role, "content": guard(message.content)}
    if message.tool_calls:
        made["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": guard(call.name),
                    "arguments": _arguments(call.arguments, guard),
                },
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        made["tool_call_id"] = message.tool_call_id
    return made


def _arguments(text: str, guard: Any) -> Any:
    try:
        return _guarded(json.loads(text), guard)
    except ValueError:
        return guard(text)


def _tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": function}


def _guarded(value: Any, guard: Any) -> Any:
    """The same JSON value with every text guarded."""
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, list | tuple):
        return [_guarded(one, guard) for one in value]
    if isinstance(value, dict):
        return {guard(str(key)): _guarded(one, guard) for key, one in value.items()}
    return value


def _parts(text: str, mark: str, found: list[str]) -> Iterator[Part]:
    """The text cut at the marks, each of which stands for what was found there."""
    pieces = re.split(f"\ue000{mark}(\\d+)\ue001", text)
    for place, piece in enumerate(pieces):
        if place % 2:
            yield Part(found[int(piece)], plain=True)
        elif piece:
            yield Part(piece)
