"""On the path of a Python process, this is run as it starts: it writes down when the process opens a certain file."""

import os
import sys

WATCHED, INTO = os.environ.get("WATCHED"), os.environ.get("WATCHED_INTO")


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and arguments[0] == WATCHED and INTO is not None:
        line = f"{os.getpid()} {os.getppid()}\n"
        into = os.open(INTO, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(into, line.encode())
        os.close(into)


if WATCHED and INTO:
    sys.addaudithook(_note)
