"""The losses of KnowBLIP (eqs 1 to 5), and what names relation and direction at <KNO>."""

import torch
from torch import Tensor
from torch.nn import functional

IMPOSSIBLE = -1e4  # a logit that takes no part; finite also in half precision


def next_token(logits: Tensor, ids: Tensor, learned: Tensor, named: Tensor) -> tuple[Tensor, Tensor]:
    """Return L_AR (eq. 1) over all learned tokens and L_KNO (eq. 2) over those that name a knowledge entity.

    `logits` (T, V) predict `ids` (T,); `learned` and `named` (T,) say which count. The cross-entropy on <RET> and
    <KNO> themselves is among L_AR, or the model would never say them.
    """
    loss = functional.cross_entropy(logits.float(), ids, reduction="none")
    return mean_of(loss, learned), mean_of(loss, named)


def info_nce(positive: Tensor, negatives: Tensor, allowed: Tensor, log_weights: Tensor | None = None) -> Tensor:
    """Return L_RET (eqs 3 and 4) of scaled cosines: `positive` (A,), `negatives` (A, K), `allowed` (A, K) bool.

    `log_weights` (A, K) say how much each negative counts: exp(s) becomes w·exp(s). With w = 1 / (expected count) of
    what was drawn this is the sampled softmax, whose mean approaches the softmax over all (Bengio & Senécal 2008).
    """
    if log_weights is not None:
        negatives = negatives + log_weights
    negatives = negatives.masked_fill(~allowed, IMPOSSIBLE)
    logits = torch.cat([positive[:, None], negatives], dim=1).float()
    return (logits.logsumexp(dim=1) - logits[:, 0]).mean() if len(logits) else positive.sum()


def mean_of(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the chosen values; zero if none is chosen."""
    return (values * chosen).sum() / chosen.sum().clamp(min=1)
