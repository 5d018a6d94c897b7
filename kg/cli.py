"""The root of `kwk`: loads a command only when it is called, and turns KwkError into one sentence."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click
from click.shell_completion import get_completion_class

from kg import __version__
from kg.errors import KwkError
from kg.progress import Progress, bar, silent
from kg.settings import ServiceSettings

# `kwk --help` lists commands in the order of use; one that is not named here comes last.
ORDER = tuple(
    "up down status doctor explore ingest graphs images dialogues train negatives runs evaluate ask chat serve trace "  # noqa: SIM905
    "article completion".split()
)
# Objects that are made before Python looks for cycles among the new. Its own 700 take an eighth of the time in which
# torch and transformers are imported, and find nothing.
GARBAGE = 50_000


@dataclass(frozen=True, slots=True)
class Kwk:
    """What every command is handed: where things live, and how much to say."""

    services: ServiceSettings
    verbosity: int = 0  # -1 quiet, 0 normal, 1 and more verbose
    debug: bool = False

    @property
    def home(self) -> Path:
        """Return the folder that holds servers, runs and passwords."""
        return self.services.home

    @property
    def progress(self) -> Progress:
        """Return what shows how far long work is, or shows nothing under --quiet."""
        return bar if self.verbosity >= 0 else silent

    def say(self, text: str) -> None:
        """Write a line of progress to stderr, unless asked to be quiet."""
        if self.verbosity >= 0:
            click.echo(text, err=True)


class FromEnvironment(click.Option):
    """A value that must not stand in a process list: read from its environment variable, never from an option."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Add nothing: the command line does not know this value."""

    def get_help_record(self, ctx: click.Context) -> None:
        """Show nothing: the epilogue of `kwk --help` names the variable."""


@contextmanager
def explained(debug: bool) -> Iterator[None]:
    """Turn KwkError into a click error with exit code 1; under --debug let the traceback through."""
    try:
        yield
    except KwkError as exc:
        if debug:
            raise
        raise click.ClickException(str(exc)) from exc


class Open(click.Group):
    """A group to which the installed packages add commands under an entry-point group; each loads when it is called."""

    entry_points = "kwk.commands"

    def registered(self) -> dict[str, EntryPoint]:
        """Return the entry points by command name."""
        return {entry.name: entry for entry in entry_points(group=self.entry_points)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all command names in the order of use."""
        names = {*self.registered(), *self.commands}
        return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command and return it."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        entry = self.registered().get(cmd_name)
        return entry.load() if entry else None


class Commands(Open):
    """The root: what kwk can explain ends as one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with explained(ctx.params["debug"]):
            return super().invoke(ctx)


EPILOG = (
    "Environment: KWK_HOME (folder of servers and runs); KWK_NEO4J_URI, KWK_NEO4J_USER, KWK_NEO4J_PASSWORD and "
    "KWK_DATABASE_URL point at servers of your own; without them kwk runs both servers itself."
)


@click.group(cls=Commands, epilog=EPILOG, context_settings={"auto_envvar_prefix": "KWK", "max_content_width": 120})
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), envvar="KWK_HOME", help="Folder of servers.")
@click.option("--neo4j-uri", envvar="KWK_NEO4J_URI", help="Bolt address of a Neo4j of your own.")
@click.option("--neo4j-user", envvar="KWK_NEO4J_USER", default="neo4j", show_default=True, help="Its user.")
@click.option("--neo4j-password", cls=FromEnvironment, envvar="KWK_NEO4J_PASSWORD")
@click.option("--database-url", cls=FromEnvironment, envvar="KWK_DATABASE_URL")
@click.option("--java", cls=FromEnvironment, envvar="KWK_JAVA")
@click.option("--maven-repository", cls=FromEnvironment, envvar="KWK_MAVEN_REPOSITORY")
@click.option("-v", "--verbose", count=True, help="Say more; twice for what the libraries say.")
@click.option("-q", "--quiet", is_flag=True, help="Say only results and errors.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(__version__, prog_name="kwk")
@click.pass_context
def kwk(
    ctx: click.Context,
    /,
    home: Path | None,
    verbose: int,
    quiet: bool,
    debug: bool,
    **services: Any,
) -> None:
    """Conversations that know things and show them, from a knowledge graph with pictures."""
    level = logging.DEBUG if verbose > 1 else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    if not verbose:  # the driver warns of each deadlock that it resolves by itself
        logging.getLogger("neo4j").setLevel(logging.ERROR)
    with explained(debug):
        settings = ServiceSettings(home=(home or default_home()).absolute(), **services)
    ctx.obj = Kwk(settings, verbosity=-1 if quiet else verbose, debug=debug)


def default_home() -> Path:
    """Return the platform's folder for a user's data of kwk."""
    from platformdirs import user_data_path

    return user_data_path("kwk")


@kwk.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes kwk's commands in SHELL."""
    complete = get_completion_class(shell)
    assert complete is not None  # noqa: S101 - the choices above are click's own
    click.echo(complete(kwk, {}, "kwk", "_KWK_COMPLETE").source())


def main() -> None:
    """Run `kwk`."""
    gc.set_threshold(GARBAGE)
    kwk(prog_name="kwk")
