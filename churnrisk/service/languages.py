"""Which language a page is in: what was chosen in this browser, else what the service was told."""

from __future__ import annotations

from fastapi import Request

from churnrisk.messages import LANGUAGES

LANGUAGE_COOKIE = "churnrisk_language"


def language_of(request: Request) -> str:
    """Return the language to answer in."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    default: str = request.app.state.config.language
    return chosen if chosen in LANGUAGES else default
