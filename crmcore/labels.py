"""Texts for users, in Italian and English."""

from __future__ import annotations

import attrs


@attrs.frozen
class Label:
    """Hold a text for users, Italian first."""

    it: str
    en: str

    def text(self, lang: str = "it") -> str:
        """Return the text in "it" or "en"."""
        return self.en if lang == "en" else self.it
