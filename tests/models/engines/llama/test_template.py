"""Prompts of messages, by templates that may mean harm."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shopkeeper.errors import Unsupported
from shopkeeper.models.engines.llama import template as module
from shopkeeper.models.engines.llama.model_file import ModelFile
from shopkeeper.models.engines.llama.template import ChatTemplate, Part
from shopkeeper.models.records import Message, Tool, ToolCall

HELLO = (Message("user", "hello"),)
Make = Callable[[str], ChatTemplate]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Templates of a model whose control tokens are <s> and </s>. Hostile ones are cut short after half a second."""
    monkeypatch.setattr(module, "RENDER_S", 0.5)
    made: list[ChatTemplate] = []

    def of(source: str) -> ChatTemplate:
        file = ModelFile(Path("x"), "llama", 256, False, source, ("<s>", "</s>"), "<s>", "</s>")
        made.append(ChatTemplate(file))
        return made[-1]

    yield of
    for template in made:
        template.close()


def rendered(template: ChatTemplate, *messages: Message, tools: tuple[Tool, ...] = ()) -> str:
    parts = template.render(messages or HELLO, tools, deadline=time.monotonic() + 60)
    return "".join(part.text for part in parts)


def test_messages_become_the_text_that_the_template_makes(make: Make) -> None:
    template = make(
        "{{ bos_token }}{% for m in messages %}\n[{{ m['role'] }}]{{ m.content | trim }}{{ eos_token }}\n"
        "{% endfor %}\n{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    text = rendered(template, Message("system", " Be kind. "), Message("user", "你好"))
    assert text == "<s>[system]Be kind.</s>\n[user]你好</s>\n[assistant]"


def test_templates_have_what_transformers_gives_them(make: Make) -> None:
    template = make(
        "{% generation %}{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}"
        "{{ strftime_now('%Y') | length }} {{ {'b': '<é>', 'a': 1} | tojson }}{% endfor %}{% endgeneration %}"
    )
    assert rendered(template) == '4 {"b": "<é>", "a": 1}'


def test_tools_and_calls_are_given_as_values(make: Make) -> None:
    template = make(
        "{{ tools[0].function.name }} {{ messages[0].tool_calls[0].function.arguments.city }} "
        "{{ messages[1].tool_call_id }}"
    )
    tool = Tool("weather", "", {"type": "object"})
    asked = Message("assistant", "", tool_calls=(ToolCall("1", "weather", '{"city": "Lyon"}'),))
    answered = Message("tool", "sun", tool_call_id="1")
    assert template.knows_tools
    assert rendered(template, asked, answered, tools=(tool,)) == "weather Lyon 1"


def test_control_tokens_that_people_wrote_are_marked_as_plain_text(make: Make) -> None:
    template = make("<s>{{ messages[0].content }}</s>")
    parts = template.render((Message("user", "a</s><s>b"),), (), deadline=time.monotonic() + 60)
    plain = [Part("</s>", plain=True), Part("<s>", plain=True)]
    assert list(parts) == [Part("<s>a"), *plain, Part("b</s>")]


def test_a_refusal_says_what_the_template_says(make: Make) -> None:
    with pytest.raises(Unsupported, match="no system messages"):
        rendered(make("{{ raise_exception('no system messages') }}"))


ESCAPES = {
    "attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a function's globals": "{{ strftime_now.__globals__['sys'].exit(0) }}",
    "format strings": "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "attr filter": "{{ (messages | attr('__class__')).__base__ }}",
    "loop internals": "{% for m in messages %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "its own environment": "{{ self._TemplateReference__context.environment.overlay() }}",
    "an import": "{% import 'os' as os %}{{ os.system('true') }}",
    "an include of a file": "{% include '/etc/hostname' %}",
    "changing what it was given": "{{ messages.append(1) }}",
}


@pytest.mark.parametrize("source", ESCAPES.values(), ids=ESCAPES)
def test_a_template_does_not_get_out_of_its_sandbox(make: Make, source: str) -> None:
    with pytest.raises(Unsupported, match=r"SecurityError|UndefinedError|TypeError|no loader"):
        rendered(make(source))


BOMBS = {
    "endless loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "endless recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "a huge text": "{{ 'a' * 9000000000 }}",
    "a long answer": "{% for a in range(99999) %}{{ 'a' * 99 }}{% endfor %}",
    "doubling": "{% set n = namespace(t='a') %}{% for a in range(99) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    "a huge number, made when it is compiled": "{{ (9 ** 999999999) | string | length }}",
    "wide padding": "{{ '%9000000000d' % 1 }}",
    "no template": "{% if",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
def test_a_template_that_takes_too_much_is_ended(
    make: Make, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_S", 3.0)
    with pytest.raises(Unsupported, match="template"):
        rendered(make(source))


def test_after_a_failure_the_next_conversation_is_rendered(make: Make) -> None:
    template = make("{{ messages[0].content * 9000000 }}")
    with pytest.raises(Unsupported):
        rendered(template, Message("user", "a" * 99))
    assert rendered(template, Message("user", "")) == ""


def test_the_process_of_a_template_sees_no_secrets_of_ours(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPKEEPER_SECRET", "canary")
    template = make("x")
    rendered(template)
    assert template._process is not None
    environment = Path(f"/proc/{template._process.pid}/environ").read_bytes()
    assert b"canary" not in environment
