"""How lmms-eval asks and judges the questions of a graph: copied beside the task's YAML, it needs nothing of kwk."""

import re
import unicodedata
from typing import Any


def doc_to_visual(doc: dict[str, Any]) -> list[Any]:
    """Return the images of a question."""
    return [image.convert("RGB") for image in doc["images"]]


def doc_to_text(doc: dict[str, Any], lmms_eval_specific_kwargs: dict[str, str] | None = None) -> str:
    """Return the question, with what a model's YAML puts before and after it."""
    around = lmms_eval_specific_kwargs or {}
    return f"{around.get('pre_prompt', '')}{doc['question']}{around.get('post_prompt', '')}"


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
    """Judge an answer: it is right if it names a right answer, in whole words, by any of its names."""
    said = f" {plain(results[0])} "
    hit = any(f" {name} " in said for name in map(plain, doc["answers"]) if name)
    judged = {"hit": float(hit), "relation": doc["relation"], "prior_defeating": doc["prior_defeating"]}
    return {"accuracy": float(hit), "macro": judged, "prior_defeating": judged}


def macro(judged: list[dict[str, Any]]) -> float:
    """Return the mean over relations of each relation's share of right answers."""
    by_relation: dict[str, list[float]] = {}
    for each in judged:
        by_relation.setdefault(each["relation"], []).append(each["hit"])
    shares = [sum(hits) / len(hits) for hits in by_relation.values()]
    return sum(shares) / len(shares) if shares else 0.0


def prior_defeating(judged: list[dict[str, Any]]) -> float:
    """Return the share of right answers among the questions that the relation's commonest answer gets wrong."""
    hits = [each["hit"] for each in judged if each["prior_defeating"]]
    return sum(hits) / len(hits) if hits else 0.0


def plain(text: str) -> str:
    """Return a text without case, accents, articles and marks."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return " ".join(word for word in re.findall(r"\w+", bare) if word not in ("a", "an", "the"))
