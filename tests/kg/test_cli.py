"""The root command: quick, quiet about secrets, and one sentence for what goes wrong."""

import subprocess
import sys
from importlib.metadata import entry_points

import click
import pytest
from click.testing import CliRunner

from kg import __version__, cli
from kg.errors import DataError


def commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, click.Command]]:
    """Return every command with its path."""
    found = [(" ".join(path) or "kwk", command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += commands(child, (*path, name))
    return found


def test_help_never_imports_what_is_heavy() -> None:
    script = (
        "import sys\nfrom kg.cli import kwk\n"
        "try: kwk(['--help'], prog_name='kwk')\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'neo4j', 'sqlalchemy', 'rdflib', 'numpy', 'PIL', 'rich'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ingest" in done.stdout


@pytest.mark.parametrize(("path", "command"), commands(cli.kwk))
def test_every_command_says_what_it_does(path: str, command: click.Command) -> None:
    assert command.help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not isinstance(parameter, cli.FromEnvironment):
            assert parameter.help, (path, parameter.name)


def test_version() -> None:
    assert CliRunner().invoke(cli.kwk, ["--version"]).output == f"kwk, version {__version__}\n"


@pytest.mark.parametrize("option", ["--neo4j-password", "--database-url"])
def test_a_password_can_not_be_given_where_a_process_list_shows_it(option: str) -> None:
    result = CliRunner().invoke(cli.kwk, [option, "secret", "status"])
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_what_kwk_can_explain_is_one_sentence_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    @cli.kwk.command("fail-for-test")
    def fail() -> None:
        raise DataError("The value 7 in x.txt:3 is no date; write 2026-01-31.")

    try:
        result = CliRunner().invoke(cli.kwk, ["fail-for-test"])
        assert (result.exit_code, result.output) == (1, "Error: The value 7 in x.txt:3 is no date; write 2026-01-31.\n")
        shown = CliRunner().invoke(cli.kwk, ["--debug", "fail-for-test"])
        assert isinstance(shown.exception, DataError)
    finally:
        del cli.kwk.commands["fail-for-test"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    result = CliRunner().invoke(cli.kwk, ["completion", shell])
    assert result.exit_code == 0
    assert "_KWK_COMPLETE" in result.output


def test_every_registered_command_loads() -> None:
    for entry in entry_points(group="kwk.commands"):
        assert isinstance(entry.load(), click.Command), entry.name
