"""Colours as WCAG sees them."""

from __future__ import annotations

import re


def luminance(colour: str) -> float:
    """Relative luminance, by WCAG."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21, by WCAG."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def css_colours(css: str, theme: str) -> dict[str, str]:
    """The variables of the style sheet in a theme."""
    light, _, rest = css.partition("prefers-color-scheme: dark")
    part = rest.partition("}\n}")[0] if theme == "dark" else light
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))
