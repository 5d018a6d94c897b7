"""The special tokens, registered in this one place, and the tokenizer that holds them."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from kg.errors import CheckpointError

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
