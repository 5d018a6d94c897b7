"""A run that is half written, that was changed, or that another kwk wrote, and is taken for whole."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kg.errors import CheckpointError
from model import checkpoint
from model.checkpoint import (
    MANIFEST,
    Manifest,
    commit,
    find,
    hash_of,
    read_manifest,
    read_tensors,
    runs,
    save_tensors,
)
from model.run import Run, load


def manifest_of(**changed: object) -> Manifest:
    empty = Manifest("a-run", "isles", {"preset": "minute"}, {"name": "minute"}, {}, {}, {}, ("v:a",))
    return replace(empty, **changed)  # type: ignore[arg-type]


def test_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    for manifest in (manifest_of(), manifest_of(step=7, best_loss=1.25, files={}, losses={"train": {"total": 2.0}})):
        commit(tmp_path, manifest)
        assert read_manifest(tmp_path) == manifest
        json.loads((tmp_path / MANIFEST).read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_graph_that_is_called_infinity_keeps_its_name(tmp_path: Path) -> None:
    commit(tmp_path, manifest_of(graph="Infinity", relations=("/film/Infinity",)))
    assert read_manifest(tmp_path).graph == "Infinity"
    assert read_manifest(tmp_path).relations == ("/film/Infinity",)


def test_file_is_whole_or_what_it_was_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights"
    checkpoint.write_whole(path, b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write_whole(path, b"after" * 1000)
    assert path.read_bytes() == b"before"


def test_tensors_come_back_bit_for_bit_and_nothing_is_pickled(tmp_path: Path) -> None:
    made = {"a": torch.randn(3, 4).T, "b": torch.tensor(2.5), "c": torch.zeros(0, 3)}
    digest = save_tensors(tmp_path / "x.safetensors", made)
    assert digest == hash_of(tmp_path / "x.safetensors")
    found = read_tensors(tmp_path / "x.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in made.items())
    (tmp_path / "evil.safetensors").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    for name in ("evil.safetensors", "absent.safetensors"):
        with pytest.raises(CheckpointError, match=f"{name} can't be read"):
            read_tensors(tmp_path / name)


def test_run_holds_no_pickle(run: Run) -> None:
    suffixes = {path.suffix for path in run.folder.iterdir()}
    assert suffixes == {".json", ".jsonl", ".safetensors", ".svg"}


def test_weights_that_no_manifest_names_are_deleted_and_others_kept(tmp_path: Path) -> None:
    for name in ("model-000001.safetensors", "training-000001.safetensors", "model-000002.safetensors", "log.jsonl"):
        (tmp_path / name).write_bytes(b"x")
    commit(tmp_path, manifest_of(files={"model-000002.safetensors": "0" * 64}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", MANIFEST, "model-000002.safetensors"]


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Path:
    """A copy of a run, to be spoiled."""
    import shutil

    return Path(shutil.copytree(run.folder, tmp_path / "copy"))


def test_run_that_nobody_touched_is_loaded(copy: Path) -> None:
    assert load(copy).manifest == read_manifest(copy)


def test_flipped_bit_in_any_file_is_noticed(copy: Path) -> None:
    names = list(read_manifest(copy).files)
    assert len(names) >= 6
    for name in names:
        whole = (copy / name).read_bytes()
        middle = len(whole) // 2
        (copy / name).write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with pytest.raises(CheckpointError, match=f"{name} is not what was saved"):
            load(copy)
        (copy / name).write_bytes(whole)


def test_missing_file_is_named(copy: Path) -> None:
    (copy / "descriptor.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"descriptor\.safetensors is missing; train the run again"):
        load(copy)


def rewritten(folder: Path, **changed: object) -> None:
    """Change a manifest, with the hashes of the files as they are now."""
    record = json.loads((folder / MANIFEST).read_text()) | changed
    record["files"] = {name: hash_of(folder / name) for name in record["files"]}
    (folder / MANIFEST).write_text(json.dumps(record))


def test_tokenizer_of_another_run_is_refused(copy: Path) -> None:
    from model.tokens import train_tokenizer

    train_tokenizer(["other words"], 290).save(str(copy / "tokenizer.json"))
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is not what was saved"):
        load(copy)
    rewritten(copy)
    with pytest.raises(CheckpointError, match="a tokenizer of .* tokens for a model of"):
        load(copy)


def test_weights_of_another_shape_are_refused(copy: Path) -> None:
    sizes = json.loads((copy / MANIFEST).read_text())["sizes"]
    rewritten(copy, sizes=sizes | {"relations": 99})
    with pytest.raises(CheckpointError, match="does not fit the model that its manifest describes"):
        load(copy)


def test_run_of_another_schema_is_refused(copy: Path) -> None:
    rewritten(copy, schema=99)
    with pytest.raises(CheckpointError, match=r"schema 99, this kwk reads 2; train again"):
        load(copy)


def test_run_that_has_saved_no_weights_says_so(copy: Path) -> None:
    rewritten(copy, best="", latest="")
    with pytest.raises(CheckpointError, match="has not saved any weights yet"):
        load(copy)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": 2}', '{"schema": 2, "relations": [], "best_loss": 1}', "\udcff"]
)
def test_manifest_that_is_none_is_refused(copy: Path, content: str) -> None:
    (copy / MANIFEST).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(CheckpointError, match="holds no run"):
        load(copy)


def test_best_weights_are_loaded_unless_the_latest_are_asked_for(copy: Path) -> None:
    manifest = read_manifest(copy)
    weights = read_tensors(copy / manifest.latest)
    best = weights | {"w_ret.bias": weights["w_ret.bias"] + 1}
    hashes = {"model-000099.safetensors": save_tensors(copy / "model-000099.safetensors", best)}
    commit(copy, replace(manifest, best="model-000099.safetensors", files={**manifest.files, **hashes}))
    assert torch.equal(load(copy).network.w_ret.bias, best["w_ret.bias"])
    assert torch.equal(load(copy, latest=True).network.w_ret.bias, weights["w_ret.bias"])


def test_runs_are_found_by_id_folder_or_as_the_last(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no run below .*kwk train"):
        find(tmp_path, None)
    for moment, (graph, name) in enumerate((("isles", "first"), ("atlas", "second"), ("isles", "third"))):
        folder = tmp_path / "runs" / graph / name
        folder.mkdir(parents=True)
        commit(folder, manifest_of(id=name, graph=graph))
        os.utime(folder / MANIFEST, (1000 + moment, 1000 + moment))
    broken = tmp_path / "runs" / "isles" / "broken"
    broken.mkdir()
    (broken / MANIFEST).write_text("{")
    assert [folder.name for folder, _ in runs(tmp_path)] == ["third", "second", "first"]
    assert [folder.name for folder, _ in runs(tmp_path, "isles")] == ["third", "first"]
    assert find(tmp_path, None).name == "third"
    assert find(tmp_path, None, "atlas").name == "second"
    assert find(tmp_path, "first").name == "first"
    assert find(tmp_path, str(tmp_path / "runs" / "isles" / "third")).name == "third"
    with pytest.raises(CheckpointError, match="no run 'nobody' below"):
        find(tmp_path, "nobody")
    with pytest.raises(CheckpointError, match="no run on 'fb15k' below"):
        find(tmp_path, None, "fb15k")
