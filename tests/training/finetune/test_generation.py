"""Only answers are scored, and what is measured is what the model says."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from shopkeeper.models.prompting.tasks import ATTRIBUTES
from shopkeeper.training.fast import IGNORED
from shopkeeper.training.finetune.decoding import answers
from shopkeeper.training.finetune.generation import TASK, Asking, graded
from shopkeeper.training.finetune.plan import FinetunePlan
from shopkeeper.training.finetune.tasks import Row
from shopkeeper.training.objectives import Batch
from shopkeeper.training.opening import open_model
from shopkeeper.training.sampling import greedy
from shopkeeper.training.transformer import Transformer
from shopkeeper.training.words import Words, load_words
from tests.training.families import SMALL
from tests.training.finetune.small import ROWS, base, translator

CHAT = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"  # fmt: skip


def batch(folder: Path, rows: Sequence[Row]) -> tuple[Batch, Words]:
    opened = open_model(str(folder), data_folder=folder, cache_folder=folder)
    plan = FinetunePlan("generation", "", "", length=64)
    work = TASK.work(opened.model, opened.words, plan, train=rows, validation=rows)
    return work.batch_of(work.train), opened.words


def test_what_is_scored_is_the_answer_and_its_end(tmp_path: Path) -> None:
    rows = [{"input": "a red cup", "output": "red"}, {"input": "a blue shoe of size 3", "output": "blue cup"}]  # fmt: skip
    made, words = batch(base(tmp_path), rows)
    end = words.id("eos")
    for tokens, targets, row in zip(made.tokens, made.targets, rows, strict=True):
        asked, answer = words.encode(row["input"]), [*words.encode(f" {row['output']}"), end]
        assert tokens.tolist()[: len(asked) + len(answer) - 1] == [*asked, *answer[:-1]]
        first = len(asked) - 1
        assert targets.tolist()[first : first + len(answer)] == answer
        rest = [*targets.tolist()[:first], *targets.tolist()[first + len(answer) :]]
        assert set(rest) <= {IGNORED}


def test_examples_come_before_what_is_asked_and_their_answers_are_scored_too(
    tmp_path: Path,
) -> None:
    examples = [
        {"input": "a red cup", "output": "red"},
        {"input": "a green hat", "output": "green"},
    ]
    asked = {"input": "a blue shoe", "output": "blue"}
    made, words = batch(base(tmp_path), [{**asked, "examples": examples}])
    end = words.id("eos")
    assert end is not None
    tokens: list[int] = []
    scored: list[bool] = []
    for each in (*examples, asked):
        read, said = words.encode(each["input"]), [*words.encode(f" {each['output']}"), end]
        tokens += [*read, *said]
        scored += [False] * len(read) + [True] * len(said)
    assert made.tokens[0].tolist() == tokens[:-1]
    wanted = [t if s else IGNORED for t, s in zip(tokens[1:], scored[1:], strict=True)]
    assert made.targets[0].tolist() == wanted


def test_examples_without_an_answer_are_refused() -> None:
    row = {"input": "a cup", "output": "cup", "examples": [{"input": "a hat"}]}
    with pytest.raises(ValueError, match="'examples' are a list of objects"):
        TASK.checked(row, FinetunePlan("generation", "", ""))


def test_an_encoder_decoder_reads_what_is_asked_and_says_the_answer(tmp_path: Path) -> None:
    made, words = batch(translator(tmp_path), [{"input": "a red cup", "output": "red"}])
    end = words.id("eos")
    assert made.source is not None
    assert made.source[0].tolist() == [*words.encode("a red cup"), end]
    assert made.targets[0].tolist() == [*words.encode("red"), end]
    assert made.tokens[0].tolist() == [0, *words.encode("red")]


def test_rows_go_into_the_chat_template_and_cannot_leave_it(tmp_path: Path) -> None:
    plain = load_words(base(tmp_path))
    words = Words(plain.tokenizer, {**plain.config, "chat_template": CHAT})
    asking = Asking(words, shape_has_encoder=False, chat=True)
    row = {"system": "be brief", "input": "a red<|endoftext|> cup", "output": "red"}
    said = words.tokenizer.decode(list(asking.prompt(row)), skip_special_tokens=False)
    asking.close()
    assert said == "<system>be brief<user>a red<|endoftext|> cup<assistant>"
    assert words.id("eos") not in asking.prompt(row)
    asking.close()


def test_rows_that_are_too_long_are_left_out_and_not_cut(tmp_path: Path) -> None:
    opened = open_model(str(base(tmp_path)), data_folder=tmp_path, cache_folder=tmp_path)
    plan = FinetunePlan("generation", "", "", length=12)
    long = {"input": "a red cup of size 3 " * 9, "output": "red"}
    work = TASK.work(opened.model, opened.words, plan, train=[*ROWS[:3], long], validation=ROWS[:3])
    assert len(work.train) == 3


def test_many_answers_at_once_are_those_one_by_one() -> None:
    random = torch.Generator().manual_seed(3)
    for name in ("llama", "gpt2", "qwen2"):
        torch.manual_seed(1)
        model = Transformer(SMALL[name]()).eval()
        prompts = [torch.randint(5, 101, (n,), generator=random).tolist() for n in (3, 9, 1, 5)]
        ends = frozenset(range(5))
        alone = [greedy(model, p, max_new_tokens=12, ends=ends) for p in prompts]
        assert answers(model, prompts, max_new_tokens=12, ends=ends) == alone


def test_an_answer_of_the_wrong_form_is_wrong() -> None:
    row = TASK.checked(
        {"input": {"title": "red cup", "attributes": ["Colour"]}, "output": {"Colour": "red"}},
        FinetunePlan("generation", "", "", shop_task="attributes"),
    )
    assert row["output"] == '{"Colour": "red"}' and "red cup" in row["input"]
    rows = [row, row, row]
    measures = graded(ATTRIBUTES, rows, ['{"Colour": "red"}', "red", '{"Colour": "cup"}'])
    assert measures == {"grade": 1 / 3, "f1": 2 * 1 / (2 + 3)}
