"""Bring the catalogues of messages up to date with code and templates, and compile them.

    python docs/translate.py

Every language keeps the translations that it has, and what is no longer said is dropped. A new message stands empty in
``churnrisk/locale/<language>/LC_MESSAGES/churnrisk.po``: it is listed, and said in English until it is translated. Only
`make release-check` asks for all of them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "churnrisk"
sys.path.insert(0, str(ROOT))

KEYWORDS: dict[str, tuple[int, ...] | None] = {"say": None, "mark": None, "say_many": (1, 2)}
WORDINGS: dict[str, tuple[int, ...] | None] = {"wording": None, "wordings": (1, 2)}
"""Of sentences that stages write; the catalogue has them in a context of their own."""

DOOR = "from churnrisk.messages import"
WIDTH = 110


def catalogue_path(language: str) -> Path:
    """Return the file of a language."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "churnrisk.po"


@functools.cache
def find_messages() -> Catalog:
    """Find every message of code, templates, and the lists whose texts are said by their names."""
    found = Catalog(domain="churnrisk", fuzzy=False)
    for path in sorted(PACKAGE.rglob("*.py")):
        if DOOR in path.read_text(encoding="utf-8") or path.name == "messages.py":
            _add(found, path, "python")
    for path in sorted(PACKAGE.rglob("*.html")):
        _add(found, path, "jinja2")
    for source, text in _said_by_name():
        if text:
            found.add(text, locations=[(source, 0)])
    return found


def _add(found: Catalog, path: Path, method: str) -> None:
    from churnrisk.messages import STAGE

    options = {"trimmed": "true", "silent": "false"} if method == "jinja2" else {}
    for keywords, context in ((KEYWORDS, None), (WORDINGS, STAGE)):
        for _, text, _, _ in extract_from_file(method, path, keywords=keywords, options=options):
            if text:
                found.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)


def _said_by_name() -> Iterator[tuple[str, str]]:
    """Yield texts that stages below hold as plain data, and pages say: each with the module that holds it."""
    from churnrisk.decide.playbook import ACTIONS
    from churnrisk.explain.facts import CAUTION
    from churnrisk.features import catalogue, tell_feature
    from churnrisk.report.footing import DEFINED
    from churnrisk.retention import DEFINITIONS, SEGMENTS

    for name in DEFINED:
        yield "churnrisk/retention", DEFINITIONS[name].formula
        yield "churnrisk/retention", DEFINITIONS[name].edge_cases
    for meaning in SEGMENTS.values():
        yield "churnrisk/retention", meaning
    for meaning in ACTIONS.values():
        yield "churnrisk/decide", meaning
    for feature in catalogue():
        yield "churnrisk/features", tell_feature(feature.name)
    yield "churnrisk/explain", CAUTION


def update(language: str) -> Catalog:
    """Return the catalogue of a language with the messages of now."""
    path = catalogue_path(language)
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(locale=language, domain="churnrisk", fuzzy=False)
    for message in find_messages():
        if message.id:
            known = old.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            string = known.string if known is not None and not known.fuzzy else ""
            new.add(message.id, string, locations=message.locations, context=message.context)
    return new


def write(catalogue: Catalog) -> bytes:
    """Write a catalogue as a file, sorted, and without a date of its making."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=WIDTH, sort_output=True, omit_header=True, include_lineno=False)
    lines = (
        f"Language: {catalogue.locale}",
        "Content-Type: text/plain; charset=utf-8",
        f"Plural-Forms: {catalogue.plural_forms}",
    )
    header = 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"
    return header.encode() + buffer.getvalue()


def compile_catalogue(path: Path, language: str) -> bytes:
    """Return the compiled form of a file."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    catalogue.creation_date = catalogue.revision_date = datetime(1970, 1, 1, tzinfo=UTC)  # the same bytes each time
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def main() -> None:
    """Update and compile all languages; list what is missing."""
    from churnrisk.messages import ENGLISH, LANGUAGES

    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        path = catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = update(language)
        path.write_bytes(write(catalogue))
        path.with_suffix(".mo").write_bytes(compile_catalogue(path, language))
        missing = list_missing(catalogue)
        print(f"{path.relative_to(ROOT)}: {len(missing)} to translate", *missing, sep="\n    ")


def list_missing(catalogue: Catalog) -> list[str]:
    """Return the messages that a catalogue has no translation of, in English."""
    missing = [message.id for message in catalogue if not _is_whole(message)]
    return sorted(one if isinstance(one, str) else one[0] for one in missing)


def _is_whole(message: Message) -> bool:
    return not message.id or (all(message.string) if isinstance(message.string, tuple) else bool(message.string))


if __name__ == "__main__":
    main()
