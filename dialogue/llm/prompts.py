"""The prompts, from data files: what is asked, with examples as turns of their own; and the schemas of the answers."""

import json
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from dialogue.llm.requests import Message, Request

_TEXT = {"type": "string"}


def _list(least: int = 0, most: int = 12) -> dict[str, Any]:
    return {"type": "array", "items": _TEXT, "minItems": least, "maxItems": most}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SENTENCES = _object(sentences=_list(1))
PAIR = _object(Q=_TEXT, A=_TEXT)
VERDICT = _object(entailed={"type": "boolean"})
TURNS = _object(turns={"type": "array", "items": _object(human=_TEXT, assistant=_TEXT), "minItems": 1, "maxItems": 12})
WORDED = _object(kind=_list(2, 2), noun=_list(2, 2), tail=_list(3), head=_list(3), say=_list(2))


@cache
def prompt(name: str) -> Mapping[str, Any]:
    """Return one prompt file."""
    return tomllib.loads((files("dialogue.llm") / f"{name}.toml").read_text(encoding="utf-8"))


def filled(template: str, **values: str) -> str:
    """Put values into a template's holes, once: a name that looks like a hole stays as it is."""
    pieces: list[str] = []
    rest = template
    while rest:
        start = rest.find("{")
        end = rest.find("}", start)
        if start < 0 or end < 0:
            break
        hole = rest[start + 1 : end]
        pieces += (rest[:start], values[hole] if hole in values else rest[start : end + 1])
        rest = rest[end + 1 :]
    return "".join((*pieces, rest))


def sentences_of(head: str, relation: str, tail: str) -> Request:
    """Ask for sentences that state a triple."""
    return _request(
        "sentences",
        SENTENCES,
        lambda asked, each: filled(asked, **dict(zip(("head", "relation", "tail"), each["triple"], strict=True))),
        ("sentences",),
        {"triple": [head, relation, tail]},
    )


def synonyms_of(sentence: str) -> Request:
    """Ask for other sentences that mean the same."""
    return _request(
        "synonyms",
        SENTENCES,
        lambda asked, each: filled(asked, sentence=each["sentence"]),
        ("sentences",),
        {"sentence": sentence},
    )


def pair_of(sentence: str, subject: str, answer: str) -> Request:
    """Ask for a question and its answer."""
    return _request(
        "questions",
        PAIR,
        lambda asked, each: filled(asked, sentence=each["sentence"], subject=each["subject"], answer=each["answer"]),
        ("Q", "A"),
        {"sentence": sentence, "subject": subject, "answer": answer},
    )


def verdict_on(triple: tuple[str, str, str], question: str, answer: str) -> Request:
    """Ask whether a question and its answer say what a triple says."""
    return _request(
        "judge",
        VERDICT,
        lambda asked, each: filled(
            asked,
            **dict(zip(("head", "relation", "tail"), each["triple"], strict=True)),
            asked=each["Q"],
            given=each["A"],
        ),
        ("entailed",),
        {"triple": list(triple), "Q": question, "A": answer},
    )


def wordings_of(relation: str, label: str, facts: list[tuple[str, str]]) -> Request:
    """Ask how a relation is worded. `facts` are names of heads and tails."""
    template = prompt("wordings")["fact"]
    told = [filled(template, head=head, relation=label, tail=tail) for head, tail in facts]
    return _request(
        "wordings",
        WORDED,
        lambda asked, each: filled(asked, relation=each["relation"], facts="\n".join(each["facts"])),
        ("kind", "noun", "tail", "head", "say"),
        {"relation": f"{relation} ({label})", "facts": told},
    )


def conversation_of(images: list[str], facts: list[str], examples: list[str]) -> Request:
    """Ask for a whole conversation. All three are lines as the prompt file words them."""
    words = prompt("conversation")
    shown = [filled(words["example"], number=str(n), text=text) for n, text in enumerate(examples, 1)]
    asked = filled(
        words["question"],
        examples="".join(shown),
        images="\n".join(images) or words["no_images"],
        facts="\n".join(facts),
    )
    return Request("turns", (Message("system", words["definition"].strip()), Message("user", asked)), TURNS)


def paragraph_of(title: str, sentences: list[tuple[str, str]]) -> Request:
    """Ask for a paragraph in better prose. `sentences` are its sentences, each with its facts in words."""
    words = prompt("paragraph")
    told = [
        filled(words["sentence"], number=str(n), text=text, facts=facts) for n, (text, facts) in enumerate(sentences, 1)
    ]
    messages = [Message("system", words["definition"].strip())]
    for each in words["examples"]:
        asked = filled(words["question"].strip(), title=each["title"], sentences="\n".join(each["sentences"]))
        answer = json.dumps({"sentences": each["answer"]}, ensure_ascii=False)
        messages += (Message("user", asked), Message("assistant", answer))
    asked = filled(words["question"].strip(), title=title, sentences="\n".join(told))
    return Request("paragraph", (*messages, Message("user", asked)), SENTENCES)


def _request(
    name: str,
    schema: Mapping[str, Any],
    question: Callable[[str, Mapping[str, Any]], str],
    answered: tuple[str, ...],
    asked: Mapping[str, Any],
) -> Request:
    """Return a request with the examples of a prompt file before what is asked."""
    words = prompt(name)
    messages = [Message("system", words["definition"].strip())]
    for each in words["examples"]:
        answer = json.dumps({key: each[key] for key in answered}, ensure_ascii=False)
        messages += (Message("user", question(words["question"], each)), Message("assistant", answer))
    return Request(name, (*messages, Message("user", question(words["question"], asked))), schema)
