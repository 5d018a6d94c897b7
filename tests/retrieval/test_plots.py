"""What a report says is drawn and written in full: a row that is missing would be taken for one that was not judged."""

from retrieval.calibration import calibration
from retrieval.markdown import comparison, markdown
from retrieval.metrics import Outcome, figures
from retrieval.plots import plots

SAID = [Outcome("r", 1, False, confidence=0.9), Outcome("q", 0, True, confidence=0.4)]
REPORT = {
    "run": "mine",
    "graph": "g|h",
    "split": "test",
    "harness": {"title": "trained on the mix of formats"},
    "metrics": {
        "grounded": {"t2t": figures(SAID, False, None), "t2i": figures(SAID, True, 60)},
        "closed_book": {"t2t": figures(SAID, False, None)},
    },
    "baselines": {"transe": {"t2t": figures(SAID, False, None)}},
    "calibration": {"closed_book": {"t2t": calibration(SAID)}},
}


def test_every_table_and_baseline_has_its_place_in_the_plot() -> None:
    found = plots(REPORT)
    assert set(found) == {"answers.svg", "reliability-closed-book.svg"}
    assert all(
        name in found["answers.svg"] for name in ("grounded  T2T", "grounded  T2I", "closed book  T2T", "transe")
    )
    assert "T2T: ECE" in found["reliability-closed-book.svg"]


def test_report_is_written_beside_the_papers_rows_and_names_its_sources() -> None:
    told = markdown(REPORT, ["answers.svg"])
    assert "| GILL | mix | 47.4 | 70.0 | 6.8 | 24.3 | – | – |" in told
    assert "Bordes et al. 2013" in told and "![answers](answers.svg)" in told
    assert "Gallery: 60 images." in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_difference_is_written_with_its_interval_and_its_p() -> None:
    row = {"table": "grounded", "images": "seen", "format": "T2T", "part": "all", "difference": -0.125, "n": 8}
    row |= {"ci95": [-0.25, 0.0], "mrr": 0.0, "only_ours": 0, "only_theirs": 1, "p": 1e-6}
    told = comparison("mine", "theirs", [row])
    assert "| grounded | seen | T2T | all | -12.5 (-25.0 to +0.0) | +0.0 | 0 | 1 | < 0.0001 | 8 |" in told
