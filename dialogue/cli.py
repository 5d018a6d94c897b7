"""`kwk dialogues`: build, show, stats, verify, publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dialogue.build_options import parse_formats, parse_kinds, parse_languages, parse_relations, usable_formats
from dialogue.export_commands import export
from dialogue.leakage_commands import leakage
from dialogue.llm_commands import rewrite, write_wordings
from dialogue.quality_commands import card, filter_command, report
from dialogue.review_commands import agreement, apply_review, review
from dialogue.review_exchange_commands import review_export, review_import
from dialogue.seed_commands import label, refine
from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from dialogue.batches import Engine
    from dialogue.build import Built
    from dialogue.verify import Report

folder_argument = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))


@click.group()
def dialogues() -> None:
    """Compose conversations from a graph; show, count, check and publish them."""


@dialogues.command()
@graph_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default: dialogues/<graph>.")
@click.option(
    "--rounds", type=click.IntRange(min=2), help="Questions to ask; default: 100,000, fewer of a small graph."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance starts from."
)
@click.option("--formats", help="Formats to use, by commas: T2T, I2T, T2I, I2I; default: all.")
@click.option("--imaged", is_flag=True, help="Ask only for facts of which both entities have images.")
@click.option(
    "--relations", metavar="NAME,…", help="Ask only for facts of these relations: types as in Cypher, or paths."
)
@click.option(
    "--kinds",
    help="Kinds of rounds beside facts, by commas: yes_no, count, comparison, multi_hop, unanswerable; or none.",
)
@click.option(
    "--split",
    metavar="HOW",
    default="format",
    show_default=True,
    help="What valid and test hold out: format, triple, entity, published, or published:NAME.",
)
@click.option(
    "--languages",
    default="en",
    show_default=True,
    help="Languages, by commas: en, de, fr, es, zh. Of several, each dialogue is written in every one, turn by turn.",
)
@click.option(
    "--lexicon",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of wordings of your own in the first language, which come before ours.",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option(
    "--engine",
    type=click.Choice(["processes", "ray"]),
    default="processes",
    show_default=True,
    help="What runs the workers; ray needs kwk[ray].",
)
@click.option("--force", is_flag=True, help="Replace dialogues that are there.")
@json_option
@click.pass_obj
def build(
    kwk: Kwk,
    graph_name: str | None,
    out: Path | None,
    rounds: int | None,
    seed: int,
    formats: str | None,
    imaged: bool,
    relations: str | None,
    kinds: str | None,
    split: str,
    languages: str,
    lexicon: Path | None,
    workers: int,
    engine: Engine,
    force: bool,
    as_json: bool,
) -> None:
    """Build a graph's dialogues into train.jsonl, valid.jsonl and test.jsonl."""
    from dataclasses import asdict

    from dialogue.build import BuildSettings
    from dialogue.build import build as build_dialogues
    from dialogue.folder import check_target
    from dialogue.parts import parts_of
    from dialogue.topics_of_images import features_of, image_topics
    from kg import adjacency
    from kg.graph_commands import chosen
    from kg.stores import open_stores

    asked = parse_formats(formats) if formats else None
    chosen_kinds, spoken = parse_kinds(kinds), parse_languages(languages)
    with open_stores(kwk) as stores:
        name = chosen(kwk, stores.driver, graph_name)
        target = out or Path("dialogues") / name
        check_target(target, force)
        graph = adjacency.load(stores.driver, name, spoken)
        topics = image_topics(graph, features_of(stores.engine, graph), seed)
    own = str(lexicon) if lexicon else None
    usable, only = usable_formats(graph, asked), parse_relations(graph, relations)
    settings = BuildSettings(rounds, seed, usable, chosen_kinds, own, spoken, imaged, only)
    parts = parts_of(graph, split, kwk.home)
    built = build_dialogues(graph, settings, target, force, workers, kwk.progress, parts, engine, topics)
    click.echo(json.dumps(asdict(built)) if as_json else told(built))


def told(built: Built) -> str:
    """Return what a build wrote, in words."""
    parts = ", ".join(f"{name} {built.rounds[name]:,} in {built.dialogues[name]:,}" for name in built.rounds)
    text = f"{sum(built.rounds.values()):,} rounds in {sum(built.dialogues.values()):,} dialogues of '{built.graph}': "
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in built.dropped.items() if count)
    lines = [f"{text}{parts}. In {built.folder}" + (f". Dropped: {dropped}" if dropped else "")]
    for lang, found in built.languages.items():
        if lang != "en":
            lines.append(
                f"In {lang}: {found.relations:,} of {found.of_relations:,} relations are worded; {found.unlabelled:,} "
                f"of {found.of_entities:,} entities have no label there and keep their name."
            )
    return "\n".join(lines)


