"""Run the command line: what a user can mend ends in one message and exit code 2, a defect of ours in 1."""

from __future__ import annotations

import contextvars
import os
import signal
import sys
import traceback
from functools import cache
from typing import Any

from churnrisk.errors import ChurnriskError

DONE, DEFECT, MEND = 0, 1, 2


def run(arguments: list[str] | None = None) -> int:
    """Run a command and give its exit code."""
    return contextvars.copy_context().run(_run, arguments)


def _run(arguments: list[str] | None) -> int:
    import typer

    try:
        result = _program()(arguments, prog_name="churnrisk", standalone_mode=False)
        sys.stdout.flush()  # here, where a reader that has gone is no defect
    except ChurnriskError as error:
        return _say_error(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _say("stopped; nothing was left half written.", 128 + signal.SIGINT)
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has gone, as `head` does: Typer then leaves by SystemExit, and by nothing else.
        _drop_output()
        return DONE
    except MemoryError:
        return _say("not enough memory for this; free some, or score fewer customers at a time.", MEND)
    except Exception as error:
        return _usage_or_disk_or_defect(error)
    return result if isinstance(result, int) else DONE


@cache
def _program() -> Any:
    """Put the commands together, once in a process: that takes longer than most of them."""
    from typer.main import get_command

    from churnrisk.cli import app

    return get_command(app)


def _usage_or_disk_or_defect(error: Exception) -> int:
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # a wrong option or argument
        error.show()
        return int(error.exit_code)
    if isinstance(error, OSError) and error.filename is None and _is_of_output(error):
        _drop_output()
        return _say(f"standard output: cannot be written: {error.strerror}.", MEND)
    from churnrisk.engines import storage_error

    found = storage_error(error)
    if found is not None:
        return _say(str(found), MEND)
    traceback.print_exc()
    return _say("this is a defect of churnrisk and not of your data; please report the lines above.", DEFECT)


def _is_of_output(error: OSError) -> bool:
    """Tell whether an error comes of what shows results: the system does not say which file it could not write."""
    [*_, (frame, _)] = traceback.walk_tb(error.__traceback__)
    name: str = frame.f_globals["__name__"]
    return name.startswith(("rich.", "typer.", "click.", "churnrisk.cli."))


def _drop_output() -> None:
    """Let the interpreter not try again to write at its end what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_error(error: ChurnriskError, arguments: list[str] | None) -> int:
    """Say what a user can mend; with --json, it is the document on standard output, with the code of the error."""
    from churnrisk.cli.show import HAS_ANSWERED, print_json

    if "--json" in (sys.argv[1:] if arguments is None else arguments) and not HAS_ANSWERED.get():
        print_json({"error": {"code": error.code, "detail": str(error)}})
    return _say(str(error), MEND)


def _say(message: str, code: int) -> int:
    print(f"churnrisk: {message}", file=sys.stderr)  # noqa: T201 - the one place that writes errors
    return code
