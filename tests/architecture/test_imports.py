"""What the import contracts of pyproject.toml cannot say, read from the syntax tree of every module."""

from __future__ import annotations

import ast
import functools
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "churnrisk"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGE_PACKAGES = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

# Where a third-party library may be imported, as stages of churnrisk. A new library needs a line here, and
# a second home needs a better reason than comfort: behind one door a library can be replaced.
HOMES = {
    # Not in timeline, schema and settings, which the quick commands load, nor in store and cli.
    "numpy": "types engines holes tables sources orders simulate btyd features labels retention dataset learning "
    "scoring explain decide monitor report workflows campaigns "
    "targeting operations memory planning shop cards regression forecast products week_list sklearn",
    "narwhals": "dated engines holes sources orders simulate features labels retention dataset scoring monitor "
    "workflows campaigns memory planning operations shop products week_list sklearn",
    "duckdb": "engines",
    "pyspark": "engines",
    "py4j": "engines",  # which brings Spark's errors
    "polars": "engines",
    "pyarrow": "engines",
    "psycopg": "engines state",
    "chardet": "sources",
    "python_calamine": "sources",
    "scipy": "btyd learning regression forecast products",
    "sklearn": "learning regression products sklearn",
    "threadpoolctl": "learning regression forecast products scoring decide explain",
    "pandas": "engines sources scoring workflows shop sklearn",  # at the edges: a frame comes in, a frame goes out
    "joblib": "store",
    "babel": "messages",
    "cryptography": "store",
    "platformdirs": "store settings",
    "xlsxwriter": "tables",
    "pydantic": "settings service",
    "pydantic_settings": "settings",
    "typer": "cli",
    "rich": "cli",
    "jinja2": "report service",
    "markupsafe": "report service",  # part of Jinja, on its own on the index
    "fastapi": "service",
    "starlette": "service",
    "uvicorn": "service",
    "prometheus_client": "service",
}


STANDARD = {*sys.stdlib_module_names, "compression"}  # the last is standard from Python 3.14 on


def stage_of(path: Path) -> str:
    """The first part of the module's name under churnrisk: `orders` for churnrisk/orders/read.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`, which load nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        yield node
        yield from runtime_nodes(node)


def imports_of(source: str, *, package: str = "churnrisk") -> Iterator[tuple[str, str]]:
    """Each runtime import as (module, name); the name is empty for `import module`."""
    for node in runtime_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield from ((module, alias.name) for alias in node.names)


def foreign_homes(path: Path, source: str) -> list[str]:
    """Libraries that the module at `path` imports although they are at home elsewhere, or nowhere."""
    libraries = {module.partition(".")[0] for module, _ in imports_of(source)}
    libraries -= {"churnrisk", *STANDARD}
    return sorted(name for name in libraries if stage_of(path) not in HOMES.get(name, "").split())


def side_entrances(path: Path, source: str) -> list[str]:
    """Imports of another stage that do not go through its `__init__`, and of any private name."""
    found = []
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for module, name in imports_of(source, package=package):
        parts = [*module.split("."), *filter(None, [name])]
        if parts[0] != "churnrisk":
            continue
        is_private = any(part.startswith("_") and not part.startswith("__") for part in parts)
        if is_private or (len(parts) > 2 and parts[1] != stage_of(path) and is_inside(parts)):
            found.append(".".join(parts))
    return found


@functools.cache
def exported_by(stage: str) -> frozenset[str]:
    """What a stage lists in its `__all__`."""
    tree = ast.parse((PACKAGE / stage / "__init__.py").read_text())
    lists = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return frozenset(name for one in lists for name in ast.literal_eval(one))


def is_inside(parts: list[str]) -> bool:
    """Whether a dotted name points behind the door of a stage package: at a submodule, or past one."""
    if parts[1] not in STAGE_PACKAGES:
        return False
    if len(parts) == 3 and parts[2] in exported_by(parts[1]):
        return False  # a function may be named as the file that it is in
    submodule = PACKAGE / parts[1] / parts[2]
    return submodule.is_dir() or submodule.with_suffix(".py").is_file() or len(parts) > 3


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_at_home(path: Path) -> None:
    assert foreign_homes(path, path.read_text()) == [], "see HOMES in this test"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_stages_are_entered_through_their_door(path: Path) -> None:
    assert side_entrances(path, path.read_text()) == [], "import from the stage itself; export what is missing"


def test_every_library_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [line for name, extra in project["optional-dependencies"].items() if name != "all" for line in extra]
    declared = {canonicalize_name(Requirement(line).name) for line in (*project["dependencies"], *lines)}
    imported = {module.partition(".")[0] for path in MODULES for module, _ in imports_of(path.read_text())}
    homes = packages_distributions()
    missing = {
        name: homes.get(name)
        for name in imported - {"churnrisk", *STANDARD}
        if declared.isdisjoint(map(canonicalize_name, homes.get(name, ())))
    }
    assert missing == {}


READ_BY_THE_CLOCK = {
    *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")),
    *(f"{place}.{name}" for place in ("datetime", "dt.datetime") for name in ("now", "utcnow", "today")),
    *("date.today", "dt.date.today", "time.gmtime", "time.localtime"),
}


def clocks_read(source: str) -> list[str]:
    """What a module reads of the time of now by itself."""
    return sorted(name for node in ast.walk(ast.parse(source)) if (name := ast.unparse(node)) in READ_BY_THE_CLOCK)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_time_of_now_has_one_home(path: Path) -> None:
    if path != PACKAGE / "clock.py":
        assert clocks_read(path.read_text()) == [], "ask churnrisk.clock"


def test_the_rules_notice_what_they_forbid() -> None:
    assert clocks_read("import time\nx = time.time() + f(dt.date.today)\n") == ["dt.date.today", "time.time"]
    assert clocks_read("import time\ntime.sleep(1)\nx = dt.datetime.fromtimestamp(1)\n") == []
    labels = PACKAGE / "labels.py"
    assert foreign_homes(labels, "def f():\n    import duckdb\n") == ["duckdb"]
    assert foreign_homes(labels, "import requests.adapters\n") == ["requests"]
    assert foreign_homes(labels, "if TYPE_CHECKING:\n    import duckdb\nimport json, numpy\n") == []
    inner, private = "churnrisk.store.keys", "churnrisk.timeline._private"
    assert side_entrances(labels, "from churnrisk.store.keys import load\n") == [f"{inner}.load"]
    assert side_entrances(labels, "from churnrisk.store import keys\nimport churnrisk.store.keys\n") == [inner] * 2
    assert side_entrances(labels, "from .timeline import _private\n") == [private]
    assert side_entrances(labels, "from churnrisk.store import load_model\n") == []
    assert side_entrances(PACKAGE / "store" / "saving.py", "from churnrisk.store.keys import load\n") == []
    assert side_entrances(PACKAGE / "store" / "saving.py", "from .keys import load\n") == []
