"""`kwk dialogues rewrite` and `wordings`: what a language model writes, checked against the graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dialogue.llm_options import PARTIAL, Llm, graph_of, listed, llm_options, told_spent
from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@graph_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--whole", is_flag=True, help="Write whole conversations, not a question and an answer by fact.")
@click.option(
    "--seeds", type=click.Path(path_type=Path, exists=True, file_okay=False), help="With --whole: labelled examples."
)
@click.option("--pairs", type=click.IntRange(1, 12), default=3, show_default=True, help="Questions of one fact.")
@click.option("--llm-judge", "judge", is_flag=True, help="Ask the model again whether each is entailed.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="What chance starts from."
)
@click.option("--force", is_flag=True, help="Replace dialogues that are there.")
@llm_options
@json_option
@click.pass_context
def rewrite(
    ctx: click.Context,
    folder: Path | None,
    graph_name: str | None,
    out: Path,
    whole: bool,
    seeds: Path | None,
    pairs: int,
    judge: bool,
    seed: int,
    force: bool,
    llm: Llm,
    as_json: bool,
) -> None:
    """Put the dialogues in DIR into a language model's words, where the graph bears them; exit code 3 on a budget."""
    from dialogue.folder import check_target, choose_folder, count_lines, read_settings
    from dialogue.llm.rewrite import RewriteSettings
    from dialogue.llm.runs import rewrite_rounds, rewrite_whole

    kwk: Kwk = ctx.obj
    place = choose_folder(folder, graph_name)
    count_lines(place)
    check_target(out, force)
    graph = graph_of(kwk, graph_name or str(read_settings(place)["graph"]))
    settings = RewriteSettings(whole, pairs, judge, seed)
    if whole:
        done = rewrite_whole(graph, place, out, force, settings, seeds, llm.settings, llm.run, kwk.progress)
    else:
        done = rewrite_rounds(graph, place, out, force, settings, llm.settings, llm.run, kwk.progress)
    counted = done.counted(llm.settings)
    if as_json:
        click.echo(json.dumps(counted, ensure_ascii=False))
    else:
        click.echo("\n".join(_told_rewrite(counted, whole)))
    ctx.exit(PARTIAL if done.stopped else 0)


def _told_rewrite(counted: dict[str, Any], whole: bool) -> list[str]:
    kept = sum(counted["kept"].values())
    whole_number = counted["rounds"] + kept
    lines = [f"{counted['rounds']:,} of {whole_number:,} rounds are in the model's words, in {counted['folder']}."]
    if counted["kept"]:
        lines.append(f"Kept as they were: {listed(counted['kept'])}.")
    if not whole:
        lines.append(
            f"{counted['facts_with_pairs']:,} of {counted['facts']:,} facts have texts: {counted['sentences']:,} "
            f"sentences and {counted['pairs']:,} questions with answers were taken."
        )
    lines += [f"Rejected, {stage}: {listed(reasons)}." for stage, reasons in counted["rejected"].items()]
    lines.append(told_spent(counted["spent"], counted["stopped_by_budget"]))
    return lines


@click.command("wordings")
@graph_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Lexicon file to write.")
@click.option("--relations", type=click.IntRange(1), help="How many to word, most frequent first; default: all.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@llm_options
@json_option
@click.pass_context
def write_wordings(
    ctx: click.Context,
    graph_name: str | None,
    out: Path,
    relations: int | None,
    force: bool,
    llm: Llm,
    as_json: bool,
) -> None:
    """Word the relations that no lexicon has, as a file for `build --lexicon`; exit code 3 on a budget."""
    from dataclasses import asdict

    from dialogue.llm.lexicon import save, to_toml, wanting, word_relations
    from kg.errors import DataError

    kwk: Kwk = ctx.obj
    if out.exists() and not force:
        raise DataError(f"{out} exists already; --force replaces it, --out names another file.")
    graph = graph_of(kwk, graph_name)
    wanted = wanting(graph)[:relations]
    if not wanted:
        raise DataError(f"Every relation of the graph '{graph.graph}' is worded by hand; there is nothing to write.")
    with kwk.progress("relations", len(wanted)) as advance:
        made, spent, stopped = llm.run(lambda endpoint: word_relations(endpoint, graph, wanted, advance))
    heading = (
        f"Relations of the graph '{graph.graph}', worded by {llm.settings.model}, checked by kwk; read them before use."
    )
    save(out, to_toml(made.entries, heading.replace("\n", " ")))
    counted = {
        "file": str(out),
        "relations": len(wanted),
        "worded": len(made.entries),
        "failed": made.failed,
        "rejected": made.reasons,
        "spent": asdict(spent) | {"cost": round(spent.cost(llm.settings.price), 6)},
        "stopped_by_budget": stopped,
    }
    if as_json:
        click.echo(json.dumps(counted, ensure_ascii=False))
    else:
        click.echo(f"{len(made.entries):,} of {len(wanted):,} relations are worded in {out}.")
        if made.reasons:
            click.echo(f"Rejected: {listed(made.reasons)}.")
        click.echo(told_spent(counted["spent"], stopped))
    ctx.exit(PARTIAL if stopped else 0)
