"""First weights, by the rules of each family. Random numbers come from torch's generator: seed it before."""

import torch
from torch import nn

from shopkeeper.training.transformer import MultiHeadAttention, RelativePositions, Transformer


@torch.no_grad()
def initialise(model: Transformer) -> Transformer:
    """Give the model the weights that its family begins with. Returns the model.

    GPT-2: N(0, 0.02), maps into the residual smaller by 1/sqrt(2·layers) (Radford et al. 2019, 2.3). BERT and Llama:
    N(0, 0.02). T5: deviations by the inputs' number, which stand for the scale that its attention leaves out (Raffel
    et al. 2020; mesh-tensorflow). Biases 0, norms 1.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
    match model.shape.family:
        case "gpt2":
            _smaller_into_residual(model)
        case "t5":
            _as_t5(model)
        case _:
            pass
    return model


def _smaller_into_residual(model: Transformer) -> None:
    std = 0.02 * (2 * model.shape.decoder_layers) ** -0.5
    for name, parameter in model.named_parameters():
        if name.endswith(("attention.output.weight", "feed_forward.down.weight")):
            nn.init.normal_(parameter, std=std)


def _as_t5(model: Transformer) -> None:
    shape = model.shape
    nn.init.normal_(model.embedding.weight, std=1.0)
    for module in model.modules():
        if isinstance(module, MultiHeadAttention):
            nn.init.normal_(module.query.weight, std=(shape.width * shape.head_size) ** -0.5)
            nn.init.normal_(module.key.weight, std=shape.width**-0.5)
            nn.init.normal_(module.value.weight, std=shape.width**-0.5)
            nn.init.normal_(module.output.weight, std=(shape.heads * shape.head_size) ** -0.5)
        elif isinstance(module, RelativePositions):
            nn.init.normal_(module.table.weight, std=shape.width**-0.5)
    for name, parameter in model.named_parameters():
        if name.endswith(("feed_forward.up.weight", "feed_forward.gate.weight")):
            nn.init.normal_(parameter, std=shape.width**-0.5)
        elif name.endswith("feed_forward.down.weight"):
            nn.init.normal_(parameter, std=shape.feed_forward**-0.5)
    if model.head is not None:
        nn.init.normal_(model.head.weight, std=shape.width**-0.5)
