"""What is asked of a language model, and what came back: pure values, and the key under which an answer is kept."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from kg.errors import DataError

Role = Literal["system", "user", "assistant"]
_CHARACTERS_A_TOKEN = 3  # fewer than any common tokenizer has, so that what is set aside for a request is enough


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """Where a language model is reached, and what may be spent on it. The key is no part of it: it is never saved."""

    url: str
    model: str
    in_flight: int = 8
    timeout: float = 120.0  # seconds of one attempt
    attempts: int = 5
    temperature: float = 1.0
    max_tokens: int = 800  # of one answer
    budget_tokens: int | None = None
    budget_cost: float | None = None
    price: tuple[float, float] = (0.0, 0.0)  # of a million tokens that are read, that are written

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise DataError(f"{self.url!r} is no address of a server; give one like http://127.0.0.1:8000/v1.")
        if address.username or address.password or address.query:
            raise DataError("The model's address holds a password or a query; give the key as KWK_LLM_KEY.")
        if min(self.price) < 0 or not all(map(math.isfinite, self.price)):
            raise DataError(f"The price {self.price} is none; give what a million tokens cost, in and out.")
        if self.budget_cost is not None and not any(self.price):
            raise DataError("A budget in money needs --llm-price, or nothing is ever spent.")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """All that decides an answer, but for where it is asked. `sample` tells apart two tries at the same words."""

    name: str  # of the schema
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    sample: int = 0

    def key(self, settings: LlmSettings) -> str:
        """Return the SHA-256 of the whole request: address, model, messages, schema, sampling."""
        whole = [settings.url.rstrip("/"), settings.model, settings.temperature, settings.max_tokens, asdict(self)]
        text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def tokens(self, settings: LlmSettings) -> int:
        """Return how many tokens this may take at most, by a cautious estimate."""
        characters = sum(len(message.content.encode("utf-8", "replace")) for message in self.messages)
        return characters // _CHARACTERS_A_TOKEN + len(json.dumps(self.schema)) // 3 + settings.max_tokens


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, and what it took. `problem` is a reason code where there is no text to read."""

    text: str = ""
    problem: str = ""  # refused, cut_off, empty, too_large, unanswered, over_budget
    tokens_in: int = 0
    tokens_out: int = 0


def found_json(text: str, wanted: Sequence[str]) -> dict[str, Any] | None:
    """Return the first JSON object in a text that has all keys of `wanted`, whatever stands around it."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(50):  # a text of thousands of braces is no answer
        if start < 0:
            return None
        try:
            found, _end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and all(key in found for key in wanted):
            return found
        start = text.find("{", start + 1)
    return None
