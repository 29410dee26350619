"""The page: sections into one HTML file that asks nothing of a network and runs no script but its own.

Everything that comes from data is text. Jinja escapes it in the page; inside JSON ``<``, ``>`` and ``&`` are written
as escapes, so that no value can end the script element; and the Content Security Policy names the digests of the
scripts and the style sheet that may run, so that nothing else would, even if it got in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from churnrisk.messages import say, say_many, spoken_language, write_date
from churnrisk.report.catalogue import build_sections
from churnrisk.report.charts import themes
from churnrisk.report.content import ReportData

ASSETS = ("echarts.min.js", "report.js", "report.css")
SCRIPTS = ("echarts.min.js", "report.js")
STYLE = "report.css"
_DATE = re.compile(r"\b[0-9]{4}-[0-9]{2}(-[0-9]{2})?\b")
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def render_report(data: ReportData) -> str:
    """Return the page as HTML; the same data in the same language gives the same bytes.

    Parameters
    ----------
    data : ReportData
        What :func:`churnrisk.workflows.make_report` gave.
    """
    scripts, style = [read_asset(name) for name in SCRIPTS], read_asset(STYLE)
    return (
        make_environment()
        .get_template("page.html")
        .render(
            data=data,
            language=spoken_language(),
            source_days=(write_date(data.intake["first_on"]), write_date(data.intake["last_on"])),
            sections=build_sections(data),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files, not data
            style=Markup(style),  # noqa: S704 - as above
            policy=make_policy(scripts, style),
        )
    )


def make_policy(scripts: list[str], style: str) -> str:
    """Return the Content Security Policy that allows these scripts and this style sheet, and no request at all.

    Style attributes are allowed, since ECharts sets some on its drawings; they can neither run nor load anything.
    """
    allowed = " ".join(f"'{digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src-elem '{digest(style)}'; "
        "style-src-attr 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """Return the digest of an inline script or style sheet as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def to_script_json(value: object) -> Markup:
    r"""Write JSON that may stand inside a script element: pure ASCII, without ``<``, ``>`` and ``&``.

    >>> to_script_json("</script>")
    Markup('"\\u003c/script\\u003e"')
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - escaped in this line


def show_foreign(text: str) -> str:
    """Replace control characters, which HTML has no way to show, by the sign for an unknown one."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in ("Cc", "Cs") else one for one in text)


def write_prose(text: str) -> Markup:
    """Escape text, and keep its dates from being broken at their hyphens."""
    escaped = str(escape(show_foreign(text)))
    return Markup(_DATE.sub(r'<span class="date">\g<0></span>', escaped))  # noqa: S704 - escaped in the line above


def make_environment(*packages: str) -> Environment:
    """Make the environment that pages are rendered in: everything that is put into a template is escaped.

    Parameters
    ----------
    *packages : str
        Whose templates are looked for first; those of the report are there too.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "churnrisk.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"say": say, "say_many": say_many, "themes": themes()}
    environment.filters |= {"script_json": to_script_json, "foreign": show_foreign, "prose": write_prose}
    return environment


def read_assets() -> dict[str, str]:
    """Return every style sheet and script of the report by its name."""
    return {name: read_asset(name) for name in ASSETS}


def read_asset(name: str) -> str:
    """Return a style sheet or a script of the report."""
    return (files("churnrisk.report") / "static" / name).read_text(encoding="utf-8")
