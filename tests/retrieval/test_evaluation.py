"""`kwk evaluate` on real stores, real pictures and a real run: its report has the shape that scripts read."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from datasets import load_dataset

from kg.progress import silent
from kg.stores import Stores
from model.run import Run
from retrieval import lmms_task
from retrieval.evaluation import EvaluateSettings, Evaluation, differences, fitted, open_evaluation
from retrieval.lmms_export import task_name
from retrieval.metrics import Outcome
from retrieval.trials import Trial

Command = Callable[..., Result]
LIMIT = 8
AVERAGES = {"micro", "macro", "prior_defeating"}
TEXT = {"accuracy", "n", "gallery", "ci95"}
IMAGES = {
    *("recall1", "recall5", "recall10", "mrr", "n", "gallery", "exact1", "exact_n"),
    *("ci95", "recall5_ci95", "recall10_ci95", "mrr_ci95", "exact1_ci95"),
}


@pytest.fixture(scope="module")
def evaluate(kwk: Command, run_folder: Path) -> Command:
    """Call `kwk evaluate` on the short run."""

    def call(*arguments: str, code: int = 0, run: Path | str = run_folder) -> Result:
        return kwk("-q", "evaluate", "--run", str(run), "--limit", str(LIMIT), *arguments, code=code)

    return call


@pytest.fixture(scope="module")
def report(evaluate: Command, run_folder: Path) -> dict[str, Any]:
    """What `kwk evaluate --json` says of the run, beside itself."""
    found: dict[str, Any] = json.loads(evaluate("--json", "--against", str(run_folder)).stdout)
    return found


@pytest.fixture(scope="module")
def evaluation(stores: Stores, atlas: str, home: Path, dialogues: Path) -> Evaluation:
    """What runs on the atlas are judged with."""
    return open_evaluation(stores, atlas, home, EvaluateSettings(dialogues, LIMIT), silent)


def check_figures(figures: dict[str, Any], gallery: int) -> None:
    """Hold the figures of one table, by format, against the promised shape."""
    for form, found in figures.items():
        assert set(found) == AVERAGES
        for leaf in found.values():
            assert set(leaf) == (IMAGES if form.endswith("i") else TEXT)
            assert leaf["gallery"] == (None if form == "t2t" else gallery)
            value = leaf.get("recall1", leaf.get("accuracy"))
            if leaf["n"]:
                low, high = leaf["ci95"]
                assert 0 <= low <= value <= high <= 1
                assert leaf.get("recall5", 1.0) >= value or found["macro"] is leaf
            else:
                assert value is None and leaf["ci95"] is None
        assert found["micro"]["n"] == found["macro"]["n"] <= LIMIT
        assert found["prior_defeating"]["n"] <= found["micro"]["n"]


def test_report_has_the_shape_that_scripts_read(
    report: dict[str, Any], run_folder: Path, atlas: str, evaluation: Evaluation
) -> None:
    assert evaluation.album is not None
    gallery = len(evaluation.album.shas)
    assert list(report) == [
        *("run", "graph", "split", "visual_cache", "harness", "metrics", "parts", "calibration", "baselines"),
        *("unseen_style", "against"),
    ]
    assert (report["run"], report["graph"], report["split"]) == (run_folder.name, atlas, "test")
    by_image = ["closed_book_name_masked", "closed_book_described"]
    tables = ["grounded", "closed_book", *by_image]
    assert list(report["metrics"]) == [*tables, *(f"{name}_kept_wordings" for name in tables)]
    for name, figures in report["metrics"].items():
        forms = {"t2i", "i2i"} if name.removesuffix("_kept_wordings") in by_image else {"t2t", "i2t", "t2i", "i2i"}
        assert set(figures) == forms
        check_figures(figures, gallery)
    assert set(report["baselines"]) == {"head_blind_prior", "question_blind_prior", "nearest_image"}
    for name, figures in report["baselines"].items():
        assert set(figures) == ({"i2t", "i2i"} if name == "nearest_image" else {"t2t", "i2t", "t2i", "i2i"})
        check_figures(figures, gallery)


def test_linking_and_relation_are_reported_alone(report: dict[str, Any]) -> None:
    assert set(report["parts"]) == {"linking", "relation", "held_out_wordings"}
    for part in ("linking", "relation"):
        assert set(report["parts"][part]) == {"all", "t2t", "i2t", "t2i", "i2i"}
        assert all(set(leaf) == TEXT for leaf in report["parts"][part].values())
    assert set(report["parts"]["held_out_wordings"]) == {"linking", "relation", "answer"}


def test_style_never_seen_is_reported_beside_and_has_no_question_without_pictures(report: dict[str, Any]) -> None:
    unseen = report["unseen_style"]
    assert unseen["style"] == "twemoji"
    assert set(unseen["metrics"]["grounded"]) <= {"i2t", "t2i", "i2i"}
    assert unseen["metrics"]["grounded"]
    assert "t2t" not in unseen["parts"]["linking"]


def test_run_differs_from_itself_in_nothing(report: dict[str, Any]) -> None:
    against = report["against"]
    assert against["run"] == report["run"]
    assert against["metrics"] == report["metrics"]
    for name, gaps in against["difference"].items():
        assert set(gaps) == set(report["metrics"][name])
        for form, gap in gaps.items():
            assert (gap["difference"], gap["ci95"], gap["p"], gap["mrr"]) == (0.0, [0.0, 0.0], 1.0, 0.0)
            assert gap["n"] == report["metrics"][name][form]["micro"]["n"]


def test_every_table_judges_the_same_questions(report: dict[str, Any]) -> None:
    tables = [report["metrics"]["grounded"], report["metrics"]["closed_book"], report["baselines"]["head_blind_prior"]]
    assert len({json.dumps({form: found["micro"]["n"] for form, found in table.items()}) for table in tables}) == 1
    for found in report["baselines"]["head_blind_prior"].values():  # where it fails, it has no hit
        assert found["prior_defeating"].get("accuracy", found["prior_defeating"].get("recall1")) in (0.0, None)


def test_figures_are_printed_to_be_read(evaluate: Command, run_folder: Path) -> None:
    told = evaluate("--limit", "1").stdout
    assert f"Run {run_folder.name}, graph" in told
    titles = ("grounded", "closed book", "style twemoji never seen", "baseline: head blind prior", "each on its own")
    assert all(title in told for title in titles)
    assert "…" not in told  # off a terminal nothing is cut short


def test_graph_without_pictures_is_judged_in_words(evaluation: Evaluation, run: Run) -> None:
    blind = replace(evaluation, album=None)
    found = blind.report(blind.judge(run))
    kept = ["grounded_kept_wordings", "closed_book_kept_wordings"]
    assert list(found["metrics"]) == ["grounded", "closed_book", *kept]
    assert all(set(figures) == {"t2t"} for figures in found["metrics"].values())
    assert set(found["baselines"]) == {"head_blind_prior", "question_blind_prior"}
    assert "unseen_style" not in found and "against" not in found


def test_run_that_has_seen_no_pictures_is_judged_in_words(evaluation: Evaluation, run: Run) -> None:
    blind = Run(run.folder, run.manifest, run.preset, run.tokenizer, run.network, None, run.known)
    met = [trial for trial in evaluation.trials if trial.format == "T2T" and not trial.held_out]
    words = replace(evaluation, trials=met[:1])
    found = words.report(words.judge(blind))
    assert set(found["metrics"]["grounded"]) == {"t2t"}
    assert found["unseen_style"]["metrics"] == {"grounded": {}, "closed_book": {}}


def test_what_can_not_be_judged_is_said_in_a_sentence(evaluate: Command, tmp_path: Path) -> None:
    assert "There is no run 'nobody'" in evaluate(run="nobody", code=1).output
    assert "There is no run 'nobody'" in evaluate("--against", "nobody", code=1).output
    assert "can't be read" in evaluate("--dialogues", str(tmp_path), code=1).output
    assert "nowhere" in evaluate("--graph", "nowhere", code=1).output
    assert "Invalid value" in evaluate("--limit", "0", code=2).output


def test_run_on_another_graph_is_asked_zero_shot(
    evaluate: Command, films: object, kwk: Command, atlas: str, dialogues: Path, tmp_path: Path
) -> None:
    names = {row["name"] for row in json.loads(kwk("graphs", "list", "--json").stdout)}
    (other,) = [name for name in names if name.startswith("test-films-")]
    asked = ("--graph", other, "--dialogues", str(dialogues), "--out", str(tmp_path / "out"))
    found = json.loads(evaluate("--json", *asked).stdout)
    assert found["harness"]["kind"] == "zero-shot"
    assert found["harness"]["title"] == f"zero-shot: trained on '{atlas}', asked on '{other}'"
    assert set(found["metrics"]["grounded"]) == {"t2t"}


def test_everything_of_an_evaluation_lies_in_one_folder(evaluate: Command, tmp_path: Path) -> None:
    evaluate("--limit", "1", "--out", str(tmp_path / "out"))
    told = (tmp_path / "out" / "evaluation.md").read_text("utf-8")
    assert "Trained on the mix of formats; facts trained on in another format" in told
    assert "| TextBind | mix | 59.4 |" in told
    assert {"evaluation.json", "outcomes.parquet", "answers.svg"} <= {
        each.name for each in (tmp_path / "out").iterdir()
    }


def test_run_is_compared_with_itself_from_what_was_saved(
    report: dict[str, Any], kwk: Command, run_folder: Path
) -> None:
    found = json.loads(kwk("runs", "compare", str(run_folder), str(run_folder), "--json").stdout)
    assert found["run"]["run"] == report["run"]
    tables = {(row["table"], row["images"]) for row in found["differences"]}
    assert {("grounded", "seen"), ("closed_book", "unseen"), ("baseline: head_blind_prior", "seen")} <= tables
    assert all(row["difference"] == 0.0 and row["p"] == 1.0 for row in found["differences"])
    assert "0.0 (+0.0 to +0.0)" in kwk("runs", "compare", str(run_folder), str(run_folder)).stdout
    assert "There is no run 'nobody'" in kwk("runs", "compare", str(run_folder), "nobody", code=1).output


def test_run_is_shown_with_how_it_was_judged(report: dict[str, Any], kwk: Command, run_folder: Path) -> None:
    (found,) = json.loads(kwk("runs", "show", str(run_folder), "--json").stdout)["evaluations"]
    kept = json.loads((run_folder / "evaluation" / "evaluation.json").read_text())  # the last one of the run
    macro = kept["metrics"]["grounded"]["t2t"]["macro"]["accuracy"]
    assert found["tables"]["grounded"]["T2T"] == macro
    told = kwk("runs", "show", str(run_folder)).stdout
    assert f"judged on '{report['graph']}'" in told
    assert f"grounded: T2T {100 * macro:.1f}" in told


def test_questions_go_to_lmms_eval(evaluate: Command, tmp_path: Path, atlas: str) -> None:
    out = tmp_path / "tasks"
    counts = json.loads(evaluate("--limit", "3", "--lmms-eval", str(out), "--json").stdout)
    assert set(counts) == {task_name(atlas, form) for form in ("T2T", "I2T")}
    assert all(3 <= count <= 6 for count in counts.values())  # of either kind of wording, a question once
    rows = load_dataset("parquet", data_files={"test": str(out / "i2t.parquet")}, cache_dir=str(tmp_path / "cache"))[
        "test"
    ]
    for row in rows:
        assert row["answers"] and "<image>" not in row["question"]
        (image,) = lmms_task.doc_to_visual(row)
        assert image.mode == "RGB"
        assert lmms_task.process_results(row, [f"It is {row['answers'][0]}."])["accuracy"] == 1.0


def test_questions_about_pictures_need_a_view(ask: Callable[..., Trial]) -> None:
    trials = [ask("?", number=0), ask("?", form="T2I", number=1)]
    assert fitted(trials, None) == trials[:1]


def test_difference_is_taken_over_what_both_were_asked(ask: Callable[..., Trial]) -> None:
    right, wrong = (Outcome("r", int(hit), False) for hit in (True, False))
    ours = {"grounded": [(ask("?", number=n), right) for n in range(3)], "closed_book_name_masked": []}
    theirs = {"grounded": [(ask("?", number=n), wrong) for n in range(1, 5)]}
    found = differences(ours, theirs)
    assert set(found) == {"grounded"}
    assert (found["grounded"]["t2t"]["difference"], found["grounded"]["t2t"]["n"]) == (1.0, 2)
