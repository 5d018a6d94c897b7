"""`kwk article`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dialogue.llm_options import PARTIAL, Llm, optional_llm_options, told_spent
from kg.cli import Kwk
from kg.graph_commands import graph_option, json_option

if TYPE_CHECKING:
    from retrieval.article.written import Article


@click.command()
@click.option("--title", default="", help="An entity's name or id, or a theme: “Capitals of Africa”.")
@click.option(
    "--keywords", default="", metavar="WORD,…", help="What it may tell of; without a title, what it is about."
)
@click.option(
    "--outline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Headings of its sections, one a line.",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Pictures of your own, to be used instead of the graph's.",
)
@click.option("--places", type=click.IntRange(min=0), default=8, show_default=True, help="Images, at most.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Folder to write.")
@click.option("--edit", type=click.Path(path_type=Path), metavar="FOLDER", help="Change an article's images on a page.")
@click.option("--port", type=click.IntRange(1, 65535), help="With --edit: the page's port; default: a free one.")
@click.option("--no-open", is_flag=True, help="With --edit: do not open the page in a browser.")
@click.option("--force", is_flag=True, help="Replace an article that is there.")
@graph_option
@optional_llm_options
@json_option
@click.pass_context
def article(
    ctx: click.Context,
    /,
    out: Path | None,
    edit: Path | None,
    port: int | None,
    no_open: bool,
    graph_name: str | None,
    force: bool,
    llm: Llm | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Write an illustrated article from a graph's facts, each cited; with --edit, change its images on a local page.

    Exit code 3 where a language model's budget was spent before it had reworded everything.
    """
    kwk: Kwk = ctx.obj
    if edit is not None:
        from retrieval.article.desk import serve_article

        serve_article(edit, port, kwk.say, not no_open)
        return
    if out is None:
        raise click.UsageError("--out names the folder that the article is written to.")
    from dialogue.folder import check_target
    from kg.graph_commands import chosen as chosen_graph
    from kg.stores import open_stores
    from retrieval.article.folder import ARTICLE, write
    from retrieval.article.make import make

    check_target(out, force, ARTICLE)
    settings = settings_of(**chosen)
    stopped = False
    with open_stores(kwk) as stores:
        made = make(stores, chosen_graph(kwk, stores.driver, graph_name), kwk.home, settings, kwk.progress)
        written = made.article
        if made.remark:
            kwk.say(made.remark)
        if llm is not None:
            from retrieval.article.reword import reword

            written, spent, stopped = reword(stores.driver, written, llm.settings, llm.run, kwk.progress)
            kwk.say(told_spent(spent, stopped))
        write(written, made.image, out, force)
    click.echo(json.dumps(counts(written, out), ensure_ascii=False) if as_json else told(written, out))
    ctx.exit(PARTIAL if stopped else 0)


def settings_of(title: str, keywords: str, outline: Path | None, images: Path | None, places: int) -> Any:
    """Return the settings that options name. Raises DataError."""
    from retrieval.article.make import ArticleSettings, read_outline

    words = tuple(word.strip() for word in keywords.split(",") if word.strip())
    return ArticleSettings(title.strip(), words, read_outline(outline) if outline else (), images, places)


def counts(article: Article, out: Path) -> dict[str, Any]:
    """Return what an article holds, as JSON has it."""
    paragraphs = [each for section in article.sections for each in section.paragraphs]
    return {
        "folder": str(out),
        "title": article.title,
        "graph": article.graph,
        "about": list(article.about),
        "sections": [section.title for section in article.sections],
        "sentences": sum(len(each.sentences) for each in paragraphs),
        "facts": len(article.facts),
        "left_out": article.left_out,
        "images": len(article.places),
        "model": article.model,
    }


def told(article: Article, out: Path) -> str:
    """Return the same as one line to read, with what the model was worth where there was one."""
    found = counts(article, out)
    text = (
        f"{article.title}: {found['sentences']:,} sentences on {found['facts']:,} facts, {found['left_out']:,} left "
        f"out, {found['images']:,} images, in {out}. `kwk article --edit {shlex.quote(str(out))}` changes the images."
    )
    if article.model:
        rejected = ", ".join(f"{count:,} {reason}" for reason, count in article.model["rejected"].items())
        text += f"\n{article.model['taken']:,} sentences in {article.model['name']}'s words"
        text += f"; rejected: {rejected}." if rejected else "; none was rejected."
    return text
