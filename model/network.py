"""KnowBLIP: frozen image measurements, a Q-Former, a small Llama; heads for <RET> and <KNO>.

The vision tower is frozen, so its output is computed once and comes in as a measurement (`ingest.descriptor`); the
sentence encoder is frozen too, and its features of the question come in beside the tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.blip_2.configuration_blip_2 import Blip2QFormerConfig
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerModel

from model.presets import Preset
from model.tokens import END_ID, IMAGE_ID, PAD_ID

TEMPERATURE = 0.07  # of the retrieval loss at the start, as CLIP's
SHARPEST = 100.0  # the scale never grows beyond this


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a network must be told beside its preset."""

    vocabulary: int
    relations: int
    grid: int  # C: channels of a grid cell
    descriptor: int  # values of an image's descriptor
    question: int  # values of a question's features


class KnowBLIP(nn.Module):
    """The trainable parts. A relation and a direction make a class: 2·relation + (1 if the head is asked for)."""

    def __init__(self, preset: Preset, sizes: Sizes) -> None:
        super().__init__()
        width = preset.width
        self.sizes = sizes
        self.grid = nn.Linear(sizes.grid, width)
        self.seen = nn.Linear(sizes.descriptor, width)
        self.queries = nn.Parameter(torch.randn(preset.queries, width) * 0.02)
        self.qformer = Blip2QFormerModel(qformer_config(preset))
        self.to_language = nn.Linear(width, width)
        self.language = LlamaForCausalLM(language_config(preset, sizes.vocabulary))
        self.w_ret = nn.Linear(width, preset.retrieval_width)
        self.w_img = nn.Linear(sizes.descriptor, preset.retrieval_width)
        self.scale = nn.Parameter(torch.tensor(1 / TEMPERATURE).log())
        self.relation = nn.Linear(width, 2 * sizes.relations)
        self.wording = WordingHead(sizes.question)

    def images(self, cells: Tensor, descriptors: Tensor) -> Tensor:
        """Map images, as grids (B, CELLS, C) and descriptors (B, D), to tokens of the language model. (B, Q, width)"""
        memory = torch.cat([self.grid(cells), self.seen(descriptors)[:, None]], dim=1)  # (B, CELLS + 1, width)
        queries = self.queries.expand(len(cells), -1, -1)
        seen: Tensor = self.qformer(query_embeds=queries, encoder_hidden_states=memory).last_hidden_state
        tokens: Tensor = self.to_language(seen)
        return tokens

    def states(self, ids: Tensor, images: Tensor) -> Tensor:
        """Read tokens (B, L), padded at their ends; `images` (N, Q, width) stand where <image> stands, in order.

        Return (B, L, width). Attention looks back alone, so what is padded changes nothing before it.
        """
        output = self.language.model(inputs_embeds=self.embed(ids, images), use_cache=False)
        states: Tensor = output.last_hidden_state
        return states

    def embed(self, ids: Tensor, images: Tensor) -> Tensor:
        """Embed tokens (B, L) and put the images in. (B, L, width)"""
        embedded: Tensor = self.language.model.embed_tokens(ids)
        return embedded.masked_scatter((ids == IMAGE_ID)[..., None], images.to(embedded.dtype))

    def logits(self, states: Tensor) -> Tensor:
        """Map states (…, width) to next-token logits (…, V)."""
        logits: Tensor = self.language.lm_head(states)
        return logits

    def retrieval_query(self, states: Tensor) -> Tensor:
        """Map <RET> states (N, width) to where images are compared, of length 1: W_RET of eq. 3."""
        return functional.normalize(self.w_ret(states), dim=-1)

    def retrieval_keys(self, descriptors: Tensor) -> Tensor:
        """Map images' descriptors (N, D) to where <RET> looks for them, of length 1: W_img of eq. 3."""
        return functional.normalize(self.w_img(descriptors), dim=-1)

    def sharpness(self) -> Tensor:
        """Return the factor on cosines: 1/τ, learned."""
        return self.scale.exp().clamp(max=SHARPEST)


def qformer_config(preset: Preset) -> Blip2QFormerConfig:
    """Return the shape of the Q-Former: every layer looks at the image."""
    config = Blip2QFormerConfig(
        vocab_size=1,
        hidden_size=preset.width,
        num_hidden_layers=preset.qformer_layers,
        num_attention_heads=preset.heads,
        intermediate_size=2 * preset.width,
        encoder_hidden_size=preset.width,
        cross_attention_frequency=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config._attn_implementation = "eager"
    return config


def language_config(preset: Preset, vocabulary: int) -> LlamaConfig:
    """Return the shape of the language model."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=preset.width,
        intermediate_size=preset.inner,
        num_hidden_layers=preset.layers,
        num_attention_heads=preset.heads,
        num_key_value_heads=preset.heads,
        max_position_embeddings=4 * preset.max_length,
        tie_word_embeddings=True,
        pad_token_id=PAD_ID,
        bos_token_id=None,
        eos_token_id=END_ID,
    )
    config._attn_implementation = "eager"  # plain matmuls: torch's fused attention has a slow backward on CPU
    return config


class WordingHead(nn.Module):
    """Name relation and direction by the nearest known wording.

    Both sides are features of a frozen sentence encoder; a learned map, the identity at first, says which differences
    between two sentences matter. Because it compares rather than classifies, a wording can be added without training.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.map = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.map.weight)
        self.scale = nn.Parameter(torch.tensor(20.0).log())

    def forward(self, questions: Tensor, wordings: Tensor) -> Tensor:
        """Compare questions (N, F) with wordings (M, F); return scaled cosines (N, M)."""
        a = functional.normalize(self.map(questions), dim=-1)
        b = functional.normalize(self.map(wordings), dim=-1)
        cosines: Tensor = self.scale.exp().clamp(max=SHARPEST) * a @ b.T
        return cosines
