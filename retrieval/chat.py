"""`kwk chat`: a conversation in the terminal, with what each answer rests on a word away."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from kg.errors import DataError, KwkError
from kg.export_cypher import text
from retrieval.conversation import Conversation, Given, Host
from retrieval.intake import checked, read_picture
from retrieval.timings import timed

if TYPE_CHECKING:
    from PIL import Image

WELCOME = "Ask about '{graph}'. /help lists the commands, /quit or Ctrl-D ends."
PAUSE = 0.012  # seconds between two words of an answer, so that one can read along
COMMANDS: Mapping[str, str] = {
    "/image FILE [QUESTION]": "show a picture, and ask about it",
    "/why": "what the last answer rests on, how it was understood, and its id",
    "/graph": "Cypher that draws it in Neo4j Browser",
    "/up [REASON], /down [REASON]": "say what you think of the last answer; it is kept",
    "/new": "begin anew",
    "/help": "list the commands",
    "/quit": "end",
}


@dataclass(slots=True)
class Chat:
    """A conversation as a person has it in a terminal."""

    host: Host
    console: Console
    conversation: Conversation = field(default_factory=Conversation)
    picture: Image.Image | None = None  # shown, and not asked about yet
    timings: bool = False  # said after each answer, on stderr

    def run(self, lines: Iterable[str]) -> None:
        """Answer line by line until they end or one says so. What goes wrong is said, and the conversation goes on."""
        self.console.print(WELCOME.format(graph=self.host.journal.graph), style="dim")
        for line in lines:
            try:
                if not self.hear(line.strip()):
                    return
            except KwkError as exc:
                self.console.print(str(exc), style="red")

    def hear(self, line: str) -> bool:
        """Answer one line; return whether the conversation goes on. Raises KwkError."""
        command, _, rest = line.partition(" ")
        if command in ("/quit", "/exit"):
            return False
        if not line.startswith("/"):
            if line:
                self.answer(line)
            return True
        match command:
            case "/image":
                self.look(rest.strip())
            case "/why":
                self.console.print("\n".join(reasons(self.last())))
            case "/graph":
                self.console.print(drawn(self.host.journal.graph, self.last()))
            case "/up" | "/down":
                self.host.journal.rate(self.last().id, command == "/up", rest.strip() or None)
                self.console.print("Kept, thank you.", style="dim")
            case "/new":
                self.conversation, self.picture = Conversation(), None
                self.console.print("A new conversation.", style="dim")
            case _:
                self.help()
        return True

    def answer(self, question: str) -> None:
        """Answer a question, about the picture that was shown before it if one was."""
        with timed() as timings:
            given = self.host.turn(self.conversation, checked(question), self.picture)
        self.picture = None
        if self.timings:
            Console(stderr=True, markup=False, highlight=False).print(timings.told())
        self.speak(given.answer.text)
        for image in given.answer.images:
            self.show(image.path)
        if given.answer.evidence:
            edges = len(given.answer.evidence)
            told = f"{edges} edges; /why shows them" if edges > 1 else "1 edge; /why shows it"
            self.console.print(f"  [{told}]", style="dim")

    def look(self, told: str) -> None:
        """Take a picture, and the question behind its name if there is one."""
        file, question = picture_and_question(told)
        self.picture = read_picture(file)
        if question:
            self.answer(question)
        else:
            self.console.print(f"{file.name} is before me: ask about it.", style="dim")

    def last(self) -> Given:
        """Return the last answer. Raises DataError if there is none."""
        if not self.conversation.given:
            raise DataError("Nothing has been answered yet; ask something first.")
        return self.conversation.given[-1]

    def speak(self, text: str) -> None:
        """Say a text word by word on a terminal, at once elsewhere."""
        if not self.console.is_terminal:
            self.console.print(text)
            return
        for word in text.split(" "):
            self.console.print(word, end=" ")
            time.sleep(PAUSE)
        self.console.print()

    def show(self, path: str) -> None:
        """Show an image where the terminal can, and say where it lies."""
        if self.console.is_terminal and (drawing := inline_image(path)) is not None:
            self.console.print(drawing)
        self.console.print(f"  {path}")

    def help(self) -> None:
        """List the commands."""
        wide = max(map(len, COMMANDS))
        for command, what in COMMANDS.items():
            self.console.print(f"  {command:{wide}}  {what}")


def picture_and_question(told: str) -> tuple[Path, str]:
    """Cut "FILE QUESTION" where the longest name of a file ends; a name in quotes may hold anything."""
    if told[:1] in ("'", '"') and told.find(told[0], 1) > 0:
        end = told.index(told[0], 1)
        return Path(told[1:end]).expanduser(), told[end + 1 :].strip()
    words = told.split(" ")
    for count in range(len(words), 0, -1):
        file = Path(" ".join(words[:count])).expanduser()
        if file.is_file():
            return file, " ".join(words[count:]).strip()
    raise DataError(f"There is no picture {told!r}; give its file: /image FILE" if told else "Give a file: /image FILE")


def inline_image(path: str) -> object | None:
    """Return an image as rich draws it, None where no library is there that can (the extra `chat`)."""
    try:
        from textual_image.renderable import Image as Drawing
    except ImportError:
        return None
    drawing: object = Drawing(path, height=12, width="auto")
    return drawing


def reasons(given: Given) -> list[str]:
    """Return what an answer rests on, to read."""
    answer = given.answer
    found = [f"{edge.subject} — {edge.relation} → {edge.object}" for edge in answer.evidence]
    found = found or ["It rests on nothing in the graph."]
    for part in answer.grounds:
        found += [f"  {line}" for line in part.told()]
    return [*found, f"Answer {given.id}, in {given.seconds:.2f} s; `kwk trace {str(given.id)[:8]}` follows it back."]


def drawn(graph: str, given: Given) -> str:
    """Return Cypher that draws an answer's edges. Raises DataError if it has none."""
    queries = [part.query for part in given.answer.grounds if part.query and part.held]
    if queries:
        return "\n\n".join(queries)
    subjects = list(dict.fromkeys(edge.subject_id for edge in given.answer.evidence))
    if not subjects:
        raise DataError("The last answer rests on no edge.")
    return (
        f"MATCH shown = (e:Entity {{graph: {text(graph)}}})-[:HAS_IMAGE]->(:Image)\n"
        f"WHERE e.id IN [{', '.join(map(text, subjects))}]\nRETURN shown"
    )