@dialogues.command()
@click.argument("dialogue_id", metavar="[ID]", required=False)
@click.option("--in", "folder", type=click.Path(path_type=Path), help="Folder; default: the dialogues built last.")
@graph_option
def show(dialogue_id: str | None, folder: Path | None, graph_name: str | None) -> None:
    """Print the dialogue ID to read, images as paths; without ID a varied one."""
    from dialogue import show as shown
    from dialogue.folder import choose_folder, read_settings

    place = choose_folder(folder, graph_name)
    root = Path(read_settings(place)["image_root"] or "")
    dialogue = shown.find(place, dialogue_id) if dialogue_id else shown.example(place)
    click.echo("\n".join(shown.lines(dialogue, root)))


@dialogues.command()
@folder_argument
@graph_option
@json_option
def stats(folder: Path | None, graph_name: str | None, as_json: bool) -> None:
    """Count rounds, entities, images, formats, question words, topics and lengths."""
    from dialogue.folder import choose_folder
    from dialogue.statistics import statistics_of

    numbers = statistics_of(choose_folder(folder, graph_name))
    if as_json:
        click.echo(json.dumps(numbers, ensure_ascii=False, indent=1))
        return
    for name, value in numbers.items():
        click.echo(f"{name.replace('_', ' ')}: {in_words(value)}")


def in_words(value: Any) -> str:
    """Return a number, or a mapping of numbers, on one line."""
    if isinstance(value, dict):
        parts = [f"{name} {in_words(each)}" for name, each in list(value.items())[:14]]
        return ("; " if any(isinstance(each, dict) for each in value.values()) else ", ").join(parts) or "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


@dialogues.command()
@folder_argument
@graph_option
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Findings to print.")
@json_option
@click.pass_context
def verify(ctx: click.Context, folder: Path | None, graph_name: str | None, limit: int, as_json: bool) -> None:
    """Check dialogues against the graph, by code of its own; exit code 1 if anything is wrong."""
    from dialogue.folder import choose_folder, count_lines, read_settings
    from dialogue.truth import read_truth
    from dialogue.verify import verify as check
    from kg.catalogue import choose
    from kg.stores import open_stores

    kwk: Kwk = ctx.obj
    place = choose_folder(folder, graph_name)
    with open_stores(kwk) as stores:
        name, _ = choose(stores.driver, graph_name or str(read_settings(place)["graph"]))
        truth = read_truth(stores.driver, name)
    with kwk.progress("dialogues", count_lines(place)) as seen:
        report = check(place, truth, name, seen)
    print_report(report, limit, as_json)
    ctx.exit(1 if report.findings else 0)


def print_report(report: Report, limit: int, as_json: bool) -> None:
    """Print what a check found, as JSON or to read."""
    from dataclasses import asdict

    from dialogue.verify import REASONS

    if as_json:
        findings = [asdict(finding) for finding in report.findings[:limit]]
        counts = {
            "dialogues": report.dialogues,
            "rounds": report.rounds,
            "answers": report.answers,
            "images": report.images,
        }
        click.echo(json.dumps(counts | {"reasons": report.reasons, "findings": findings}, ensure_ascii=False))
        return
    click.echo(
        f"Checked {report.rounds:,} rounds in {report.dialogues:,} dialogues, {report.answers:,} answers and "
        f"{report.images:,} images: {f'{len(report.findings):,} findings' if report.findings else 'nothing is wrong'}."
    )
    for reason, count in report.reasons.items():
        click.echo(f"  {count:,} {reason}: {REASONS[reason]}")
    for finding in report.findings[:limit]:
        click.echo(f"{finding.file}:{finding.line} {finding.dialogue} {finding.reason}: {finding.detail}")


@dialogues.command()
@folder_argument
@graph_option
@json_option
@click.pass_obj
def publish(kwk: Kwk, folder: Path | None, graph_name: str | None, as_json: bool) -> None:
    """Write the dialogues' lineage into Neo4j: dialogue, turns, entities, images."""
    from dataclasses import asdict

    from dialogue.folder import choose_folder, read_settings
    from dialogue.publish import publish as publish_dialogues
    from kg.catalogue import choose
    from kg.stores import open_stores

    place = choose_folder(folder, graph_name)
    with open_stores(kwk) as stores:
        name, _ = choose(stores.driver, graph_name or str(read_settings(place)["graph"]))
        done = publish_dialogues(stores.driver, name, place, kwk.progress)
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    click.echo(
        f"'{name}' holds the lineage of {done.dialogues:,} dialogues ({done.written:,} of {done.read:,} written now, "
        f"{done.removed:,} removed): {done.turns:,} turns, {done.rests:,} RESTS_ON, {done.shows:,} SHOWS."
        + (f" {done.missing:,} lead nowhere: the graph lacks their entity or image." if done.missing else "")
    )


for command in (
    export, leakage, filter_command, report, card, review, agreement, apply_review, review_export, review_import,
    rewrite, write_wordings, refine, label,
):  # fmt: skip
    dialogues.add_command(command)
