"""What every engine promises, as one class of tests: an engine's module subclasses it and gives it the engine.

    class TestLlama(EngineSuite):
        @pytest.fixture
        def engine(self, ...) -> LanguageModel: ...  # one for all tests that only ask

        @pytest.fixture
        def another(self, ...) -> LanguageModel: ...  # of the same kind, new for each test: it gets closed

Abilities that the engine lacks are tested too: asking for them raises Unsupported. The class attributes say what is
known about the model.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from shopkeeper.errors import ContextTooLong, EngineTimeout, EngineUnavailable, Unsupported
from shopkeeper.models.engines import LanguageModel
from shopkeeper.models.records import (
    Ability,
    Controls,
    Generation,
    Grammar,
    JsonSchema,
    Message,
    Request,
    Tool,
)

ANSWER = JsonSchema(
    {
        "type": "object",
        "properties": {"yes": {"type": "boolean"}},
        "required": ["yes"],
        "additionalProperties": False,
    }
)
SENTIMENT = Grammar('root ::= "positive" | "negative"')
WEATHER = Tool("weather", "Weather of a city.", {"type": "object", "properties": {}})
QUESTION = (Message("system", "Answer in one word."), Message("user", "Is water wet?"))


class ScoringSuite:
    """What is asked of every engine, those of encoders too, which cannot generate."""

    prompt: ClassVar[str] = "The capital of France is"
    likely: ClassVar[str] = " Paris"
    unlikely: ClassVar[str] = " banana"
    # The score of a continuation is the sum over its parts, each after what was before it: true of models that read
    # from left to right and continue the prompt itself.
    reads_on: ClassVar[bool] = True
    counts_exactly: ClassVar[bool] = True  # False where the tokenizer is elsewhere

    # -- scoring

    def test_scores_are_in_order_and_an_empty_text_is_certain(self, engine: LanguageModel) -> None:
        if self.refuses_scoring(engine):
            return
        texts = [self.likely, "", self.unlikely, self.likely + self.unlikely]
        together = engine.score(self.prompt, texts)
        alone = [engine.score(self.prompt, [text]).scores[0] for text in texts]
        assert [s.tokens for s in together.scores] == [s.tokens for s in alone]
        if self.counts_exactly:
            assert [s.tokens for s in together.scores] == [engine.count_tokens(t) for t in texts]
        ours, theirs = ([s.log_likelihood for s in each] for each in (together.scores, alone))
        assert np.allclose(ours, theirs, atol=0.05)
        assert ours[1] == 0
        assert max(ours[0], *ours[2:]) < 0
        assert together.model == engine.model
        assert together.usage.prompt_tokens > 0
        assert engine.score(self.prompt, []).scores == ()

    def test_likelier_text_scores_higher(self, engine: LanguageModel) -> None:
        if self.refuses_scoring(engine):
            return
        likely, unlikely = engine.score(self.prompt, [self.likely, self.unlikely]).scores
        assert likely.log_likelihood > unlikely.log_likelihood + 1

    def test_a_score_is_the_sum_over_its_parts(self, engine: LanguageModel) -> None:
        if self.refuses_scoring(engine) or not self.reads_on:
            return
        first, second = self.likely, self.unlikely
        [whole] = engine.score(self.prompt, [first + second]).scores
        [before] = engine.score(self.prompt, [first]).scores
        [after] = engine.score(self.prompt + first, [second]).scores
        assert whole.log_likelihood == pytest.approx(
            before.log_likelihood + after.log_likelihood, abs=0.1
        )

    # -- embedding

    def test_a_vector_has_length_one_whatever_is_beside_it(self, engine: LanguageModel) -> None:
        texts = ["a blue cup", "", "保温杯", "a blue cup, and more beside it than before"]
        if "embed" not in engine.abilities:
            with pytest.raises(Unsupported):
                engine.embed(texts)
            return
        together = engine.embed(texts)
        alone = np.vstack([engine.embed([text]).vectors for text in texts])
        assert together.vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(together.vectors, axis=1), 1, atol=1e-4)
        assert np.allclose(together.vectors, alone, atol=5e-3)
        assert engine.embed([]).vectors.shape[0] == 0

    @staticmethod
    def refuses_scoring(engine: LanguageModel) -> bool:
        """True, and Unsupported seen, of an engine that cannot score."""
        if "score" in engine.abilities:
            return False
        with pytest.raises(Unsupported):
            engine.score("a", ["b"])
        return True


class EngineSuite(ScoringSuite):
    """The contract of `shopkeeper.models.engines.contract`, on any engine whose model knows some English."""

    prompts: ClassVar[tuple[str, ...]] = (
        "The capital of France is", "The opposite of hot is", "One, two, three, four,", "The sky is blue and the",
    )  # fmt: skip
    # Greedy text of models that go round in circles: penalties are seen by it.
    endless: ClassVar[str] = "one two three one two three one two three one two three"

    # -- generating

    def test_a_generation_says_what_came_and_what_it_took(self, engine: LanguageModel) -> None:
        done = self.continued(engine, max_new_tokens=8)
        assert done.text
        assert done.model == engine.model
        assert 1 <= done.usage.completion_tokens <= 8
        assert done.usage.cached_tokens <= done.usage.prompt_tokens
        assert len(done.token_ids) in (0, done.usage.completion_tokens)
        assert 0 <= done.timing.first_token_ms <= done.timing.total_ms

    def test_prompt_tokens_are_those_of_the_text(self, engine: LanguageModel) -> None:
        done = self.continued(engine, max_new_tokens=1)
        extra = done.usage.prompt_tokens - engine.count_tokens(self.prompt)
        assert 0 <= extra <= 2 or not self.counts_exactly, "marks for beginning and end at most"

    def test_greedy_text_is_the_same_each_time(self, engine: LanguageModel) -> None:
        assert self.continued(engine).text == self.continued(engine).text

    @pytest.mark.parametrize("count", [1, 2, 7])
    def test_no_more_tokens_than_asked_for(self, engine: LanguageModel, count: int) -> None:
        done = self.continued(engine, max_new_tokens=count)
        assert done.usage.completion_tokens <= count
        assert done.finish == "stop" or done.usage.completion_tokens == count
        assert self.continued(engine, max_new_tokens=12).text.startswith(done.text)

    def test_a_stop_text_ends_the_answer_and_is_not_in_it(self, engine: LanguageModel) -> None:
        whole = self.continued(engine).text
        stop = whole[len(whole) // 2 :][:3]
        done = self.continued(engine, stop=("never there", stop))
        assert (done.text, done.finish) == (whole[: whole.index(stop)], "stop")

    @pytest.mark.parametrize(
        "narrow", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}], ids=lambda n: next(iter(n))
    )
    def test_only_the_likeliest_token_left_is_greedy(
        self, engine: LanguageModel, narrow: dict[str, Any]
    ) -> None:
        hot = self.continued(engine, temperature=1.5, seed=1, **narrow)
        assert hot.text == self.continued(engine).text

    def test_a_seed_brings_the_same_text_again(self, engine: LanguageModel) -> None:
        texts = [self.continued(engine, temperature=2.0, seed=seed).text for seed in (1, 2, 3) * 2]
        assert texts[:3] == texts[3:]
        assert len(set(texts)) > 1

    def test_without_a_seed_texts_differ(self, engine: LanguageModel) -> None:
        assert len({self.continued(engine, temperature=2.0).text for _ in range(4)}) > 1

    def test_a_banned_token_does_not_come(self, engine: LanguageModel) -> None:
        first = self.continued(engine, max_new_tokens=1)
        if not first.token_ids:
            pytest.skip("this engine does not tell token ids")
        ban = {first.token_ids[0]: -100.0}
        if "logit_bias" not in engine.abilities:
            with pytest.raises(Unsupported):
                self.continued(engine, logit_bias=ban)
            return
        assert first.token_ids[0] not in self.continued(engine, logit_bias=ban).token_ids

    @pytest.mark.parametrize(
        "name", ["frequency_penalty", "presence_penalty", "repetition_penalty"]
    )
    def test_penalties_keep_text_from_going_round(self, engine: LanguageModel, name: str) -> None:
        freely, punished = (
            self.continued(engine, prompt=self.endless, max_new_tokens=24, **given).text.split()
            for given in ({}, {name: 9.0})
        )
        assert len(set(punished)) / len(punished) > len(set(freely)) / len(freely)

    def test_beams_find_a_text_at_least_as_likely(self, engine: LanguageModel) -> None:
        if "beams" not in engine.abilities:
            with pytest.raises(Unsupported):
                self.continued(engine, beams=3)
            return
        texts = [self.continued(engine, beams=beams).text for beams in (1, 4)]
        greedy, found = engine.score(self.prompt, texts).scores
        assert found.log_likelihood >= greedy.log_likelihood - 1e-3

    def test_text_of_any_script_is_read_and_written(self, engine: LanguageModel) -> None:
        prompt = "保温杯 – café “naïve” 👍🏽 Ωμέγα\n\t"
        done = self.continued(engine, prompt=prompt)
        assert "".join(p.text for p in engine.stream(self.request(prompt=prompt))) == done.text
        done.text.encode()  # no half of a surrogate pair
        assert engine.count_tokens(prompt) > engine.count_tokens("") == 0

    # -- streaming

    @pytest.mark.parametrize("given", [{}, {"temperature": 1.0, "seed": 7}], ids=["greedy", "seed"])
    def test_a_stream_is_the_generation_in_pieces(
        self, engine: LanguageModel, given: dict[str, Any]
    ) -> None:
        *pieces, last = engine.stream(self.request(**given))
        done = self.continued(engine, **given)
        assert last.generation is not None
        assert last.text == ""
        assert "".join(piece.text for piece in pieces) == last.generation.text == done.text
        assert (last.generation.finish, last.generation.token_ids) == (done.finish, done.token_ids)
        assert all(piece.generation is None and piece.text for piece in pieces)
        assert len(pieces) > 1

    def test_a_stop_text_is_never_streamed_in_part(self, engine: LanguageModel) -> None:
        whole = self.continued(engine).text
        stop = whole[len(whole) // 2 :][:5]
        *pieces, last = engine.stream(self.request(stop=(stop,)))
        assert "".join(piece.text for piece in pieces) == whole[: whole.index(stop)]
        assert last.generation is not None
        assert last.generation.finish == "stop"

    def test_a_closed_stream_frees_its_place(self, engine: LanguageModel) -> None:
        whole = self.continued(engine).text
        for _ in range(6):  # more than are worked on at once
            stream = iter(engine.stream(self.request(max_new_tokens=100)))
            assert next(stream).text
            stream.close()  # type: ignore[attr-defined]  # a generator's way to stop
        assert self.continued(engine).text == whole

    # -- limits

    def test_a_spent_time_budget_is_an_error(self, engine: LanguageModel) -> None:
        hurried = replace(self.request(), timeout_s=1e-6)
        for ask in self.ways_to_ask(engine, hurried):
            with pytest.raises(EngineTimeout):
                ask()

    def test_a_prompt_longer_than_the_context_is_an_error(self, engine: LanguageModel) -> None:
        if not engine.context_tokens:
            pytest.skip("the context of this model is not known")
        long = self.request(prompt=f"{self.prompt} " * engine.context_tokens)
        for ask in self.ways_to_ask(engine, long):
            with pytest.raises(ContextTooLong):
                ask()

    def test_threads_share_an_engine(self, engine: LanguageModel) -> None:
        alone = [self.continued(engine, prompt=p, max_new_tokens=4).text for p in self.prompts]
        with ThreadPoolExecutor(4) as pool:
            many = list(
                pool.map(
                    lambda p: self.continued(engine, prompt=p, max_new_tokens=4).text,
                    self.prompts * 3,
                )
            )
        assert many == alone * 3

    def test_a_closed_engine_is_unavailable(self, another: LanguageModel) -> None:
        stream = iter(another.stream(self.request(max_new_tokens=200)))
        next(stream)
        another.close()
        with pytest.raises(EngineUnavailable):
            list(stream)
        for ask in self.ways_to_ask(another, self.request()):
            with pytest.raises(EngineUnavailable):
                ask()
        another.close()  # once more is no harm

    # -- abilities

    def test_messages_are_answered(self, engine: LanguageModel) -> None:
        self.supported_or_refused(
            engine, "chat", Request(QUESTION, Controls(max_new_tokens=4)), lambda text: bool(text)
        )

    def test_a_json_schema_is_kept_to(self, engine: LanguageModel) -> None:
        request = replace(self.request(max_new_tokens=32), constraint=ANSWER)
        self.supported_or_refused(
            engine, "json_schema", request, lambda text: set(json.loads(text)) == {"yes"}
        )

    def test_a_grammar_is_kept_to(self, engine: LanguageModel) -> None:
        request = replace(self.request(), constraint=SENTIMENT)
        self.supported_or_refused(
            engine, "grammar", request, lambda text: text in ("positive", "negative")
        )

    def test_tools_are_refused_where_they_cannot_be_called(self, engine: LanguageModel) -> None:
        request = Request(QUESTION, Controls(max_new_tokens=16), tools=(WEATHER,))
        self.supported_or_refused(engine, "tools", request, lambda text: True)

    def test_an_adapter_that_is_not_there_is_refused(self, engine: LanguageModel) -> None:
        with pytest.raises(Unsupported):
            engine.generate(replace(self.request(), adapter="not-there"))

    # -- what the tests above say

    def request(self, *, prompt: str | None = None, **controls: Any) -> Request:
        given = {"max_new_tokens": 16} | controls
        return Request(self.prompt if prompt is None else prompt, Controls(**given))

    def continued(self, engine: LanguageModel, **given: Any) -> Generation:
        return engine.generate(self.request(**given))

    @staticmethod
    def ways_to_ask(engine: LanguageModel, request: Request) -> list[Callable[[], object]]:
        """Everything that the engine can do with the request's prompt and time."""
        ways: dict[Ability, list[Callable[[], object]]] = {
            "generate": [lambda: engine.generate(request), lambda: list(engine.stream(request))],
            "score": [lambda: engine.score(request.prompt, [" x"], timeout_s=request.timeout_s)],
        }
        return [
            way for ability, each in ways.items() if ability in engine.abilities for way in each
        ]

    @staticmethod
    def supported_or_refused(
        engine: LanguageModel, ability: Ability, request: Request, kept: Callable[[str], bool]
    ) -> None:
        if ability in engine.abilities:
            assert kept(engine.generate(request).text)
            return
        with pytest.raises(Unsupported):
            engine.generate(request)
