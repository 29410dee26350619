"""What `import churnrisk` offers is what docs/reference/api.md documents, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import churnrisk

API_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


def test_the_public_names_are_the_documented_ones() -> None:
    documented = re.findall(r"^::: churnrisk\.(\w+)$", API_PAGE.read_text(), flags=re.MULTILINE)
    exported = [name for name in churnrisk.__all__ if not name.startswith("__")]
    assert sorted(exported) == sorted(documented), "each public name has its `::: churnrisk.name` on the page"
    assert [name for name in exported if not hasattr(churnrisk, name)] == []
