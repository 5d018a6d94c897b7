"""`kwk dialogues filter`, `report` and `card`: what a folder of dialogues is worth, and less of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dialogue.quality.features import Eye
    from dialogue.quality.filtering import Filtered, Filters
    from dialogue.quality.rules import Rule
    from dialogue.quality.survey import Survey
    from dialogue.verify import Report
    from kg.progress import Progress

folder_argument = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
encoder_option = click.option(
    "--encoder", default="lite", show_default=True, help="What images are seen with, as `kwk ingest` takes it, or none."
)
reader_option = click.option("--readability-model", help="A causal language model: name, folder or .gguf file.")
seed_option = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all samples.")


@click.command(name="filter")
@folder_argument
@graph_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; without it, only counts.")
@click.option("--keep", multiple=True, metavar="NAME[=VALUES]", help="Keep what has such values only: V7=2.. or T5.")
@click.option("--drop", multiple=True, metavar="NAME=VALUES", help="Drop what has such values: V8=..2.")
@encoder_option
@reader_option
@seed_option
@click.option("--force", is_flag=True, help="Replace dialogues that are there.")
@json_option
@click.pass_obj
def filter_command(kwk: Kwk, folder: Path | None, graph_name: str | None, out: Path | None, keep: tuple[str, ...],
                   drop: tuple[str, ...], encoder: str, readability_model: str | None, seed: int, force: bool,
                   as_json: bool) -> None:  # fmt: skip
    """Keep the dialogues that measure up, and say what each filter does.

    \b
    NAME is V1.text, V1.image, V2.match, V2.facts, V3, V7, V8, V9, T2 or T5, which
    judge a dialogue by itself (VALUES: 2 or 2.. at least, ..5 at most, 2..5), or
    V4, V5, V6 or V10, which thin out what there is much of (V10=5000: how many stay).
    """
    from dataclasses import asdict

    from dialogue.folder import check_target, choose_folder, count_lines
    from dialogue.quality.filtering import filtered
    from dialogue.quality.rules import parse

    place = choose_folder(folder, graph_name)
    rules = (*(parse(text, True) for text in keep), *(parse(text, False) for text in drop))
    if out is not None:
        check_target(out, force)
    shown, lines = kwk.progress, count_lines(place)
    with tools(kwk, place, graph_name, any(rule.name == "V2.facts" for rule in rules)) as (verified, engine):
        filters = make_filters(place, rules, encoder, readability_model, seed, shown, verified, engine)
        with shown("dialogues", lines) as seen:
            done = filtered(place, filters, out, force, seen)
    click.echo(json.dumps(asdict(done), ensure_ascii=False) if as_json else told(done, out))


@contextmanager
def tools(
    kwk: Kwk, place: Path, graph_name: str | None, verified: bool
) -> Iterator[tuple[Report | None, Engine | None]]:
    """Open the stores where dialogues are to be verified, and verify them; else leave them be."""
    if not verified:
        yield None, None
        return
    from dialogue.folder import count_lines, read_settings
    from dialogue.truth import read_truth
    from dialogue.verify import verify
    from kg.catalogue import choose
    from kg.stores import open_stores

    with open_stores(kwk) as stores:
        name, _ = choose(stores.driver, graph_name or str(read_settings(place)["graph"]))
        with kwk.progress("verified", count_lines(place)) as seen:
            report = verify(place, read_truth(stores.driver, name), name, seen)
        yield report, stores.engine


def make_filters(place: Path, rules: tuple[Rule, ...], encoder: str, readability_model: str | None, seed: int,
                 shown: Progress, verified: Report | None, engine: Engine | None) -> Filters:  # fmt: skip
    """Put rules together with what they see and read with; only what some rule needs is loaded."""
    from dialogue.folder import count_lines
    from dialogue.quality.filtering import Filters
    from dialogue.quality.judges import Tools, judge_for
    from dialogue.quality.rules import JUDGES, THINNERS
    from dialogue.quality.survey import Sizes, survey
    from dialogue.quality.thinners import grouping_for

    names, root = {rule.name for rule in rules}, root_of(place)
    eye = eye_of(encoder, root, engine) if names & {"V2.match", "T2", "V6"} else None
    found: Survey | None = None
    if names & {*THINNERS, "V2.match", "T2"}:
        with shown("surveyed", count_lines(place)) as seen:
            found = survey(place, seed, Sizes(), seen)
    first: dict[tuple[str, int], str] = {}
    for finding in verified.findings if verified else ():
        first.setdefault((finding.file, finding.line), finding.reason)
    reads = reader_of(readability_model) if "V1.text" in names else None
    given = Tools(root, reads, eye, found.names if found else {}, first if verified else None)
    judges = tuple(judge_for(rule, given) for rule in rules if rule.name in JUDGES)
    groupings = tuple(
        (rule, grouping_for(rule, found, sentences() if rule.name == "V5" else None, eye))
        for rule in rules
        if rule.name in THINNERS and found is not None
    )
    return Filters(rules, judges, groupings, seed)


def root_of(place: Path) -> Path | None:
    """Return the folder of the images that a folder's dialogues show."""
    from dialogue.folder import read_settings

    root = read_settings(place).get("image_root")
    return Path(root) if root else None


