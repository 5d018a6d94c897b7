"""The special tokens, registered in this one place, and the tokenizer that holds them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from kg.errors import CheckpointError, DataError

PAD = "<pad>"  # fills a batch; never seen, never predicted
HUMAN = "<human>"  # a human's turn begins
MODEL = "<model>"  # the model's turn begins
END = "<end>"  # a turn ends
IMAGE = "<image>"  # one of the Q-Former's outputs stands here; an image is a stretch of them
RET = "<RET>"  # an image is to be retrieved: its state is compared with images
KNO = "<KNO>"  # a knowledge slot follows: its state names relation and direction, what follows names the entity

SPECIAL: tuple[str, ...] = (PAD, HUMAN, MODEL, END, IMAGE, RET, KNO)  # a token's number is its place here
PAD_ID, HUMAN_ID, MODEL_ID, END_ID, IMAGE_ID, RET_ID, KNO_ID = range(len(SPECIAL))
FIRST_WORD = len(SPECIAL)  # the first token of text


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE of at most `vocabulary` tokens on texts; the special tokens come first."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return plain(tokenizer)


def adopt(tokenizer: Tokenizer) -> Tokenizer:
    """Return a pretrained tokenizer with our special tokens before its own, whose numbers all rise by FIRST_WORD.

    It adds nothing of itself: no token of beginning, no space before a text and none taken away after, since a turn is
    encoded in pieces. A token of its own that is written like one of ours gets another name. Raises DataError.
    """
    record = json.loads(tokenizer.to_str())
    record |= {"truncation": None, "padding": None, "post_processor": None}
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        record[part] = as_it_stands(record[part])
    model, added = record["model"], record["added_tokens"]
    for token in added:
        token["id"] += FIRST_WORD
        token["content"] = renamed(token["content"])
    if model["type"] != "BPE":  # another kind could read "<RET>" in a text as the token
        raise DataError(f"A tokenizer of the kind {model['type']} can't take our tokens; name a model with a BPE one.")
    words = {renamed(word): number + FIRST_WORD for word, number in model["vocab"].items()}
    ours = {token: number for number, token in enumerate(SPECIAL)}
    model["vocab"] = ours | words | {token["content"]: token["id"] for token in added}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    record["added_tokens"] = [{"id": number, "content": token} | flags for number, token in enumerate(SPECIAL)] + added
    return plain(Tokenizer.from_str(json.dumps(record)))


def renamed(word: str) -> str:
    """Return how a pretrained tokenizer's own token is called beside ours."""
    return f"{word}~" if word in SPECIAL else word


def as_it_stands(part: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a tokenizer's part without what adds a space to the beginning of a text, or takes one away."""
    if part is None or part["type"] in ("Prepend", "Strip"):
        return None
    for key in ("normalizers", "pretokenizers", "decoders"):
        if key in part:
            part = part | {key: [kept for each in part[key] if (kept := as_it_stands(each)) is not None]}
    never = {"prepend_scheme": "never"} if part["type"] == "Metaspace" else {}
    return part | never | ({"add_prefix_space": False} if "add_prefix_space" in part else {})


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a saved tokenizer. Raises CheckpointError if it is none, or has other special tokens than ours."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as exc:  # the library raises bare Exception
        raise CheckpointError(f"{path} holds no tokenizer ({exc}); train the run again.") from exc
    found = [tokenizer.id_to_token(number) for number in range(len(SPECIAL))]
    if found != list(SPECIAL):
        raise CheckpointError(f"{path} has the special tokens {found}, not {list(SPECIAL)}; train the run again.")
    return plain(tokenizer)


def plain(tokenizer: Tokenizer) -> Tokenizer:
    """Make a tokenizer read "<RET>" in a text as any other text: only `encode` sets special tokens."""
    tokenizer.encode_special_tokens = True
    return tokenizer
