"""Rounds as tasks of Label Studio with the configuration of their page, and verdicts back from its JSON export."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from dialogue.refine import IMAGE
from dialogue.review_exchange import GUIDELINES, Address, Foreign, Item, facts, objects
from dialogue.review_views import SPEAKERS, Words
from dialogue.verdicts import JUDGEMENTS, REASONS
from kg.errors import DataError

TASKS, CONFIG = "tasks.json", "config.xml"
HOTKEYS = {"accept": "a", "refine": "e", "reject": "r"}


def config() -> str:
    """Return the labelling configuration."""
    verdicts = "\n".join(f'    <Choice value="{each}" hotkey="{HOTKEYS[each]}"/>' for each in JUDGEMENTS)
    reasons = "\n".join(f'      <Choice value="{key}" hint={quoteattr(said)}/>' for key, said in REASONS.items())
    areas = "\n".join(
        f'    <Header value="The {name} in other words" size="5"/>\n'
        f'    <TextArea name="{name}" toName="conversation" editable="true" maxSubmissions="1" rows="3"/>'
        for name in ("question", "answer")
    )
    return f"""<View>
  <Header value={quoteattr(GUIDELINES)} size="5"/>
  <HyperText name="conversation" value="$conversation" inline="true" selectionEnabled="false"/>
  <Text name="facts" value="$facts" selectionEnabled="false"/>
  <Choices name="verdict" toName="conversation" choice="single-radio" required="true" showInline="true">
{verdicts}
  </Choices>
  <View visibleWhen="choice-selected" whenTagName="verdict" whenChoiceValue="refine">
{areas}
  </View>
  <View visibleWhen="choice-selected" whenTagName="verdict" whenChoiceValue="reject">
    <Choices name="reason" toName="conversation" choice="single-radio">
{reasons}
    </Choices>
  </View>
  <TextArea name="note" toName="conversation" placeholder="In your words, if you like" maxSubmissions="1"/>
</View>
"""


def write(out: Path, items: Iterable[Item], words: Words, address: Address) -> int:
    """Write rounds and the configuration into a folder; return how many. Tasks go one by one."""
    (out / CONFIG).write_text(config(), "utf-8")
    count = 0
    with (out / TASKS).open("w", encoding="utf-8") as file:
        for count, item in enumerate(items, 1):
            file.write("[\n" if count == 1 else ",\n")
            file.write(json.dumps(task(item, words, address), ensure_ascii=False))
        file.write("\n]\n" if count else "[]\n")
    return count


def task(item: Item, words: Words, address: Address) -> dict[str, Any]:
    """Return a round as a task; its own words are predicted, so that the fields of a refinement hold them."""
    turns = item.record["conversations"][: item.key.turn + 1]
    before = "".join(_turn(turn, address) for turn in turns[:-2])
    texts = {"question": item.asked["value"], "answer": item.given["value"]}
    predicted = [
        {"id": name, "from_name": name, "to_name": "conversation", "type": "textarea", "value": {"text": [value]}}
        for name, value in texts.items()
    ]
    return {
        "data": {
            "conversation": f"{before}<hr>{''.join(_turn(turn, address) for turn in turns[-2:])}",
            "facts": facts(item, words),
            **texts,
            "kwk": item.known_by,
        },
        "predictions": [{"model_version": "kwk", "result": predicted}],
    }


def _turn(turn: Mapping[str, Any], address: Address) -> str:
    """Return a turn as HTML: its words escaped, its pictures in their places."""
    first, *rest = (escape(part).replace("\n", "<br>") for part in turn["value"].split(IMAGE))
    images = turn["kg"].get("images", ())
    shown = [f'<img src="{escape(address(image))}" style="max-height:240px">' for image in images]
    shown += ["(picture)"] * (len(rest) - len(images))
    text = first + "".join(picture + part for picture, part in zip(shown, rest, strict=False))
    return f"<p><b>{SPEAKERS[turn['from']]}</b> {text}</p>"


def is_label_studio(found: Any) -> bool:
    """Say whether what was read is Label Studio's JSON export."""
    return isinstance(found, list) and bool(found) and isinstance(found[0], dict) and "data" in found[0]


def read(found: list[Any], names: Mapping[str, str]) -> Iterator[Foreign]:
    """Yield the verdicts in tasks with annotations; what an annotator cancelled is left out."""
    for each in found:
        if not isinstance(each, dict) or not isinstance(each.get("data"), dict):
            raise DataError("A task of Label Studio has data; export the project as JSON, not as JSON-MIN.")
        for annotation in objects(each.get("annotations")):
            if annotation.get("was_cancelled"):
                continue
            said = dict(_answers(annotation.get("result")))
            yield Foreign(
                each["data"].get("kwk"),
                _who(annotation.get("completed_by"), names),
                said.get("verdict"),
                said.get("reason"),
                said.get("note"),
                said.get("question", each["data"].get("question")),
                said.get("answer", each["data"].get("answer")),
                annotation.get("updated_at") or annotation.get("created_at"),
            )


def _answers(result: Any) -> Iterator[tuple[str, Any]]:
    """Yield what each control of an annotation holds; the last line of a field counts."""
    for region in objects(result):
        value = region.get("value")
        if isinstance(value, dict):
            held = value.get("choices") or value.get("text")
            yield str(region.get("from_name")), held[-1] if isinstance(held, list) and held else held


def _who(completed_by: Any, names: Mapping[str, str]) -> str | None:
    """Return who annotated: a number, or a user with an address."""
    if isinstance(completed_by, dict):
        number = str(completed_by.get("id"))
        found = names.get(number) or completed_by.get("email") or completed_by.get("username")
        return str(found or f"Label Studio user {number}")
    if completed_by is None:
        return None
    return names.get(str(completed_by), f"Label Studio user {completed_by}")
