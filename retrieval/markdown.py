"""An evaluation, and a comparison of two, as Markdown: one line a format, every figure with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialogue.types import FORMATS
from retrieval.outcomes import KEPT
from retrieval.published import HEADS, PAPER, SOURCES
from retrieval.report import percent, shown

TITLES = {
    "grounded": "Grounded in the graph",
    "closed_book": "Closed-book: by heart, `<RET>` in the model's own text",
    "closed_book_name_masked": "Closed-book: `<RET>` right after the question, no name before it",
    "closed_book_described": "Closed-book, TextBind's way: the model's words, a text tower looks for the image",
}


def markdown(report: Mapping[str, Any], plots: Iterable[str] = ()) -> str:
    """Return an evaluation to read."""
    harness = report["harness"]
    lines = [
        f"# Run {report['run']} on '{report['graph']}', split {report['split']}",
        "",
        f"{harness['title'][:1].upper()}{harness['title'][1:]}.",
        "",
        "In per cent, 95 % intervals in brackets. A hit is any true answer, or any image of one. *Macro* is over "
        "relations; *prior-defeating* are the questions that the relation's commonest answer gets wrong.",
    ]
    for name, metrics in report["metrics"].items():
        lines += section(f"{title(name)}; images seen in training", metrics)
    unseen = report.get("unseen_style", {"metrics": {}, "style": ""})
    for name, metrics in unseen["metrics"].items():
        lines += section(f"{title(name)}; style {unseen['style']} never seen", metrics)
    lines += [
        "",
        "## Beside them",
        "",
        *beside(report),
        "",
        *sources(report),
        "",
        "## What the paper reports",
        "",
        *paper(),
    ]
    if report["calibration"]:
        lines += ["", "## How sure the slot is", "", *calibrated(report["calibration"])]
    lines += [text for plot in plots for text in ("", f"![{plot.partition('.')[0]}]({plot})")]
    if against := report.get("against"):
        lines += ["", f"## Against {against['run']}", "", *gaps(rows_of(against["difference"]))]
    return "\n".join(lines) + "\n"


def title(table: str) -> str:
    """Return what a table is of."""
    own = table.removesuffix(KEPT)
    return TITLES.get(own, own) + (", in wordings that train lacks" if own != table else "")


def section(title: str, metrics: Mapping[str, Any]) -> list[str]:
    """Return the tables of text and of image answers."""
    if not metrics:
        return []
    text = {form: found for form, found in metrics.items() if form.endswith("t")}
    images = {form: found for form, found in metrics.items() if form.endswith("i")}
    lines = ["", f"## {title}"]
    if text:
        rows = [[form.upper(), *averages(found), str(found["micro"]["n"])] for form, found in text.items()]
        lines += ["", *grid(["accuracy", "micro", "macro", "prior-defeating", "n"], rows)]
    if images:
        heads = [
            "recall@1",
            "micro",
            "macro",
            "prior-defeating",
            "@5 macro",
            "@10 macro",
            "MRR macro",
            "exact image",
            "n",
        ]
        rows = [
            [
                form.upper(),
                *averages(found),
                percent(found["macro"]["recall5"]),
                percent(found["macro"]["recall10"]),
                with_interval(found["macro"], "mrr"),
                percent(found["micro"]["exact1"]),
                str(found["micro"]["n"]),
            ]
            for form, found in images.items()
        ]
        size = next(iter(images.values()))["micro"]["gallery"]
        lines += ["", *grid(heads, rows), "", f"Gallery: {size:,} images."]
    return lines


def averages(found: Mapping[str, Any]) -> list[str]:
    """Return the three averages of a first answer."""
    return [shown(found[part], depths=False) for part in ("micro", "macro", "prior_defeating")]


def with_interval(leaf: Mapping[str, Any], key: str) -> str:
    """Return a figure with its interval."""
    if leaf[key] is None:
        return "–"
    low, high = leaf[f"{key}_ci95"]
    return f"{percent(leaf[key])} ({percent(low)}–{percent(high)})"


def beside(report: Mapping[str, Any]) -> list[str]:
    """Return who answers how well, macro over relations: the run's tables, then the baselines."""
    rows = []
    for name, metrics in {**report["metrics"], **report["baselines"]}.items():
        cells = [
            "" if (found := metrics.get(form.lower())) is None else shown(found["macro"], depths=form.endswith("I"))
            for form in FORMATS
        ]
        rows.append([name.replace("_", " "), *cells])
    return grid(["macro, @1 / @5 for images", *FORMATS], rows)


def sources(report: Mapping[str, Any]) -> list[str]:
    """Return where each baseline comes from."""
    named = {"described": SOURCES["described"]} if "closed_book_described" in report["metrics"] else {}
    named |= {name: SOURCES[name] for name in report["baselines"] if name in SOURCES}
    return [f"- *{name.replace('_', ' ')}*: {source}." for name, source in named.items()]


def paper() -> list[str]:
    """Return the paper's rows, and why they are no yardstick."""
    rows = [
        [row.model, row.harness, *("–" if value is None else f"{value:.1f}" for value in row.figures)] for row in PAPER
    ]
    note = (
        "KnowBLIP, tables 3 to 5: on IWK, another data set, with a gallery of unknown size, and judged by a protocol "
        "that leaks. They show the size of what was published; nothing here is to be compared with them digit by digit."
    )
    return [*grid(["model", "harness", *HEADS], rows), "", note]


def calibrated(calibration: Mapping[str, Any]) -> list[str]:
    """Return how sure and how right the slot is."""
    rows = [
        [
            name.replace("_", " "),
            form.upper(),
            percent(found["accuracy"]),
            percent(found["confidence"]),
            f"{found['ece']:.3f}",
            f"{found['brier']:.3f}",
            str(found["n"]),
        ]
        for name, forms in calibration.items()
        for form, found in forms.items()
    ]
    return grid(["table", "format", "right", "sure", "ECE", "Brier", "n"], rows)


def comparison(ours: str, theirs: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how two runs differ, to read."""
    head = [
        f"# {ours} less {theirs}",
        "",
        "Points of accuracy or recall@1, over the questions that both were asked; 95 % intervals by the paired "
        "bootstrap, p by McNemar's exact test. Many rows are many tests: of twenty without a difference one falls "
        "below 0.05.",
        "",
    ]
    return "\n".join([*head, *gaps(rows)]) + "\n"


def rows_of(differences: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the differences of `Evaluation.report` as the rows of a comparison."""
    return [
        {"table": name, "images": "seen", "format": form.upper(), "part": "all", **gap}
        for name, forms in differences.items()
        for form, gap in forms.items()
    ]


def gaps(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return paired differences as a table."""
    heads = ["table", "images", "format", "questions", "difference", "MRR", "only first", "only second", "p", "n"]
    return grid(heads, [gap_cells(row) for row in rows])


def gap_cells(row: Mapping[str, Any]) -> list[str]:
    """Return one paired difference in words."""
    low, high = (100 * end for end in row["ci95"])
    return [
        row["table"].replace("_", " "),
        row["images"],
        row["format"],
        row["part"].replace("_", "-"),
        f"{100 * row['difference']:+.1f} ({low:+.1f} to {high:+.1f})",
        f"{100 * row['mrr']:+.1f}",
        str(row["only_ours"]),
        str(row["only_theirs"]),
        "< 0.0001" if row["p"] < 1e-4 else f"{row['p']:.4f}",
        str(row["n"]),
    ]


def grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; what is a bar in a name stays one."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *cells)]
