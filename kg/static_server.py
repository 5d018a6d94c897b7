"""Start and stop the static server of kg.assets."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kg.assets import identity
from kg.processes import Known, end, launch


@dataclass(frozen=True, slots=True)
class StaticServer:
    """The static server of one KWK_HOME."""

    title: ClassVar[str] = "The static server"
    home: Path
    port: int

    @property
    def address(self) -> str:
        """Return the address, which Browser takes only as `localhost`."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file that holds what the server prints."""
        return self.home / "logs" / "assets.log"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments by which this server is known among all processes."""
        return "kg.assets", "--home", str(self.home)

    def start(self, report: Callable[[str], None]) -> Known:
        """Start the server and return at once."""
        del report  # not worth a line: it takes no time
        argv = [sys.executable, "-m", *self.arguments, "--port", str(self.port)]
        return launch(argv, self.log, Path(__file__).parent.parent)

    def answers(self) -> bool:
        """Say whether the server of this KWK_HOME answers."""
        url = f"http://127.0.0.1:{self.port}/health"
        with suppress(OSError, ValueError, AttributeError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(json.load(answer).get("kwk") == identity(self.home))
        return False

    def stop(self, known: Known) -> None:
        """Stop the server."""
        end(known, 5)
