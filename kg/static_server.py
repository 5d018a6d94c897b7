"""Start and stop the static server of kg.assets."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kg.assets import identity
from kg.errors import ServiceError
from kg.processes import Known, end, find, find_by_argument, last_lines, launch, ticks

_PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class StaticServer:
    """The static server of one KWK_HOME."""

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

    def running(self, known: Known | None) -> Known | None:
        """Return the running server: the one remembered, or one that was forgotten."""
        return known if find(known) else find_by_argument("kg.assets", str(self.home))

    def start(self, report: Callable[[str], None]) -> Known:
        """Start the server and return at once."""
        del report  # not worth a line: it takes no time
        argv = [sys.executable, "-m", "kg.assets", "--home", str(self.home), "--port", str(self.port)]
        return launch(argv, self.log, Path(__file__).parent.parent)

    def await_answer(self, known: Known) -> None:
        """Return once the server answers as that of this KWK_HOME."""
        for _ in ticks(_PATIENCE, 0.02):
            if not find(known):
                raise ServiceError(f"The static server died while it started; {self.log}:\n{last_lines(self.log)}")
            if self.answers():
                return
        raise ServiceError(
            f"The static server did not answer in {_PATIENCE:.0f} s; {self.log}:\n{last_lines(self.log)}"
        )

    def answers(self) -> bool:
        """Say whether the server of this KWK_HOME answers."""
        url = f"http://127.0.0.1:{self.port}/health"
        with suppress(OSError, ValueError, AttributeError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(json.load(answer).get("kwk") == identity(self.home))
        return False

    def stop(self, known: Known) -> None:
        """Stop the server."""
        end(known, 5)
