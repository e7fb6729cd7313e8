"""The one settings class, and the only place that reads the environment.

Values come, strongest first, from arguments, from the environment (`SHOPKEEPER_PORT=8080`), from a TOML file
(`shopkeeper.toml` in the working folder, or the file named by `SHOPKEEPER_CONFIG`), from the defaults below. An
unknown key is an error. `docs/settings.md` is made from the help texts here.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shopkeeper.errors import SettingsError

PREFIX = "SHOPKEEPER_"
# Read by start scripts, tests and benchmarks, not settings of the program.
NOT_SETTINGS = {"SHOPKEEPER_CONFIG", "SHOPKEEPER_DATA", "SHOPKEEPER_CHROMIUM"}


class EngineSettings(BaseModel):
    """One language model and what runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["llama.cpp", "openai", "transformers"] = Field(
        description="What runs it: llama.cpp in this program, a server with OpenAI's API, or Transformers (extra `train`)."
    )
    model: str = Field(
        min_length=1,
        description="`llama.cpp`: an id of the hub or the path of a GGUF file; `openai`: the server's name for it; "
        "`transformers`: a folder with a checkpoint, or owner/name on the hub.",
    )
    url: str = Field("", description="`openai`: the server's base address, with its /v1.")
    api_key: SecretStr | None = Field(None, description="`openai`: sent as bearer token.")
    context_tokens: int = Field(
        4096, ge=256, le=1_000_000, description="Most tokens of prompt and answer, per request."
    )
    parallel: int = Field(
        4, ge=1, le=256, description="Requests that are worked on at once; others wait."
    )
    threads: int = Field(0, ge=0, le=256, description="`llama.cpp`: threads; 0: by free cores.")
    adapters: dict[str, Path] = Field({}, description="LoRA adapters: name to file.")
    timeout_s: float = Field(60, gt=0, le=3600, description="For a request that names no less.")
    input_price: float = Field(0, ge=0, description="Money for a million tokens of prompts.")
    output_price: float = Field(0, ge=0, description="Money for a million tokens of answers.")
    private: bool = Field(
        False,
        description="`openai`: the server is the shop's own, so personal data may be sent as it is. Else it is replaced "
        "by typed tokens before it leaves.",
    )

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        if self.kind == "openai" and not self.url.startswith(("http://", "https://")):
            raise ValueError("an engine of kind openai needs a url that begins with http")
        return self


