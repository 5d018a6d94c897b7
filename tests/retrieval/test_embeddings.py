"""A knowledge-graph embedding is fitted on what train states and on nothing else: else it would look up the answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dialogue.serialise import to_line
from dialogue.types import Dialogue, Fact, Turn
from kg.progress import silent
from retrieval import embeddings
from retrieval.trials import Trial

pytest.importorskip("pykeen", reason="kwk[pykeen] is not installed")


@pytest.mark.filterwarnings("ignore")  # PyKEEN's own
@pytest.mark.parametrize("kind", embeddings.KINDS)
def test_triples_of_train_are_recalled_and_strangers_have_no_answer(
    kind: embeddings.Kind, ask: Callable[..., Trial], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "EPOCHS", 60)
    triples = tuple((f"c{n}", "capital", f"t{n}") for n in range(6)) + tuple((f"c{n}", "on", "e") for n in range(6))
    fact = Fact("fact", triples, "tail", ("x",), "", (), "T2T")
    line = to_line(Dialogue("d", "g", "en", "walk", (Turn("human", "?"), Turn("model", "!", (), fact))))
    (tmp_path / "train.jsonl").write_text(line + "\n", "utf-8")
    ranked = embeddings.tail_ranker(tmp_path / "train.jsonl", kind, 0, silent)
    assert ranked(ask("?", "c1", "on"))[0] == "e"
    assert "t1" in ranked(ask("?", "c1", "capital"))[:6]
    assert ranked(ask("?", "stranger", "capital")) == ()
    assert ranked(ask("?", "c1", "never")) == ()
