"""The shapes of OpenAI's chat completions: a request to what was said and shown, an answer to a completion.

The last user message is the question; earlier ones say what was spoken of. Images come as `data:` addresses alone:
nothing is fetched for a stranger. What an answer rests on stands in `evidence`, beside `choices`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kg.errors import DataError
from retrieval.conversation import Given
from retrieval.given import Answer

MOST_MESSAGES = 200
MOST_PICTURE = 12 << 20  # bytes of a picture


class ImageUrl(BaseModel):
    """An image as a message holds it."""

    url: str


class Piece(BaseModel):
    """A part of a message: a text or an image."""

    type: Literal["text", "image_url"]
    text: str = ""
    image_url: ImageUrl | None = None


class Message(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Piece] | None = None


class ChatRequest(BaseModel):
    """What is asked for; settings of other models (temperature, …) are let pass and mean nothing here."""

    model_config = ConfigDict(extra="ignore")

    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    model: str = ""
    stream: bool = False
    stream_options: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a user said in one message, with the bytes of the picture that came with it."""

    text: str
    picture: bytes | None

    @property
    def digest(self) -> bytes:
        """Return a hash of both."""
        return hashlib.sha256(self.text.encode("utf-8", "replace") + b"\0" + (self.picture or b"")).digest()


def utterances(request: ChatRequest) -> list[Utterance]:
    """Return what the user said, in order; the last is the question. Raises DataError."""
    said = [_utterance(message) for message in request.messages if message.role == "user"]
    if not said or request.messages[-1].role != "user":
        raise DataError("The last message must be the user's: it is the question.")
    return said


def _utterance(message: Message) -> Utterance:
    if message.content is None or isinstance(message.content, str):
        return Utterance(message.content or "", None)
    texts = [piece.text for piece in message.content if piece.type == "text"]
    pictures = [piece.image_url.url for piece in message.content if piece.image_url]
    if len(pictures) > 1:
        raise DataError(f"A message shows {len(pictures)} pictures; ask about one at a time.")
    return Utterance("\n".join(texts), picture_bytes(pictures[0]) if pictures else None)


def picture_bytes(address: str) -> bytes:
    """Return the bytes in a `data:` address. Raises DataError."""
    head, comma, data = address.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise DataError("A picture is given as data:image/…;base64,…; no other address is opened.")
    if len(data) > MOST_PICTURE * 4 // 3:
        raise DataError(f"The picture has more than {MOST_PICTURE >> 20} MB; send a smaller one.")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise DataError(f"The picture is no base64 ({exc}).") from exc


def completion(given: Given, model: str, created: int, images: str) -> dict[str, Any]:
    """Return an answer as a completion; `images` is the address that images lie below."""
    message = {"role": "assistant", "content": content(given.answer, images)}
    return {
        "id": f"chatcmpl-{given.id}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "evidence": evidence(given),
    }


def chunks(given: Given, model: str, created: int, images: str) -> Iterator[str]:
    """Yield an answer as server-sent events: its words, then its evidence, then the end."""

    def event(delta: dict[str, str], reason: str | None = None, **more: Any) -> str:
        record = {
            "id": f"chatcmpl-{given.id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        return f"data: {json.dumps(record | more, ensure_ascii=False)}\n\n"

    yield event({"role": "assistant", "content": ""})
    for word in pieces(content(given.answer, images)):
        yield event({"content": word})
    yield event({}, "stop", evidence=evidence(given))
    yield "data: [DONE]\n\n"


def pieces(text: str) -> Sequence[str]:
    """Cut a text into words, each with the space before it."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def content(answer: Answer, images: str) -> str:
    """Return what an answer says, its images in Markdown."""
    shown = [f"![{image.name}]({images}/{image.sha256})" for image in answer.images]
    return "\n\n".join([answer.text, *shown])


def evidence(given: Given) -> dict[str, Any]:
    """Return what an answer rests on, as `kwk ask --json` gives it."""
    return {"id": str(given.id)} | asdict(given.answer)
