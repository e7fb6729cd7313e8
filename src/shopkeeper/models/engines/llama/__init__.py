"""GGUF models in this process, by llama.cpp.

`model_file` refuses damaged files, and `trial` those that end llama.cpp; `native` loads one into llama.cpp's server, with as many threads as `threads` finds
free; `template` makes prompts of messages in a sandboxed process (`template_worker`); `payload` says a request in
llama.cpp's words, with a `grammar` where the answer is bound to one; `tool_calls` finds calls in answers; `scoring`
weighs given continuations. `LlamaEngine`, in `engine`, is the one door.
"""

from shopkeeper.models.engines.llama.engine import LlamaEngine

__all__ = ["LlamaEngine"]
