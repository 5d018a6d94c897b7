"""A folder that transformers does not load, or loads as another model."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerModel

from kg.errors import DataError
from model.adapters import QFormer
from model.checkpoint import read_tensors
from model.export import export
from model.run import Run
from model.tokens import KNO_ID, SPECIAL


def test_transformers_loads_what_was_exported_and_computes_the_same(run: Run, tmp_path: Path) -> None:
    parts = export(run, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(parts)
    language, words = (
        each.from_pretrained(str(tmp_path / "out" / "language")) for each in (AutoModelForCausalLM, AutoTokenizer)
    )
    assert words.convert_ids_to_tokens(range(len(SPECIAL))) == list(SPECIAL)
    text = " Which port has Amber Island?"
    ids = words(text, return_tensors="pt").input_ids
    assert ids[0].tolist() == run.tokenizer.encode(text).ids
    assert words("It is<KNO>").input_ids[-1] == KNO_ID
    with torch.inference_mode():
        expected = run.network.logits(run.network.states(ids, torch.empty(0, 1, run.network.width)))
        torch.testing.assert_close(language(ids).logits, expected)
    qformer = Blip2QFormerModel.from_pretrained(str(tmp_path / "out" / "qformer"))
    adapter = run.network.adapter
    assert isinstance(adapter, QFormer)
    queries, memory = adapter.queries[None], torch.randn(1, 9, adapter.queries.shape[1])
    with torch.inference_mode():
        found = qformer(query_embeds=queries, encoder_hidden_states=memory).last_hidden_state
        torch.testing.assert_close(found, adapter.qformer(queries, memory))
    rest = read_tensors(tmp_path / "out" / "rest.safetensors")
    assert {"w_ret.weight", "w_img.weight", "relation.weight"} <= rest.keys()
    assert not any("causal" in name for name in rest)
    card = (tmp_path / "out" / "README.md").read_text()
    assert all(said in card for said in (run.manifest.id, "on the graph 'isles'", "| seed | 5 |", "| total |"))
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["id"] == run.manifest.id
    with pytest.raises(DataError, match="is not empty; name another folder with --out"):
        export(run, tmp_path / "out")


def test_no_code_of_the_model_pickles() -> None:
    for path in Path("model").rglob("*.py"):
        code = path.read_text()
        for word in ("torch.save", "torch.load", "import pickle", "joblib", "broadcast_object"):
            assert word not in code, path
