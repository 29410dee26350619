"""Templates of the service: everything that is put into them is escaped."""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from churnrisk.messages import say


@functools.cache
def environment() -> Environment:
    """Return the environment that all templates of the service are rendered in."""
    made = Environment(
        loader=PackageLoader("churnrisk.service"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.globals["say"] = say
    return made


def render(name: str, **values: Any) -> str:
    """Render a template."""
    return environment().get_template(name).render(**values)
