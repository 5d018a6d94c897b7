"""Whole conversations for the dialogues of a folder: asked for, several at a time, checked, and put into the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from dialogue.draws import Draws
from dialogue.llm.conversation import Script, check, facts_told, images_told, put_back, read_turns, script
from dialogue.llm.endpoint import Endpoint, in_order
from dialogue.llm.entail import Source
from dialogue.llm.facts import Rejected
from dialogue.llm.prompts import conversation_of
from dialogue.llm.refine import Seed, draw_examples
from dialogue.llm.rewrite import LANG, Ground
from dialogue.llm.scenes import Record, Scene, scenes

FEWEST = 3  # rounds of a conversation (T5)


@dataclass(slots=True)
class Conversations:
    """What came of the dialogues: their new turns by id, and why the others have none."""

    turns: dict[str, list[Record]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)  # by id
    rejected: list[Rejected] = field(default_factory=list)
    texts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # with pictures as descriptions

    def put(self, record: Record, split: str) -> list[str]:
        """Replace a line's turns; return for each round "", or why it keeps its words."""
        rounds = len(record["conversations"]) // 2
        if (turns := self.turns.get(record["id"])) is None:
            return [self.reasons.get(record["id"], "not_asked")] * rounds
        record["conversations"] = turns
        return [""] * rounds


def staged(record: Record, ground: Ground) -> Script | str:
    """Return what a conversation for a line must hold, or why the line keeps its words."""
    found = scenes(record)
    if record["lang"] != LANG:
        return "other_language"
    if any(scene is None for scene in found):
        return "other_kind"
    whole = cast("list[Scene]", found)
    if len(whole) < FEWEST:
        return "too_short"
    sources = [ground.source(scene) for scene in whole]
    if any(source is None or source.impossible for source in sources):
        return "not_in_graph" if None in sources else "same_name"
    relations = [ground.labels[scene.triple[1]] for scene in whole]
    return script(whole, cast("list[Source]", sources), relations, ground.people)


async def write_conversations(
    endpoint: Endpoint,
    lines: Iterable[Record],
    ground: Ground,
    seeds: Sequence[Seed],
    seed: int,
    done: Callable[[int], None] = lambda number: None,
) -> Conversations:
    """Write a conversation for each line that can have one; each is taken whole or not at all."""
    made = Conversations()
    draw_examples(seeds, Draws(seed))  # that seeds can't cover what they must is said before anything is paid for
    work = partial(_converse, endpoint, ground, seeds, seed)
    async for each, turns, texts, reason, rejected in in_order(work, lines, 4 * endpoint.settings.in_flight):
        if reason:
            made.reasons[each] = reason
        else:
            made.turns[each], made.texts[each] = turns, texts
        if rejected is not None:
            made.rejected.append(rejected)
        done(1)
    return made


async def _converse(
    endpoint: Endpoint, ground: Ground, seeds: Sequence[Seed], seed: int, record: Record
) -> tuple[str, list[Record], list[tuple[str, str]], str, Rejected | None]:
    name = record["id"]
    wanted = staged(record, ground)
    if isinstance(wanted, str):
        return name, [], [], wanted, None
    examples = draw_examples(seeds, Draws(seed, int.from_bytes(name.encode()[-7:])))
    request = conversation_of(images_told(wanted), facts_told(wanted, ground.people), [each.told for each in examples])
    found, reason = await endpoint.ask(request, ("turns",))
    turns = read_turns(found["turns"]) if found else None
    if found and turns is None:
        reason = "malformed"
    if turns and not (reason := check(wanted, turns, ground.people)):
        return name, put_back(wanted, turns), turns, "", None
    text = " / ".join(f"{asked} | {given}" for asked, given in turns or ())
    return name, [], [], reason, Rejected(wanted.scenes[0].triple, "conversation", text, reason)