def eye_of(name: str, root: Path | None, engine: Engine | None) -> Eye | None:
    """Load an encoder of images; `none` is none."""
    if name == "none":
        return None
    from dialogue.quality.features import Eye
    from ingest.encoders import load_encoder

    return Eye(load_encoder(name), root, engine)


def reader_of(name: str | None) -> Any:
    """Load a language model, if one was named."""
    from dialogue.quality.readability import load_reader

    return load_reader(name) if name else None


def sentences() -> Callable[..., Any]:
    """Load the encoder of sentences."""
    from ingest.sentences import minilm

    return minilm().encode


def told(done: Filtered, out: Path | None) -> str:
    """Return what filters did, in words."""
    before, left = sum(done.before.values()), sum(done.dialogues.values())
    parts = ", ".join(f"{split} {n:,} of {done.before[split]:,}" for split, n in done.dialogues.items())
    lines = [f"{left:,} of {before:,} dialogues stay: {parts}." + (f" In {out}" if out else " Nothing was written.")]
    for split, reasons in done.dropped.items():
        lines += [f"  {split}: {n:,} dropped, {reason}" for reason, n in reasons.items()]
    if done.needed:
        lines.append(f"  train: {done.needed:,} stay for a fact of valid or test that is stated nowhere else")
    for label, each in done.each.items():
        lines.append(f"  {label}: alone drops {each['drops_alone']:,}; without it {each['kept_without']:,} stay")
    return "\n".join(lines)


@click.command()
@folder_argument
@graph_option
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: report.html in DIR.")
@click.option("--verify", "check", is_flag=True, help="Check every round against the graph, and say what was found.")
@click.option("--samples", type=click.IntRange(min=0), default=12, show_default=True, help="Conversations to show.")
@encoder_option
@reader_option
@seed_option
@json_option
@click.pass_obj
def report(kwk: Kwk, folder: Path | None, graph_name: str | None, out: Path | None, check: bool, samples: int,
           encoder: str, readability_model: str | None, seed: int, as_json: bool) -> None:  # fmt: skip
    """Write one HTML file: statistics, ten principles, what was dropped, conversations to read."""
    from dataclasses import asdict

    from dialogue.folder import choose_folder, count_lines, read_settings
    from dialogue.quality.principles import Instruments, principles
    from dialogue.quality.report import report as render
    from dialogue.quality.survey import Sizes, survey
    from dialogue.statistics import numbers

    place = choose_folder(folder, graph_name)
    settings, root, target = read_settings(place), root_of(place), out or place / "report.html"
    with kwk.progress("surveyed", count_lines(place)) as seen:
        found = survey(place, seed, Sizes(dialogues=samples), seen)
    with tools(kwk, place, graph_name, check) as (verified, engine):
        seeing = eye_of(encoder, root, engine) if found.images.seen else None
        reads = reader_of(readability_model)
        with kwk.progress("measured", 12) as advance:
            measures = principles(found, Instruments(root, reads, seeing, sentences(), verified, advance))
    save(target, render(place, settings, found, measures, verified))
    if as_json:
        measured = [{k: v for k, v in asdict(each).items() if k not in ("values", "axis")} for each in measures]
        click.echo(json.dumps({"statistics": numbers(found.tally), "principles": measured}, ensure_ascii=False))
    else:
        click.echo(f"{target}: {found.tally.rounds.total():,} rounds in {found.tally.dialogues.total():,} dialogues.")


@click.command()
@folder_argument
@graph_option
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: README.md in DIR.")
@click.option("--license", "license_name", help="The license to publish under, by its name on Hugging Face: cc-by-4.0.")
@click.option("--name", help="The dataset's name; default: that of its graph.")
@click.pass_obj
def card(
    kwk: Kwk, folder: Path | None, graph_name: str | None, out: Path | None, license_name: str | None, name: str | None
) -> None:
    """Write README.md: a Hugging Face dataset card with a datasheet, filled in from what was counted."""
    from dialogue.folder import choose_folder, count_lines, read_settings
    from dialogue.quality.card import card as render
    from dialogue.statistics import Tally, dialogues_of, held_out_in, numbers

    place = choose_folder(folder, graph_name)
    tally, held_out = Tally(), held_out_in(place)
    with kwk.progress("dialogues", count_lines(place)) as seen:
        for split, dialogue in dialogues_of(place):
            tally.add(split, dialogue, held_out)
            seen(1)
    target = out or place / "README.md"
    save(target, render(place, read_settings(place), numbers(tally), license_name, name))
    click.echo(f"{target}")


def save(target: Path, text: str) -> None:
    """Write a text file. Raises DataError if it can't be written."""
    from kg.errors import DataError

    try:
        # A name that came in broken (half a surrogate pair) must not keep a report from being written.
        target.write_bytes(text.encode("utf-8", "replace"))
    except OSError as exc:
        raise DataError(f"{target} can't be written: {exc.strerror}; name another file with --out.") from exc
