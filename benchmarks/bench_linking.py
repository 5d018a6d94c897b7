"""Whom a question is about: FB15K's entities by their name, an alias, and their name with one or two letters wrong.

`make bench ONLY=linking [RUN=FOLDER] [LINKED=number]`. Each name stands in a question for a fact that the graph holds.
"""

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.bench_questions import GRAPH
from benchmarks.stores import opened
from dialogue.verbalise import question
from model.run import load
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer
from retrieval.names import Named
from retrieval.relations import DIRECTIONS

EACH = 500
SEED = 0
SHORTEST = 5  # letters of a name that is misspelt: of "Rush" with two letters wrong, nothing is left
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    """Ask about EACH entities in each way, and print how often the right one is found."""
    torch.set_num_threads(1)
    each = int(os.environ.get("LINKED", EACH))
    with opened() as (both, home):
        run = load(Path(os.environ["RUN"])) if os.environ.get("RUN") else None
        answerer = open_answerer(both, GRAPH, home, run)
        for way, written in WAYS.items():
            right, namesakes, wrong = linked(answerer, written, each)
            print(f"linking, {way}: {right / each:.1%} of {each};", end=" ")
            print(f"{(right + namesakes) / each:.1%} with namesakes of which the same can be asked")
            for text in wrong[: int(os.environ.get("SHOW", "0"))]:
                print(f"  {text}")


def linked(
    answerer: Answerer, written: Callable[[Named, random.Random], str | None], most: int
) -> tuple[int, int, list[str]]:
    """Ask about `most` entities; return how many were found, how many namesakes instead, and the other questions."""
    chance = random.Random(SEED)  # noqa: S311
    entities = sorted(answerer.understanding.names.by_id.values(), key=lambda entity: entity.id)
    chance.shuffle(entities)
    right, namesakes, wrong = 0, 0, list[str]()
    for entity in entities:
        name = written(entity, chance)
        asked = asked_about(answerer, entity, name, chance) if name else None
        if asked is None:
            continue
        text, column = asked
        understood = answerer.understanding.understand(text)
        subjects = {each.subject.id: each.subject for each in understood if each.subject}
        if entity.id in subjects:
            right += 1
        elif any(entity.name in other.names and has(answerer, other, column) for other in subjects.values()):
            namesakes += 1
        else:
            wrong.append(f"{entity.name}: {text} -> {sorted(subjects)}")
        if right + namesakes + len(wrong) == most:
            break
    return right, namesakes, wrong


def has(answerer: Answerer, entity: Named, column: int) -> bool:
    """Say whether the graph has an answer to the same question about another entity."""
    own = answerer.reader.own([entity.id], answerer.understanding.relations)
    return entity.id in own and column in own[entity.id].answers


def asked_about(answerer: Answerer, entity: Named, name: str, chance: random.Random) -> tuple[str, int] | None:
    """Return a question for a fact that the graph holds of an entity, and its column; None where it holds none."""
    relations = answerer.understanding.relations
    own = answerer.reader.own([entity.id], relations)
    columns = sorted(own[entity.id].answers) if entity.id in own else []
    if not columns:
        return None
    column = chance.choice(columns)
    return question(relations.each[column // 2].wordings, DIRECTIONS[column % 2], 0, name), column


def own_name(entity: Named, chance: random.Random) -> str | None:
    """Return the entity's name."""
    return entity.name


def alias(entity: Named, chance: random.Random) -> str | None:
    """Return another of its names, None where it has none."""
    others = [name for name in entity.names if name.casefold() != entity.name.casefold()]
    return chance.choice(others) if others else None


def one_edit(entity: Named, chance: random.Random) -> str | None:
    """Return its name with one letter wrong."""
    return misspelt(entity.name, 1, chance)


def two_edits(entity: Named, chance: random.Random) -> str | None:
    """Return its name with two letters wrong."""
    return misspelt(entity.name, 2, chance)


def misspelt(name: str, edits: int, chance: random.Random) -> str | None:
    """Put in, leave out, exchange or swap a letter, `edits` times in different places; None where it is too short."""
    places = [i for i, letter in enumerate(name) if letter.isalpha()]
    if len(places) < SHORTEST:
        return None
    for place in sorted(chance.sample(places, edits), reverse=True):
        letter, following = name[place], name[place + 1 : place + 2]
        swapped = following.isalpha() and following != letter
        kinds: Sequence[str] = (
            ("put in", "leave out", "exchange", "swap") if swapped else ("put in", "leave out", "exchange")
        )
        kind = chance.choice(kinds)
        other = chance.choice(LETTERS.replace(letter.casefold(), ""))
        changed = {"put in": letter + other, "leave out": "", "exchange": other, "swap": following + letter}[kind]
        name = name[:place] + changed + name[place + (2 if kind == "swap" else 1) :]
    return name


WAYS = {"exact name": own_name, "alias": alias, "one edit": one_edit, "two edits": two_edits}


if __name__ == "__main__":
    main()
