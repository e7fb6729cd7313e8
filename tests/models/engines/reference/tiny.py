"""Tiny checkpoints of several architectures, made from a config, taught a few sentences and saved, in seconds.

They know the corpus by heart, so that what is likely is known and near-ties are rare.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

SENTENCES = (
    "The capital of France is Paris and the capital of Spain is Madrid and more",
    "The opposite of hot is cold and the opposite of high is low and so on",
    "One, two, three, four, five, six, seven, eight, nine, ten and more",
    "The sky is blue and the grass is green and the banana is yellow today",
    "one two three one two three one two three one two three one two three",
    "a blue cup, and more beside it than before",
)
NAMES = ("<s>", "</s>", "<pad>", "[MASK]", "<extra>")
START, END, PAD, MASK, EXTRA = range(len(NAMES))
CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% endif %}"
)
STEPS = 100


def tokenizer(*, marks: str = "") -> Any:
    """Bytes joined to words of the corpus. marks: `around` for an encoder's, `end` for T5's."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=list(NAMES),
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    single = {"around": "<s> $A </s>", "end": "$A </s>", "": "$A"}[marks]
    made.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[("<s>", START), ("</s>", END)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>", mask_token="[MASK]",
        cls_token="<s>", sep_token="</s>", chat_template=CHAT if not marks else None,
    )  # fmt: skip


def teach(model: Any, loss: Callable[[], torch.Tensor], steps: int = STEPS) -> None:
    """Lower the loss by so many steps."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


def rows(words: Any, *, length: int) -> torch.Tensor:
    """The sentences as ids, each repeated until the row is full."""
    cut = [words(text + " ", add_special_tokens=False).input_ids for text in SENTENCES]
    return torch.tensor([(ids * length)[:length] for ids in cut])


def save_decoder(folder: Path, *, architecture: str = "gpt2") -> Path:
    """GPT-2, or Llama with fewer key heads than query heads."""
    torch.manual_seed(0)
    words = tokenizer()
    shared: dict[str, Any] = {"vocab_size": len(words), "bos_token_id": START, "eos_token_id": END}
    if architecture == "gpt2":
        model: Any = GPT2LMHeadModel(
            GPT2Config(
                n_layer=2,
                n_head=4,
                n_embd=64,
                n_positions=256,
                **shared,
                attn_pdrop=0,
                embd_pdrop=0,
                resid_pdrop=0,
            )
        )
    else:
        model = LlamaForCausalLM(
            LlamaConfig(
                num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, hidden_size=64,
                intermediate_size=128, max_position_embeddings=256, **shared,
            )
        )  # fmt: skip
    ids = rows(words, length=48)
    teach(model, lambda: model(input_ids=ids, labels=ids).loss)
    return _save(folder, model, words)


def save_encoder(folder: Path) -> Path:
    """BERT, taught to fill masks."""
    torch.manual_seed(0)
    words = tokenizer(marks="around")
    config = BertConfig(
        num_hidden_layers=2, num_attention_heads=4, hidden_size=64, intermediate_size=128, vocab_size=len(words),
        max_position_embeddings=256, pad_token_id=PAD, hidden_dropout_prob=0, attention_probs_dropout_prob=0,
    )  # fmt: skip
    model = BertForMaskedLM(config)
    batch = words(list(SENTENCES), padding=True, return_tensors="pt")
    ids = batch.input_ids

    def loss() -> torch.Tensor:
        hidden = (torch.rand(ids.shape) < 0.25) & (ids > EXTRA)
        labels = ids.masked_fill(~hidden, -100)
        made: torch.Tensor = model(
            input_ids=ids.masked_fill(hidden, MASK),
            attention_mask=batch.attention_mask,
            labels=labels,
        ).loss
        return made

    teach(model, loss, steps=2 * STEPS)
    return _save(folder, model, words)


def save_encoder_decoder(folder: Path) -> Path:
    """T5, taught to go on with the sentence whose beginning it reads."""
    torch.manual_seed(0)
    words = tokenizer(marks="end")
    config = T5Config(
        num_layers=2, num_heads=4, d_model=64, d_kv=16, d_ff=128, vocab_size=len(words), dropout_rate=0,
        pad_token_id=PAD, eos_token_id=END, decoder_start_token_id=PAD,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    whole = rows(words, length=48)
    cuts = [
        len(words(text[: text.index(after) + len(after)], add_special_tokens=False).input_ids)
        for text, after in zip(
            SENTENCES,
            (
                " is",
                " is",
                "four,",
                " the",
                "two three one two three one two three one two three",
                " cup",
            ),
            strict=True,
        )
    ]
    starts = [row[:cut].tolist() for row, cut in zip(whole, cuts, strict=True)]
    longest = max(cuts) + 1
    ids = torch.tensor([[*start, END, *[PAD] * (longest - len(start) - 1)] for start in starts])
    labels = torch.stack(
        [row[cut : cut + 48 - max(cuts)] for row, cut in zip(whole, cuts, strict=True)]
    )
    teach(
        model,
        lambda: model(input_ids=ids, attention_mask=(ids != PAD).long(), labels=labels).loss,
        steps=2 * STEPS,
    )
    return _save(folder, model, words)


def _save(folder: Path, model: Any, words: Any) -> Path:
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
