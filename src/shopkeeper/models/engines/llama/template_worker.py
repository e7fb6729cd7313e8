"""Renders a chat template in a process of its own: a template is a program that came with the weights.

Run as a file, with nothing but Jinja imported. The first line in is the template, each further line what to render,
each line out a text or what went wrong. The sandbox keeps the template from attributes and functions of Python, the
limits of this process keep it from memory, files and processes, and who asks ends the process when it takes too
long. What templates may use is what Transformers gives them (utils/chat_template_utils.py).
"""

import json
import sys
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_MEMORY = 1 << 30
LONGEST_TEXT = 4_000_000


class GenerationTag(Extension):
    """`{% generation %}…{% endgeneration %}` marks what the model wrote, for training; here it changes nothing."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def strftime_now(form: str) -> str:
    return datetime.now().strftime(form)


def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **more: Any) -> str:
    """JSON without HTML escapes, which models were not trained on."""
    separators, sort_keys = more.get("separators"), bool(more.get("sort_keys"))
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    made.filters["tojson"] = to_json
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = strftime_now
    return made


def limit_this_process() -> None:
    """No more memory than a template needs, and no file written or process begun."""
    try:
        import resource
    except ImportError:  # Windows has none; time and output are limited there as well
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    limit_this_process()
    try:
        template = environment().from_string(json.loads(sys.stdin.readline()))
        answer(json.dumps({"ready": True}))
        for line in sys.stdin:
            text = template.render(**json.loads(line))
            answer(
                json.dumps(
                    {"text": text}
                    if len(text) <= LONGEST_TEXT
                    else {"error": "its text is too long"}
                )
            )
    except (
        Exception
    ) as error:  # whatever a template does is said in one shape, and ends the process
        answer(json.dumps({"error": f"{type(error).__name__}: {error}"[:500]}))


if __name__ == "__main__":
    main()
