"""Bodies as OpenAI's API has them: those that are read, with our own fields beside, and those that are sent.

What is read and not named here is refused, so that nothing is ignored in silence; fields that only mean something to
OpenAI (`user`, `store`, …) are taken and have no effect.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_MESSAGES = 1000
MAX_TOOLS = 128
MAX_INPUTS = 2048  # texts of one request for vectors

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FunctionName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")]
Stop = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Read(BaseModel):
    """A body, or a part of one, that is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TextPart(Read):
    """A part of a message. Other parts, such as pictures, are not taken."""

    type: Literal["text"]
    text: str


class FunctionCall(Read):
    """A function and the JSON text of its arguments."""

    name: FunctionName
    arguments: str


class AskedCall(Read):
    """A call that the model asked for in an earlier turn."""

    id: Name
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(Read):
    """A turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None
    name: str | None = None
    refusal: None = None
    tool_calls: Annotated[list[AskedCall], Field(max_length=MAX_TOOLS)] | None = None
    tool_call_id: str | None = None


class Function(Read):
    """A function that the model may ask for."""

    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(Read):
    """A tool."""

    type: Literal["function"]
    function: Function


class FunctionChoice(Read):
    """The name of the function that is to be asked for."""

    name: FunctionName


class ToolChoice(Read):
    """The tool that is to be asked for."""

    type: Literal["function"]
    function: FunctionChoice


class SchemaFormat(Read):
    """A JSON schema with its name."""

    name: FunctionName = "answer"
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Read):
    """What the answer is to be: text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class StreamOptions(Read):
    """include_usage: tell what was used in a last event of the stream."""

    include_usage: bool | None = False
    include_obfuscation: bool | None = None


class Generating(Read):
    """What both ways to generate have in common. Without a temperature the likeliest token is taken."""

    model: Name = Field(
        description="an engine's name, `engine:adapter`, `purpose/NAME`, or `assistant`"
    )
    max_tokens: int | None = Field(None, ge=1, le=10_000_000)
    temperature: float | None = Field(None, ge=0, le=10)
    top_p: float | None = Field(None, gt=0, le=1)
    n: Literal[1] | None = Field(1, description="one answer a request")
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    presence_penalty: float | None = Field(None, ge=-10, le=10)
    frequency_penalty: float | None = Field(None, ge=-10, le=10)
    logit_bias: (
        dict[
            Annotated[str, StringConstraints(pattern="^[0-9]{1,9}$")],
            Annotated[float, Field(ge=-100, le=100)],
        ]
        | None
    ) = Field(None, max_length=1024, description="id of a token to what is added")
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    user: str | None = None

    top_k: int | None = Field(None, ge=0, le=1_000_000, description="ours; 0 cuts nothing off")
    min_p: float | None = Field(None, ge=0, le=1, description="ours")
    repetition_penalty: float | None = Field(None, gt=0, le=10, description="ours")
    grammar: str | None = Field(
        None, min_length=1, max_length=100_000, description="ours: GBNF that the answer keeps to"
    )


class ChatRequest(Generating):
    """Messages to be answered."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_completion_tokens: int | None = Field(None, ge=1, le=10_000_000)
    response_format: ResponseFormat | None = None
    tools: list[FunctionTool] | None = Field(None, max_length=MAX_TOOLS)
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    logprobs: Literal[False] | None = Field(None, description="not told")
    top_logprobs: Literal[0] | None = Field(None, description="not told")
    store: bool | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None


class CompletionRequest(Generating):
    """A text to be continued."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=1)]
    echo: Literal[False] | None = None
    suffix: None = None
    best_of: Literal[1] | None = None
    logprobs: None = Field(None, description="not told")


class EmbeddingRequest(Read):
    """Texts to be made vectors of."""

    model: Name = Field(
        description="an embedder, or an engine that can embed: named as for generating"
    )
    input: str | Annotated[list[str], Field(min_length=1, max_length=MAX_INPUTS)]
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: int | None = Field(None, ge=1, description="only as many as the model has")
    user: str | None = None
    input_type: Literal["query", "passage"] = Field(
        "passage", description="ours: what is searched for, or what is searched"
    )


class ModelCard(BaseModel):
    """A name that `model` may have."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelCards(BaseModel):
    """All names."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class CachedTokens(BaseModel):
    """Of the prompt, what was not computed again."""

    cached_tokens: int


class UsageTold(BaseModel):
    """Tokens used."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens


class CalledFunction(BaseModel):
    """A function with the JSON text of its arguments, as the model wrote it."""

    name: str
    arguments: str


class ToolCalled(BaseModel):
    """A call that the model asks for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class AnswerMessage(BaseModel):
    """The model's turn."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: None = None
    tool_calls: list[ToolCalled] | None = None


class ChatChoice(BaseModel):
    """The one answer."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Literal["stop", "length", "tool_calls"]


class ChatAnswer(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: UsageTold


class TextChoice(BaseModel):
    """The one continuation."""

    index: Literal[0] = 0
    text: str
    logprobs: None = None
    finish_reason: Literal["stop", "length", "tool_calls"]


class CompletionAnswer(BaseModel):
    """A text completion."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[TextChoice]
    usage: UsageTold


class Vector(BaseModel):
    """One vector: numbers, or the base64 text of their little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens used."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingAnswer(BaseModel):
    """Vectors in the order of the texts."""

    object: Literal["list"] = "list"
    model: str
    data: list[Vector]
    usage: EmbeddingUsage
