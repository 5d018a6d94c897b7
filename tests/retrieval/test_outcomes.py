"""Two runs are compared long after they were judged: what came of every question is kept, and found again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.errors import DataError
from retrieval.markdown import title
from retrieval.metrics import Outcome
from retrieval.outcomes import FILE, Pairs, by_wording, compared, read_outcomes, write_outcomes
from retrieval.trials import Trial

Ask = Callable[..., Trial]


def written(folder: Path, run: str, seen: dict[str, Pairs], unseen: dict[str, Pairs] | None = None) -> Path:
    folder.mkdir()
    write_outcomes(folder / FILE, {"run": run}, seen, unseen or {})
    return folder


def test_what_was_written_is_read(ask: Ask, tmp_path: Path) -> None:
    outcome = Outcome("r", 3, True, exact=0, confidence=0.25)
    folder = written(tmp_path / "a", "mine", {"grounded": [(ask("Who?", form="T2I"), outcome)]})
    found = read_outcomes(folder)
    assert found.about["run"] == "mine"
    assert found.by == {("grounded", "seen", "T2I"): {("a", "r", "tail", "Who?"): outcome}}


def test_what_is_asked_in_a_kept_wording_stands_in_a_table_of_its_own(ask: Ask) -> None:
    met, kept = (ask("?"), Outcome("r", 1, False)), (ask("??", held_out=True), Outcome("r", 0, False))
    assert by_wording({"grounded": [met, kept], "closed_book": [met]}) == {
        "grounded": [met],
        "closed_book": [met],
        "grounded_kept_wordings": [kept],
    }
    assert title("grounded_kept_wordings") == f"{title('grounded')}, in wordings that train lacks"


def test_runs_are_paired_by_what_is_asked_whatever_its_number(ask: Ask, tmp_path: Path) -> None:
    right, wrong = Outcome("r", 1, False), Outcome("r", 0, True)
    ours = [(ask("one?", "a", number=1), right), (ask("two?", "b", number=2), right), (ask("three?", "c"), right)]
    theirs = [(ask("two?", "b", number=9), wrong), (ask("one?", "a", number=7), right)]
    folders = [written(tmp_path / name, name, {"grounded": rows}) for name, rows in (("a", ours), ("b", theirs))]
    (row,) = compared(*map(read_outcomes, folders))  # none of ours is prior-defeating
    assert (row["table"], row["images"], row["format"], row["part"]) == ("grounded", "seen", "T2T", "all")
    assert (row["difference"], row["n"], row["only_ours"], row["only_theirs"]) == (0.5, 2, 1, 0)


def test_seen_and_unseen_images_are_never_compared_with_each_other(ask: Ask, tmp_path: Path) -> None:
    pairs = {"grounded": [(ask("?", form="I2T"), Outcome("r", 1, False))]}
    folders = [written(tmp_path / "a", "a", pairs), written(tmp_path / "b", "b", {}, pairs)]
    with pytest.raises(DataError, match="no question in common"):
        compared(*map(read_outcomes, folders))


def test_folder_without_outcomes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="kwk evaluate"):
        read_outcomes(tmp_path)
    (tmp_path / FILE).write_bytes(b"no parquet")
    with pytest.raises(DataError, match="can't be read"):
        read_outcomes(tmp_path)
