"""A conversation as a person reads it in a terminal: who says what, which file is shown, what the answer rests on."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dialogue.serialise import from_line, read_dialogues
from dialogue.types import SPLITS, Dialogue, Fact
from kg.errors import DataError

_SPEAKERS = {"human": "Human", "model": "Model"}


def find(folder: Path, name: str) -> Dialogue:
    """Return the dialogue of an id. Raises DataError if the folder has none."""
    sought = f'"id":"{name}"'
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    if sought in line[:500]:
                        return from_line(line)
    raise DataError(f"{folder} holds no dialogue {name!r}; the ids stand at the beginning of the lines of its files.")


def example(folder: Path, among: int = 300) -> Dialogue:
    """Return the most varied of train's first dialogues: most formats, then most rounds. Raises DataError if none."""
    first = list(islice(read_dialogues(folder / f"{SPLITS[0]}.jsonl"), among))
    if not first:
        raise DataError(f"{folder} holds no dialogues; `kwk dialogues build` makes some.")
    return max(first, key=lambda each: (len({t.fact.format for t in each.turns if t.fact}), len(each.turns)))


def lines(dialogue: Dialogue, image_root: Path) -> Iterator[str]:
    """Yield the lines of a dialogue for a terminal."""
    rounds = len(dialogue.turns) // 2
    yield f"{dialogue.id} · {dialogue.graph} · {dialogue.strategy} · {rounds} rounds"
    for turn in dialogue.turns:
        if turn.speaker == "human":
            yield ""
        first, *rest = turn.value.replace("<image>", "[picture]").split("\n")
        yield f"{_SPEAKERS[turn.speaker]}: {first}"
        for more in rest:
            yield f"       {more}"
        for image in turn.images:
            yield f"       [picture] {image_root / image.file}"
        if turn.fact is not None:
            yield f"       ({_basis(turn.fact)})"


def _basis(fact: Fact) -> str:
    triples = "; ".join(" ".join(triple) for triple in fact.triples)
    if fact.query is not None:
        return f"{fact.format}, {fact.kind.replace('_', ' ')}: {triples or 'no triple'}"
    others = len(fact.answers) - len(fact.triples)
    more = f", {others} more true answer{'s' if others > 1 else ''}" if others else ""
    return f"{fact.format}, asks for the {fact.direction} of {triples}{more}"