class BudgetSettings(BaseModel):
    """What a purpose may use in a day (UTC). 0: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens_per_day: int = Field(
        0, ge=0, description="Of prompts and answers; spent, they stop every engine."
    )
    money_per_day: float = Field(
        0, ge=0, description="By the engines' prices; spent, it stops those that have one."
    )


class Settings(BaseSettings):
    """Everything that can be set. Frozen: read once by a face and passed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_folder: Path = Field(
        Path("~/.local/share/shopkeeper"),
        description="Folder for the embedded database, the indexes and the shop's secret. "
        "Not below a private home when the program runs as root.",
    )
    cache_folder: Path = Field(
        Path("~/.cache/shopkeeper"),
        description="Folder for fetched files (models, assets), shared between programs, safe to delete.",
    )
    model_folder: Path | None = Field(
        None,
        description="Folder with models brought by hand, looked into before any other source, as ID/FILE or FILE. Unset: "
        "none.",
    )
    hub_url: str = Field(
        "https://huggingface.co",
        pattern="^https?://",
        description="Model hub for files that come from one: its own address or that of a mirror.",
    )
    hub_token: SecretStr | None = Field(
        None,
        description="Sent to the model hub, and to nobody else, for models that their owner gives only to some. Unset: "
        "none.",
    )
    offline: bool = Field(
        False, description="Fetch nothing: what is not in the cache or the model folder stays away."
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 15 or later with pgvector, as postgresql://user:password@host/name. "
        "Unset: an embedded server in the data folder.",
    )
    pool_size: int = Field(10, ge=2, le=200, description="Connections to the database, at most.")
    shop_name: str = Field(
        "",
        max_length=80,
        description="The shop's name on its pages. Unset: the demo shop's, or Shopkeeper.",
    )
    currency: str = Field(
        "USD",
        pattern="^[A-Z]{3}$",
        description="ISO 4217 code for prices of feeds that name none, and for the pages.",
    )
    language: str = Field(
        "en",
        pattern="^[a-z]{2,3}$",
        description="Language of feeds that name none, and of the pages at first.",
    )
    languages: tuple[str, ...] = Field(("en", "zh"), description="Languages that the pages offer.")
    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(
        8000, ge=0, le=65535, description="Port that the server listens on; 0 takes a free one."
    )
    embedder: str = Field(
        "auto",
        max_length=40,
        description="What search by meaning begins with, fetched and built in the background by the first start of the "
        "server. `auto`: the embedder recommended for the languages of the pages; or the name of one. Empty: search "
        "goes by words until `shopkeeper index build`.",
    )
    assistant: str = Field(
        "auto",
        max_length=200,
        description="The language model that is fetched in the background by the first start of the server and used "
        "where no route says otherwise. `auto`: the largest recommended one for which there is memory; or the name of "
        "one. Empty: none.",
    )
    support_understanding: Literal["rules", "small", "large"] = Field(
        "rules",
        description="How messages to customer service are understood. `rules`: by words and forms alone. `small`: where "
        "rules understand nothing, a language model chooses among what is possible. `large`: a language model writes down "
        "what is wanted. Rules answer wherever the model of the route `support` fails or is slow.",
    )
    support_rewording: bool = Field(
        False,
        description="Let the language model of the route `support` say replies of customer service in other words. What "
        "changes a number, an id or a price is not used, and proposals are never reworded.",
    )
    credit_days: int = Field(
        7,
        ge=1,
        le=365,
        description="Days after a click on a recommended product within which putting it in the cart and buying it is "
        "credited to the list.",
    )
    keep_lists_days: int = Field(
        90,
        ge=30,
        le=3650,
        description="Days for which lists of recommendations are kept one by one. Then the sums of each day remain, and what "
        "experiments counted.",
    )
    retrain_hours: int = Field(
        24,
        ge=0,
        le=8760,
        description="Hours after which recommendations are trained anew in the background, if people did anything since. "
        "0: only when asked to.",
    )
    engines: dict[str, EngineSettings] = Field(
        {},
        description="Language models by name, each with `kind` (llama.cpp, openai, transformers) and `model`: tables "
        "[engines.NAME] of the file, or JSON. docs/language-models.md has all keys.",
    )
    routes: dict[str, tuple[str, ...]] = Field(
        {},
        description="Purpose to names of engines, asked in this order until one answers; `default` is for purposes that "
        "have no route.",
    )
    budgets: dict[str, BudgetSettings] = Field(
        {},
        description="Purpose to `tokens_per_day` and `money_per_day`; `all` limits the sum. What is over is refused.",
    )
    max_upload_mb: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Largest file that the console and the API take, in megabytes (10^6 bytes).",
    )
    requests_per_second: float = Field(
        200,
        gt=0,
        description="Requests per second that one API key or address may make, before answers of 429.",
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much is logged."
    )

    @field_validator("engines")
    @classmethod
    def _plain_names(cls, engines: dict[str, EngineSettings]) -> dict[str, EngineSettings]:
        for name in engines:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
                raise ValueError(
                    f"the name {name!r} has more than letters, digits, dots and dashes"
                )
        return engines

    @field_validator("routes")
    @classmethod
    def _lead_somewhere(
        cls, routes: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        known = [*info.data.get("engines", ()), "assistant"]
        for purpose, names in routes.items():
            if unknown := [name for name in names if name not in known]:
                raise ValueError(
                    f"{purpose} names {unknown[0]!r}; the engines are {', '.join(known)}"
                )
        return routes

    @field_validator("data_folder", "cache_folder", "model_folder")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        return folder.expanduser().absolute() if folder else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before environment; `load_settings` puts the file's values below both."""
        return init_settings, env_settings


def load_settings(*, config: Path | None = None, **overrides: Any) -> Settings:
    """The settings in force. `overrides` that are None count as not given.

    Raises SettingsError naming the key, the value and where it came from.
    """
    known = Settings.model_fields
    environment = {key for key in os.environ if key.startswith(PREFIX)} - NOT_SETTINGS
    for key in environment:
        _check_known(key.removeprefix(PREFIX).lower(), known, f"environment variable {key}", PREFIX)
    path, values = _read_file(config)
    for key in values:
        _check_known(key, known, f"{path}: key {key!r}", "")
    from_environment = {key.removeprefix(PREFIX).lower() for key in environment}
    given = {key: value for key, value in overrides.items() if value is not None}
    merged = {key: value for key, value in values.items() if key not in from_environment} | given
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise SettingsError(
            _explain(error, from_environment, path), hint="see docs/settings.md"
        ) from error


def origins_of(*, config: Path | None = None, **overrides: Any) -> dict[str, str]:
    """Setting -> where its value comes from, of those that are not as by default. Raises SettingsError."""
    path, values = _read_file(config)
    environment = (key for key in os.environ if key.startswith(PREFIX) and key not in NOT_SETTINGS)
    return {
        **{key: str(path) for key in values},
        **{key.removeprefix(PREFIX).lower(): key for key in environment},
        **{key: "an option" for key, value in overrides.items() if value is not None},
    }


def _read_file(config: Path | None) -> tuple[Path, dict[str, Any]]:
    named = config or (
        Path(os.environ["SHOPKEEPER_CONFIG"]) if "SHOPKEEPER_CONFIG" in os.environ else None
    )
    path = named or Path("shopkeeper.toml")
    if named is None and not path.is_file():
        return path, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot be read: {error}", hint="check SHOPKEEPER_CONFIG"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path}: not valid TOML: {error}", hint="mend the line named"
        ) from error


def _check_known(key: str, known: Any, where: str, prefix: str) -> None:
    if key in known:
        return
    near = difflib.get_close_matches(key, known, n=1)
    meant = prefix + (near[0].upper() if prefix else near[0]) if near else ""
    hint = f"did you mean {meant}?" if near else "docs/settings.md lists what can be set"
    raise SettingsError(f"{where} is not a setting", hint=hint)


def _explain(error: ValidationError, from_environment: set[str], path: Path) -> str:
    lines = []
    for problem in error.errors():
        key = str(problem["loc"][0]) if problem["loc"] else "?"
        where = (
            f"{PREFIX}{key.upper()}" if key in from_environment else f"{key} (argument or {path})"
        )
        where += "".join(f".{part}" for part in problem["loc"][1:])
        value = "…" if key in ("database_url", "engines", "hub_token") else repr(problem["input"])
        lines.append(f"{where} = {value}: {problem['msg']}")
    return "; ".join(lines)
