"""Attention in packed rows, conversation by conversation: what a mask would hide is not computed.

A row of four conversations attends four times less than its length squared; on a CPU that is worth more than one large
product. It is a kind of attention of `transformers`, by its own registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask
from transformers.models.llama.modeling_llama import eager_attention_forward

APART = "apart"  # its name in a configuration


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    lengths: Sequence[int] | None = None,
    **others: Any,
) -> tuple[Tensor, Tensor | None]:
    """Attend in rows: queries, keys and values are (R, H, L, D). Return (R, L, H, D).

    `lengths` are those of the conversations, one row after the other, padding counted as one; the mask is left unread
    then. Without them attention is as `transformers` computes it.
    """
    if lengths is None:
        found: tuple[Tensor, Tensor | None] = eager_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **others
        )
        return found
    parts = zip(*(flat(each).split_with_sizes(list(lengths), 1) for each in (query * scaling, key, value)), strict=True)
    longest = max(lengths)
    hidden = torch.full((longest, longest), torch.finfo(query.dtype).min, dtype=query.dtype).triu(1)
    attended = [within(q, k, v, hidden[: q.shape[1], : q.shape[1]]) for q, k, v in parts]  # (H, L', D) each
    rows, heads, length, width = query.shape
    return torch.cat(attended, dim=1).view(heads, rows, length, width).permute(1, 2, 0, 3), None


def flat(rows: Tensor) -> Tensor:
    """Lay rows (R, H, L, D) after each other, (H, R·L, D)."""
    return rows.transpose(0, 1).flatten(1, 2)


def within(query: Tensor, key: Tensor, value: Tensor, hidden: Tensor) -> Tensor:
    """Attend in one conversation (H, L, D), back alone."""
    scores = torch.baddbmm(hidden, query, key.transpose(1, 2))
    return scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype) @ value


AttentionInterface.register(APART, attend)
AttentionMaskInterface.register(APART, eager_mask)
