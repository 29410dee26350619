"""The tutorial works, prints what it shows, and is the same as its notebook."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tutorial() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tutorial", ROOT / "docs" / "tutorial.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tutorial"] = module
    spec.loader.exec_module(module)
    return module


def test_page_and_notebook_show_what_their_commands_print(tutorial: ModuleType, tmp_path: Path) -> None:
    made = tutorial.build(tmp_path)
    for path, text in made.items():
        assert text == path.read_text(encoding="utf-8"), "run `python docs/tutorial.py`"
    assert (tmp_path / "weekly" / "report.html").exists()


def test_the_notebook_is_one(tutorial: ModuleType) -> None:
    book = json.loads(tutorial.NOTEBOOK.read_text(encoding="utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    kinds = {"code": {"cell_type", "execution_count", "id", "metadata", "outputs", "source"}}
    kinds["markdown"] = {"cell_type", "id", "metadata", "source"}
    assert {cell["cell_type"] for cell in book["cells"]} == set(kinds)
    assert all(set(cell) == kinds[cell["cell_type"]] for cell in book["cells"])
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])


def test_a_step_is_found_pasted_and_the_rest_is_left_alone(tutorial: ModuleType) -> None:
    page = "A\n\n```sh\nchurnrisk a \\\n  b\n```\n\n```text\nold\n```\n\n```bash\nleft alone\n```\n"
    cells = [cell for cell in tutorial.read_cells(page) if cell.is_code]
    assert [cell.text for cell in cells] == [tutorial.BEGIN, "churnrisk('a b')"]
    assert tutorial.paste(page, iter(["new\n"])) == page.replace("old", "new")
