"""Rounds as a dataset of Argilla 2, as `Dataset.to_disk` writes it and `Dataset.from_disk` reads it, and back."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dialogue.refine import IMAGE
from dialogue.review_exchange import GUIDELINES, Address, Foreign, Item, facts, objects, read_json
from dialogue.review_views import Words
from dialogue.verdicts import JUDGEMENTS, REASONS
from kg.errors import DataError

RECORDS, SETTINGS, DATASET = "records.json", ".argilla/settings.json", ".argilla/dataset.json"
ROLES = {"human": "user", "model": "assistant"}


def settings(needed: int) -> dict[str, Any]:
    """Return the dataset's settings: fields, questions, metadata."""
    return {
        "guidelines": GUIDELINES,
        "questions": [
            _question("verdict", "Accept, refine or reject?", _labels({name: name for name in JUDGEMENTS}), True),
            _question("reason", "If you reject it: why?", _labels(REASONS)),
            _question("question", "If you refine it: the question", {"type": "text", "use_markdown": False}),
            _question("answer", "If you refine it: the answer", {"type": "text", "use_markdown": False}),
            _question("note", "In your words, if you like", {"type": "text", "use_markdown": False}),
        ],
        "fields": [
            _field("conversation", "Conversation: judge its last two turns", {"type": "chat", "use_markdown": True}),
            _field("facts", "What the answer rests on", {"type": "text", "use_markdown": False}),
        ],
        "vectors": [],
        "metadata": [
            _metadata("graph", {"type": "terms"}),
            _metadata("dialogue", {"type": "terms"}),
            _metadata("turn", {"type": "integer"}),
            _metadata("sha256", {"type": "terms"}),
            _metadata("kind", {"type": "terms"}),
        ],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": needed},
        "mapping": None,
    }


def _labels(options: Mapping[str, str]) -> dict[str, Any]:
    listed = [{"value": value, "text": text, "description": None} for value, text in options.items()]
    return {"type": "label_selection", "options": listed, "visible_options": len(listed)}


def _question(name: str, title: str, how: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "title": title, "description": None, "required": required, "settings": how}


def _field(name: str, title: str, how: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": title, "description": None, "required": True, "settings": how}


def _metadata(name: str, how: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": name, "visible_for_annotators": True, "settings": how}


def write(out: Path, items: Iterable[Item], words: Words, address: Address, needed: int) -> int:
    """Write rounds into a folder; return how many. Records go one by one."""
    (out / ".argilla").mkdir()
    (out / SETTINGS).write_text(json.dumps(settings(needed), ensure_ascii=False, indent=1), "utf-8")
    name = ""
    count = 0
    with (out / RECORDS).open("w", encoding="utf-8") as file:
        for count, item in enumerate(items, 1):
            name = name or re.sub(r"[^a-zA-Z0-9_-]", "_", str(item.record["graph"])).strip("_-") or "kwk"
            file.write("[\n" if count == 1 else ",\n")
            file.write(json.dumps(record(item, words, address), ensure_ascii=False))
        file.write("\n]\n" if count else "[]\n")
    dataset = {"name": f"{name}-dialogues", "guidelines": GUIDELINES, "allow_extra_metadata": True}
    (out / DATASET).write_text(json.dumps(dataset, ensure_ascii=False), "utf-8")
    return count


def record(item: Item, words: Words, address: Address) -> dict[str, Any]:
    """Return a round as a record; its own words are suggested for the refinement."""
    turns = item.record["conversations"][: item.key.turn + 1]
    texts = {"question": item.asked["value"], "answer": item.given["value"]}
    return {
        "id": f"{item.key.dialogue}#{item.key.turn}#{item.key.sha256[:12]}",
        "fields": {
            "conversation": [{"role": ROLES[turn["from"]], "content": markdown(turn, address)} for turn in turns],
            "facts": facts(item, words),
        },
        "metadata": {**item.known_by, "kind": str(item.given["kg"].get("kind"))},
        "suggestions": {
            name: {"value": value, "score": None, "agent": "kwk", "type": None} for name, value in texts.items()
        },
        "responses": {},
        "vectors": {},
        "status": "pending",
    }


def markdown(turn: Mapping[str, Any], address: Address) -> str:
    """Return a turn as Markdown: its words to the letter, its pictures in their places."""
    first, *rest = (re.sub(r"([\\`*_\[\]<>~|#&$])", r"\\\1", part) for part in turn["value"].split(IMAGE))
    images = turn["kg"].get("images", ())
    shown = [f"![picture]({address(image)})" for image in images] + ["(picture)"] * (len(rest) - len(images))
    return first + "".join(picture + part for picture, part in zip(shown, rest, strict=False))


def is_argilla(found: Any) -> bool:
    """Say whether what was read are records of Argilla."""
    return isinstance(found, list) and bool(found) and isinstance(found[0], dict) and "responses" in found[0]


def read(found: list[Any], names: Mapping[str, str]) -> Iterator[Foreign]:
    """Yield the verdicts in records, as `records.to_json` writes them or as the server's API tells them."""
    for each in found:
        if not isinstance(each, dict):
            raise DataError("A record of Argilla is an object; export the dataset again with `Dataset.to_disk`.")
        for user, (values, at) in _by_user(each.get("responses")).items():
            yield Foreign(
                each.get("metadata"),
                names.get(user, user),
                values.get("verdict"),
                values.get("reason"),
                values.get("note"),
                values.get("question"),
                values.get("answer"),
                at,
            )


def _by_user(responses: Any) -> dict[str, tuple[dict[str, Any], Any]]:
    """Return each user's answers, and when they were given if that is told; what was not submitted is left out."""
    found: dict[str, tuple[dict[str, Any], Any]] = {}
    if isinstance(responses, dict):  # question -> [{value, user_id}], without a time
        for question, each in responses.items():
            for response in objects(each):
                if response.get("status", "submitted") == "submitted":
                    found.setdefault(str(response.get("user_id")), ({}, None))[0][question] = response.get("value")
    for response in objects(responses):  # [{user_id, values: {question: {value}}, status, updated_at}]
        given = response.get("values")
        if response.get("status") == "submitted" and isinstance(given, dict):
            values = {name: value.get("value") for name, value in given.items() if isinstance(value, dict)}
            found[str(response.get("user_id"))] = (values, response.get("updated_at") or response.get("inserted_at"))
    return found


def read_folder(path: Path) -> Any:
    """Return the records of a dataset that `Dataset.to_disk` wrote."""
    return read_json(path / RECORDS)
