"""One stable error code, with its message in Italian and English."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from crmcore.labels import Label


class _Shown(dict[str, object]):
    """Format parameters that never fail: an error about an error would hide the first one."""

    def __missing__(self, key: str) -> str:
        return f"<{key}?>"


@attrs.frozen
class ErrorCode:
    """Describe one stable error code.

    ``en`` and ``it`` are `str.format` templates over the parameters of the error; ``help`` says, in English, what to do
    about it, and is printed in the reference.
    """

    code: str
    en: str
    it: str
    help: str

    def render(self, lang: str, params: Mapping[str, object]) -> str:
        """Return the message in ``lang`` ("it" or "en") with ``params`` filled in, labels in the same language.

        A missing parameter is shown as ``<name?>``.
        """
        template = self.it if lang == "it" else self.en
        shown = {name: value.text(lang) if isinstance(value, Label) else value for name, value in params.items()}
        return template.format_map(_Shown(shown))
