"""Attention as plain products: torch's fused one has a slow backward on a CPU.

In packed rows it goes conversation by conversation: what a mask would hide is not computed. A row of four conversations
attends four times less than its length squared; on a CPU that is worth more than one large product.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor, hidden: Tensor | None = None) -> Tensor:
    """Attend from queries (…, L, D) to keys and values (…, K, D); return (…, L, D).

    `hidden`, which is added to the logits (…, L, K), is very low where nothing is to be seen.
    """
    scores = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
    seen = scores if hidden is None else scores + hidden
    found: Tensor = seen.softmax(dim=-1, dtype=torch.float32).to(value.dtype) @ value
    return found


def attend_apart(query: Tensor, key: Tensor, value: Tensor, lengths: Sequence[int]) -> Tensor:
    """Attend in rows (R, H, L, D) that hold several conversations, back alone and in each apart; return (R, H, L, D).

    `lengths` are those of the conversations, one row after the other, padding counted as one.
    """
    rows, heads, length, width = query.shape
    parts = (_flat(each).split_with_sizes(list(lengths), 1) for each in (query, key, value))
    hidden = later(max(lengths), max(lengths), query)
    attended = [attend(q, k, v, hidden[: q.shape[1], : q.shape[1]]) for q, k, v in zip(*parts, strict=True)]
    return torch.cat(attended, dim=1).view(heads, rows, length, width).transpose(0, 1)


def later(length: int, known: int, like: Tensor) -> Tensor:
    """Return what hides the tokens that come later, from the last `length` of `known` tokens. (length, known)"""
    lowest = torch.full((), torch.finfo(like.dtype).min, dtype=like.dtype, device=like.device)
    return lowest.expand(length, known).triu(known - length + 1)


def _flat(rows: Tensor) -> Tensor:
    """Lay rows (R, H, L, D) after each other, (H, R·L, D)."""
    return rows.transpose(0, 1).flatten(1, 2)
