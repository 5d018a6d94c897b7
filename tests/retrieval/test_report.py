"""Figures are printed as they are: what was not judged as a dash, names with brackets in full."""

from io import StringIO

from rich.console import Console

from retrieval.metrics import Outcome, figures, leaf
from retrieval.report import formats, print_report, shown, single

RIGHT = Outcome("r", 1, False)


def printed(**more: object) -> str:
    parts = {"all": leaf([RIGHT], images=False)}
    report = {
        "run": "mine[1]",
        "graph": "g",
        "split": "test",
        "harness": {"title": "trained on the mix of formats"},
        "metrics": {
            "grounded": {"t2t": figures([RIGHT], False, None), "i2i": figures([RIGHT], True, 60)},
            "closed_book": {},
        },
        "parts": {"linking": parts, "relation": parts, "held_out_wordings": {"answer": {}}},
        "baselines": {"head_blind_prior": {"t2t": figures([RIGHT], False, None)}},
        **more,
    }
    file = StringIO()
    print_report(report, Console(file=file, width=200, markup=False, highlight=False))
    return file.getvalue()


def test_one_figure_has_its_interval_and_recall_at_five() -> None:
    assert shown(leaf([RIGHT], images=False)) == "100.0 (20.6–100.0)"
    assert shown(leaf([RIGHT], images=True)) == "100.0 (20.6–100.0) / 100.0"
    assert shown(leaf([], images=True)) == "–"


def test_tables_stand_for_what_was_judged_alone() -> None:
    told = printed()
    assert "Run mine[1], graph 'g', split test" in told
    assert "grounded" in told and "closed book" not in told
    assert "I2I" in told and "60" in told
    assert "–" in told  # no question of it defeats the prior
    assert "never seen" not in told and "against" not in told


def test_no_figure_is_cut_short_on_a_narrow_terminal() -> None:
    file = StringIO()
    forms = {form: leaf([RIGHT], images=False) for form in ("all", "t2t", "i2t", "t2i", "i2i")}
    console = Console(file=file, width=80, markup=False)
    console.print(single({"linking": forms, "relation": forms, "held_out_wordings": {}}))
    console.print(formats("grounded", {"t2i": figures([RIGHT], True, 60)}))
    assert "…" not in file.getvalue()


def test_unseen_style_and_another_run_have_tables_of_their_own() -> None:
    gap = {"difference": -0.125, "n": 8, "ci95": [-0.25, 0.0], "p": 0.5}
    unseen = {"grounded": {"i2t": figures([RIGHT], False, 60)}, "closed_book": {}}
    told = printed(
        unseen_style={"style": "ink", "metrics": unseen, "parts": {}},
        against={"run": "theirs", "metrics": {}, "difference": {"closed_book": {"t2t": gap}}},
    )
    assert "grounded, style ink never seen" in told
    assert "mine[1] against theirs" in told
    assert "-12.5 (-25.0 to +0.0)" in told
