"""Files that appear whole or not at all: no reader ever sees half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.errors import DataError


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """Yield a place beside `out` to write to; what is written there becomes `out` at the end, or nothing.

    Another command may be writing the same file. Raises DataError where it can't be written.
    """
    part = out.with_name(f".{out.name}.part-{os.getpid()}")
    try:
        yield part
        part.replace(out)
    except OSError as exc:
        raise DataError(f"{out} can't be written: {exc.strerror or exc}.") from exc
    finally:
        part.unlink(missing_ok=True)
