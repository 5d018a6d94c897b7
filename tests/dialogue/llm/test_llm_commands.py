"""The commands as a user meets them, on the real services: from a graph to checked texts, and back into a build."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]


def island_words(asked: Any) -> str:
    """Word any relation of the islands by its label."""
    label = re.search(r"\((.*)\)$", asked.text.split("\n")[0])
    assert label is not None
    noun = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label[1]).lower().removeprefix("has ").split())
    return json.dumps(
        {
            "kind": ["thing", "thing"],
            "noun": ["owner", noun],
            "tail": [f"What {noun} goes with {{x}}?", f"Which {noun} is there for {{x}}?", f"What is {{x}}'s {noun}?"],
            "head": [
                f"What has the {noun} {{x}}?",
                f"Which is it whose {noun} is {{x}}?",
                f"Of what is {{x}} the {noun}?",
            ],
            "say": [f"The {noun} of {{head}} is {{tail}}.", f"{{tail}} is the {noun} of {{head}}."],
        }
    )


@pytest.fixture
def asking(tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    def options(url: str) -> tuple[str, ...]:
        return ("--llm", url, "--llm-model", "fake", "--llm-cache", str(tmp_path / "llm.sqlite"), "--json")

    return options


def test_dialogues_are_rewritten_and_pass_the_check(
    run: Run, charted: Path, serve: Any, truthful: Any, asking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KWK_LLM_KEY", "sk-of-the-test")
    out = str(tmp_path / "out")
    with serve(truthful) as fake:
        budget = ("--llm-budget-tokens", "20000", "--llm-max-tokens", "100")
        part = json.loads(run("rewrite", str(charted), "--out", out, *budget, *asking(fake.url), code=3).stdout)
        assert part["stopped_by_budget"] is True
        assert 0 < part["spent"]["tokens_in"] + part["spent"]["tokens_out"] <= 20000
        more = ("--force", "--llm-max-tokens", "100")
        done = json.loads(run("rewrite", str(charted), "--out", out, *more, *asking(fake.url)).stdout)
        assert fake.headers[0]["Authorization"] == "Bearer sk-of-the-test"
    assert done["rounds"] > 100
    assert done["spent"]["cached"] >= part["spent"]["requests"]
    assert "nothing is wrong" in run("verify", out).stdout
    assert json.loads((tmp_path / "out" / "build.json").read_text())["llm"]["settings"]["model"] == "fake"
    assert "sk-of-the-test" not in "".join(path.read_text() for path in (tmp_path / "out").iterdir())


def test_wordings_of_the_model_are_built_with(
    run: Run, archipelago: str, serve: Any, asking: Any, tmp_path: Path
) -> None:
    own = str(tmp_path / "own.toml")
    with serve(island_words) as fake:
        done = json.loads(run("wordings", "--graph", archipelago, "--out", own, *asking(fake.url)).stdout)
        refused = run("wordings", "--graph", archipelago, "--out", own, *asking(fake.url), code=1)
    assert done["worded"] == done["relations"] == 6, done
    assert "exists already" in refused.output
    out = str(tmp_path / "out")
    run("build", "--graph", archipelago, "--out", out, "--rounds", "100", "--lexicon", own)
    assert "goes with" in (tmp_path / "out" / "train.jsonl").read_text()
    assert "nothing is wrong" in run("verify", out).stdout


def test_seeds_are_labelled_one_by_one(kwk: Run, tmp_path: Path) -> None:
    record = {
        "dialogue": "d",
        "images": [],
        "facts": ["f"],
        "turns": [["q?", "a."]],
        "quality": None,
        "characteristics": [],
    }
    (tmp_path / "round-1.jsonl").write_text(f"{json.dumps(record)}\n{json.dumps(record)}\n")
    told = kwk("dialogues", "label", str(tmp_path), input="e\n14\nP\n\n").stdout
    assert "Round 1: 1 Excellent, 1 Poor" in told
    first, second = map(json.loads, (tmp_path / "round-1.jsonl").read_text().splitlines())
    assert first["characteristics"] == ["image creation", "extrinsic understanding"]
    assert (second["quality"], second["characteristics"]) == ("Poor", [])


@pytest.mark.parametrize("command", ["rewrite", "wordings", "refine"])
def test_a_key_is_no_option(run: Run, command: str) -> None:
    assert "--llm-key" not in run(command, "--help").stdout
