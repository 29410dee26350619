"""Files and functions stay short enough to be read whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "churnrisk"
MODULES = sorted(PACKAGE.rglob("*.py"))
FILE_LINES = 400
FUNCTION_LINES = 40


def long_functions(source: str) -> list[str]:
    """Functions over the limit. A docstring is not counted: nobody shall save on it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0].lineno - 1 if is_command(node) else node.lineno
            lines = (node.end_lineno or 0) - first + 1 - docstring_lines(node)
            if lines > FUNCTION_LINES:
                found.append(f"{node.name} has {lines} lines")
    return found


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether this is a command, whose signature is the table of its options with their help, and not counted."""
    return any("Annotated[" in ast.unparse(arg.annotation) for arg in node.args.args if arg.annotation)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines the docstring of a function takes."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= FILE_LINES, "make it a package of the same name"
    assert long_functions(source) == []


def test_the_rule_notices_a_long_function() -> None:
    docstring = '    """A\n' + "\n" * 50 + '    """\n'
    within, over = ("    x = 1\n" * (FUNCTION_LINES - 1 + more) for more in (0, 1))
    assert long_functions(f"def f():\n{docstring}{within}") == []
    assert long_functions(f"def f():\n{docstring}{over}") == ["f has 41 lines"]
