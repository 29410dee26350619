"""What a page says in words: to find what was left in English under another language."""

from __future__ import annotations

import functools
import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

from churnrisk.messages import translations

LATIN = re.compile(r"[A-Za-z]{3,}")
CODE = re.compile(r"`[^`]*`|\S*_\S*|/\S+|--\S+|\S+\.toml|\b\w*[0-9]\w*\b")
"""Commands, names of columns and settings, addresses, options, versions and numbers of requests."""

OURS = {
    *("churnrisk", "JavaScript", "Apache", "ECharts", "AUC", "RFM", "NBD", "MBG", "PSI", "CSV", "Excel", "HTTP", "UTF"),
    *("lead", "scorer", "train", "monitor", "psi", "auc"),
}
"""Names of programs, formats, methods, columns and commands, which are the same in every language."""


class Words(HTMLParser):
    """Collects the text of a page that is ours: no data, no scripts, no names of columns, and no other language."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self._skipped: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "bdi", "code") or (tag == "option" and "lang" in dict(attrs)):
            self._skipped.append(tag)
        self.text += [value or "" for name, value in attrs if name == "aria-label"]

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text.append(data)


def left_in_english(page: str, language: str) -> set[str]:
    """Return the Latin words of a page in other letters that are no names, and not yet to be translated."""
    said = CODE.sub(" ", " ".join(Words(page).text))
    return set(LATIN.findall(said)) - OURS - words_to_translate(language)


@functools.cache
def words_to_translate(language: str) -> set[str]:
    """Return the words of messages that have no translation yet."""
    script = load_script()
    return set(LATIN.findall(" ".join(script.list_missing(script.update(language)))))


@functools.cache
def load_script() -> ModuleType:
    """Return the script that keeps the catalogues."""
    path = Path(__file__).parents[2] / "docs" / "translate.py"
    spec = importlib.util.spec_from_file_location("translate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def untranslated(page: str, language: str) -> set[str]:
    """Return the English sentences of the catalogue that a page in another language says."""
    said = " ".join(Words(page).text)
    known: dict[object, str] = translations(language)._catalog  # type: ignore[attr-defined]
    texts = {text for text in known if isinstance(text, str) and len(text) > 12 and known[text] != text}
    return {text for text in texts if text in said and not CODE.fullmatch(text)}  # a page may name a setting
