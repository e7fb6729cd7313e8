"""Ten types filled in by a model of 135 million parameters, greedily and at temperature 1: valid, or a typed error.

Ours: `shopkeeper.models.structured.ask`, the type bounded. Beside it (`.unbounded`): the JSON schema as pydantic makes
it, given to the same engine. Each text of `benchmarks/forms.py` is put to each type, whether or not it fits: what is
measured is not what the model understands, but that an answer ends and is an instance. A run-away number has 13 digits or
more, or an exponent.
"""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmarks.forms import FORMS, TEXTS
from shopkeeper.errors import EngineError, EngineTimeout, OutputError
from shopkeeper.models import hub
from shopkeeper.models.engines import LanguageModel
from shopkeeper.models.engines.llama import LlamaEngine
from shopkeeper.models.records import Controls, Generation, JsonSchema, Message, Request
from shopkeeper.models.structured import Form, ask
from shopkeeper.settings import EngineSettings, load_settings

MODEL = "smollm2-135m"
TEMPERATURES = (0.0, 1.0)
TIMEOUT_S = 120.0
LATE_S = 5.0  # after the time budget: a hang
PARALLEL = 4
UNBOUNDED_TOKENS = 1024
IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)')
RUNAWAY = re.compile(r"\d{13}|\d[eE][+-]?\d|\d\.\d{13}")


@dataclass(frozen=True, slots=True)
class Case:
    """One question."""

    form: str
    text: str
    temperature: float
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: valid, output (OutputError), engine (EngineError), timeout, invalid."""

    case: Case
    how: str
    seconds: float
    tokens: int = 0
    repaired: bool = False
    runaway: bool = False
    reason: str = ""  # of an error


def run(*, quick: bool, data: Path) -> dict[str, Any]:
    """All cases on both ways, printed as a table."""
    engine = _open()
    cases = _cases(5 if quick else len(TEXTS))
    beside = _cases(2 if quick else 5)
    try:
        forms = {name: Form[Any](kind) for name, kind in FORMS.items()}
        ours = _all(lambda case: _bounded(engine, forms[case.form], case), cases)
        plain = _all(lambda case: _unbounded(engine, FORMS[case.form], case), beside)
    finally:
        engine.close()
    _print(ours, plain)
    return _figures(ours) | {f"{k}.unbounded": v for k, v in _figures(plain).items()}


def _open() -> LlamaEngine:
    path = hub.pull(MODEL, load_settings().cache_folder)
    settings = EngineSettings(
        kind="llama.cpp", model=MODEL, context_tokens=2048, parallel=PARALLEL, timeout_s=TIMEOUT_S
    )
    return LlamaEngine.open(path, name=MODEL, settings=settings, tried=True)


def _cases(texts: int) -> list[Case]:
    return [
        Case(form, text, temperature, seed)
        for form in FORMS
        for temperature in TEMPERATURES
        for seed, text in enumerate(TEXTS[:texts])
    ]


def _all(one: Callable[[Case], Outcome], cases: list[Case]) -> list[Outcome]:
    found = []
    with ThreadPoolExecutor(PARALLEL) as pool:
        for outcome in pool.map(one, cases):
            found.append(outcome)
            print(f"\r{len(found)} of {len(cases)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def _prompt(case: Case) -> tuple[Message, ...]:
    return (Message("user", f"Write what this text says as JSON ({case.form}).\n\n{case.text}"),)


def _bounded(engine: LanguageModel, form: Form[Any], case: Case) -> Outcome:
    begun = time.perf_counter()
    controls = Controls(temperature=case.temperature, seed=case.seed)
    try:
        answer = ask(engine, _prompt(case), form, controls=controls, timeout_s=TIMEOUT_S)
    except (OutputError, EngineError) as error:
        return _failed(case, error, begun)
    last = answer.generations[-1]
    return _outcome(case, FORMS[case.form], last, begun, answer.repaired)


def _unbounded(engine: LanguageModel, kind: Any, case: Case) -> Outcome:
    begun = time.perf_counter()
    request = Request(
        _prompt(case),
        Controls(max_new_tokens=UNBOUNDED_TOKENS, temperature=case.temperature, seed=case.seed),
        JsonSchema(TypeAdapter(kind).json_schema()),
        timeout_s=TIMEOUT_S,
    )
    try:
        return _outcome(case, kind, engine.generate(request), begun)
    except EngineError as error:
        return _failed(case, error, begun)


def _outcome(
    case: Case, kind: Any, found: Generation, begun: float, repaired: bool = False
) -> Outcome:
    """Judged by pydantic alone, whatever `ask` thinks of it."""
    how = "cut" if found.finish == "length" else "valid"
    try:
        TypeAdapter(kind).validate_json(found.text)
    except ValidationError:
        how = "cut" if how == "cut" else "invalid"
    seconds = time.perf_counter() - begun
    runaway = bool(RUNAWAY.search(IN_QUOTES.sub('""', found.text)))
    return Outcome(case, how, seconds, found.usage.completion_tokens, repaired, runaway)


def _failed(case: Case, error: OutputError | EngineError, begun: float) -> Outcome:
    """A typed error."""
    how = "output" if isinstance(error, OutputError) else "engine"
    if isinstance(error, EngineTimeout):
        how = "timeout"
    return Outcome(case, how, time.perf_counter() - begun, reason=error.message)


def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    how = Counter(outcome.how for outcome in outcomes)
    number = len(outcomes)
    typed = how["valid"] + how["output"] + how["timeout"] + how["engine"]
    return {
        "generations": number,
        "valid_or_typed_error": round(typed / number, 4),
        "valid": round(how["valid"] / number, 4),
        "cut": how["cut"],
        "invalid": how["invalid"],
        "output_errors": how["output"],
        "timeouts": how["timeout"],
        "engine_errors": how["engine"],
        "repaired": sum(outcome.repaired for outcome in outcomes),
        "hangs": sum(outcome.seconds > TIMEOUT_S + LATE_S for outcome in outcomes),
        "runaway_numbers": sum(outcome.runaway for outcome in outcomes),
        "tokens": sum(outcome.tokens for outcome in outcomes),
    }


def _print(ours: list[Outcome], plain: list[Outcome]) -> None:
    print(f"{MODEL}, temperatures {TEMPERATURES}, {len(TEXTS)} texts at most\n")
    print("type         way        n  valid  cut  invalid  error  run-away  tokens  slowest s")
    for form in FORMS:
        for way, outcomes in (("bounded", ours), ("unbounded", plain)):
            here = [one for one in outcomes if one.case.form == form]
            how = Counter(one.how for one in here)
            print(
                f"{form:12} {way:9} {len(here):3} {how['valid']:6} {how['cut']:4} {how['invalid']:8} "
                f"{how['output'] + how['timeout'] + how['engine']:6} "
                f"{sum(one.runaway for one in here):9} {sum(one.tokens for one in here):7} "
                f"{max(one.seconds for one in here):10.1f}"
            )
    for reason, count in Counter(one.reason for one in (*ours, *plain) if one.reason).items():
        print(f"{count:4} x {reason}")
