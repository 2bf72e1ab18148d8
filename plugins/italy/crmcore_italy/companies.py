"""Legal forms, and the names of companies: what is the name, what is the form, who is behind it.

The forms are those of the Civil Code, book V, and of the third sector's code (D.Lgs. 117/2017).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

from crmcore import AccountKind, Label
from crmcore_italy.cleaning import digits_only, text_of, tidy

EXPECTED: Final = Label("una forma giuridica, come S.r.l.", "a legal form, such as S.r.l.")


@attrs.frozen
class LegalForm:
    """A legal form: ``short`` is how it is written behind a name, ``patterns`` are what people write."""

    code: str
    short: str
    label: Label
    patterns: tuple[str, ...]
    person: bool = False
    """Whether it is one natural person with a business."""


def _letters(word: str) -> str:
    """Return a pattern for an abbreviation with or without dots and blanks: ``SRL``, ``S.r.l.``, ``S R L``."""
    return r"\s?".join(rf"{letter}\.?" for letter in word)


_SOC: Final = r"(?:societ[aà]'?|soc\.?)"
_LIMITED: Final = r"(?:a\s+)?(?:responsabilit[aà]'?\s+limitata|resp\.?\s*lim(?:itata|\.)?|r\.?\s?l\.?)"
_COOP: Final = r"(?:cooperativa|coop\.?|cop\.)"

# In the order in which they are tried: what contains another comes before it.
FORMS: Final[tuple[LegalForm, ...]] = (
    LegalForm(
        "SRLS",
        "S.r.l.s.",
        Label("Società a responsabilità limitata semplificata", "Simplified limited liability company"),
        (_letters("srls"), rf"{_letters('srl')}\s*(?:semplificata|sempl\.?)", rf"{_SOC}\s*{_LIMITED}\s*(?:semplificata|sempl\.?)"),
    ),
    LegalForm(
        "SCARL",
        "S.c.a r.l.",
        Label("Società consortile a responsabilità limitata", "Consortium with limited liability"),
        (rf"{_letters('sca')}\s?{_letters('rl')}", rf"{_SOC}\s*cons(?:ortile|\.)\s*{_LIMITED}", rf"consorzio\s+{_LIMITED}"),
    ),
    LegalForm(
        "COOP_SOCIALE",
        "Soc. coop. soc.",
        Label("Società cooperativa sociale", "Social cooperative"),
        (rf"{_SOC}\s*{_COOP}\s*soc(?:iale|\.)(?:\s*{_LIMITED})?", rf"{_COOP}\s*soc(?:iale|\.)"),
    ),
    LegalForm(
        "COOP",
        "Soc. coop.",
        Label("Società cooperativa", "Cooperative"),
        (
            rf"{_SOC}\s*{_COOP}(?:\s*{_LIMITED})?(?:\s*p\.?\s?a\.?)?",
            _letters("scrl"),
            r"coop\.",
            r"(?<=\s)coop",
            rf"{_letters('sc')}\s?{_letters('rl')}",
        ),
    ),
    LegalForm(
        "SSD",
        "S.S.D.",
        Label("Società sportiva dilettantistica", "Amateur sports company"),
        (rf"{_letters('ssd')}(?:\s*(?:{_letters('arl')}|{_letters('srl')}))?", rf"{_SOC}\s*sportiva\s*dil(?:ettantistica|\.)"),
    ),
    LegalForm(
        "SRL",
        "S.r.l.",
        Label("Società a responsabilità limitata", "Limited liability company"),
        (_letters("srl"), rf"{_SOC}\s*{_LIMITED}", rf"s\.?\s?a\s{_letters('rl')}", rf"a\s+{_letters('rl')}"),
    ),
    LegalForm(
        "SAPA",
        "S.a.p.a.",
        Label("Società in accomandita per azioni", "Partnership limited by shares"),
        (_letters("sapa"), rf"{_SOC}\s*in\s*acc(?:omandita|\.)\s*per\s*az(?:ioni|\.)"),
    ),
    LegalForm("SPA", "S.p.A.", Label("Società per azioni", "Joint-stock company"), (_letters("spa"), rf"{_SOC}\s*per\s*az(?:ioni|\.)")),
    LegalForm(
        "SNC",
        "S.n.c.",
        Label("Società in nome collettivo", "General partnership"),
        (_letters("snc"), rf"{_SOC}\s*in\s*nome\s*coll(?:ettivo|\.)"),
    ),
    LegalForm(
        "SAS",
        "S.a.s.",
        Label("Società in accomandita semplice", "Limited partnership"),
        (_letters("sas"), rf"{_SOC}\s*in\s*acc(?:omandita|\.)\s*sempl(?:ice|\.)"),
    ),
    LegalForm("SS", "S.s.", Label("Società semplice", "Simple partnership"), (r"s\.\s?s\.", rf"{_SOC}\s*sempl(?:ice|\.)")),
    LegalForm(
        "STUDIO",
        "Studio associato",
        Label("Studio associato", "Associated professionals"),
        (r"studio\s+ass(?:ociato|oc\.?|\.)", r"associazione\s+professionale"),
    ),
    LegalForm(
        "ASD",
        "A.S.D.",
        Label("Associazione sportiva dilettantistica", "Amateur sports association"),
        (_letters("asd"), r"(?:associazione|ass\.?)\s+sportiva\s+dil(?:ettantistica|\.)"),
    ),
    LegalForm("APS", "A.P.S.", Label("Associazione di promozione sociale", "Social promotion association"), (_letters("aps"),)),
    LegalForm("ODV", "O.D.V.", Label("Organizzazione di volontariato", "Voluntary organisation"), (_letters("odv"),)),
    LegalForm("FONDAZIONE", "Fondazione", Label("Fondazione", "Foundation"), ("fondazione",)),
    LegalForm("ASSOCIAZIONE", "Associazione", Label("Associazione", "Association"), ("associazione",)),
    LegalForm("CONSORZIO", "Consorzio", Label("Consorzio", "Consortium"), ("consorzio",)),
    LegalForm(
        "DI",
        "Ditta individuale",
        Label("Impresa individuale", "Sole trader"),
        (r"(?:ditta|impresa)\s+ind(?:ividuale|iv\.?|\.)", r"(?<!\w)d\.\s?i\.", "ditta"),
        person=True,
    ),
)
"""Every form that is told apart."""

_BY_CODE: Final = {form.code: form for form in FORMS}
_EDGE: Final = r"(?<![\w.])"
_ONLY: Final = {form.code: re.compile("|".join(f"(?:{pattern})" for pattern in form.patterns), re.IGNORECASE) for form in FORMS}
_AT_END: Final = {
    form.code: re.compile(rf"^(?P<name>.*?)[\s,(-]*{_EDGE}(?:{'|'.join(form.patterns)})\)?$", re.IGNORECASE) for form in FORMS
}
# Words that are names as often as forms: in front they are the name's own.
_NAME_FIRST: Final = frozenset({"FONDAZIONE", "ASSOCIAZIONE", "CONSORZIO", "STUDIO"})
_IN_FRONT: Final = {
    form.code: re.compile(rf"^{_EDGE}(?:{'|'.join(form.patterns)})(?![\w.])[\s,-]*(?P<name>.+)$", re.IGNORECASE)
    for form in FORMS
    if form.code not in _NAME_FIRST
}
_WITH_OWNER: Final = {
    form.code: re.compile(
        rf"^(?P<name>.+?)[\s,-]*{_EDGE}(?:{'|'.join(form.patterns)})(?![\w.])[\s,-]*(?:di|d[ei]l?)\s+(?P<owner>.+)$", re.IGNORECASE
    )
    for form in FORMS
}
_TRADE_NAME: Final = re.compile(r"^(?P<name>.+?)\s+di\s+(?P<owner>[^\W\d_][\w'.]+(?:\s+[^\W\d_][\w'.]+){1,3})$", re.IGNORECASE)
_SHORT_INITIALS: Final = re.compile(r"^(?:SPA|SAS)\s+[^\d\W]", re.IGNORECASE)

_REMARKS: Final = {
    "sole_member": re.compile(
        r"[\s,(-]*\b(?:unipersonale|uninominale|a\s+socio\s+unico|con\s+(?:unico\s+socio|socio\s+unico)|a\s+unico\s+socio)\b\)?",
        re.IGNORECASE,
    ),
    "liquidation": re.compile(
        r"[\s,(-]*\bin\s+(?:liq(?:uidazione|uid\.?|\.)(?:\s+(?:coatta\s+amministrativa|giudiziale|volontaria))?)\)?(?!\w)", re.IGNORECASE
    ),
    "bankruptcy": re.compile(
        r"[\s,(-]*\b(?:in\s+)?(?:fallimento|fallita|amministrazione\s+straordinaria|concordato(?:\s+preventivo)?)\b\)?", re.IGNORECASE
    ),
    "benefit": re.compile(rf"[\s,(-]*(?:\b{_SOC}\s*benefit\b|(?<=\s)s\.\s?b\.)\)?", re.IGNORECASE),
    "professionals": re.compile(rf"[\s,(-]*(?:{_EDGE}{_letters('stp')}(?!\w)|\b{_SOC}\s*tra\s*professionisti\b)\)?", re.IGNORECASE),
    "farming": re.compile(rf"[\s,(-]*\b{_SOC}\s*agr(?:icola\b|\.)\)?", re.IGNORECASE),
    "nonprofit": re.compile(rf"[\s,(-]*(?:\bonlus\b|{_EDGE}o\.n\.l\.u\.s\.?|\bets\b|{_EDGE}e\.t\.s\.?)\)?", re.IGNORECASE),
}
"""What is written behind a form, and is none: remark → pattern."""


@attrs.frozen
class CompanyName:
    """A company's name in its parts.

    ``name`` is without form and remarks; ``form`` the code of a `LegalForm` or empty; ``owner`` who is named behind «di»; ``remarks`` of
    ``sole_member``, ``liquidation``, ``bankruptcy``, ``benefit``, ``professionals``, ``farming`` and ``nonprofit``.
    """

    name: str
    form: str = ""
    owner: str = ""
    remarks: frozenset[str] = frozenset()

    def text(self) -> str:
        """Return the name with its form as it is usually written: ``Rossi & Figli S.n.c. di Mario Rossi``."""
        short = _BY_CODE[self.form].short if self.form else ""
        return " ".join(part for part in (self.name, short, f"di {self.owner}" if self.owner else "") if part)


def normalise_form(value: object) -> str:
    """Return the code of a legal form: ``SRL`` for ``S.r.l.``, ``s r l`` or ``Società a responsabilità limitata``.

    Raises:
        ValueError: for what is none of `FORMS`.
    """
    text = text_of(value, EXPECTED)
    upper = text.upper()
    if upper in _BY_CODE:
        return upper
    for code, pattern in _ONLY.items():
        if pattern.fullmatch(text) or text.casefold() == _BY_CODE[code].label.it.casefold():
            return code
    raise ValueError(EXPECTED)


def display_form(stored: object) -> str:
    """Return how a form is written behind a name."""
    form = _BY_CODE.get(str(stored))
    return form.short if form is not None else str(stored)


def read_company(text: str) -> CompanyName:
    """Return the parts of a company's name, whatever is written behind, in front of or around its form."""
    plain = tidy(text)
    name, remarks = _without_remarks(plain)
    for found in _matches(name):
        if found.form == "DI" and (trade := _TRADE_NAME.match(found.name)):
            return attrs.evolve(found, name=trade["name"], owner=trade["owner"], remarks=remarks)
        return attrs.evolve(found, remarks=remarks)
    return CompanyName(name, remarks=remarks)


def _without_remarks(text: str) -> tuple[str, frozenset[str]]:
    found = set()
    for remark, pattern in _REMARKS.items():
        shorter = pattern.sub("", text).strip(" ,-")
        if shorter and shorter != text:
            found.add(remark)
            text = shorter
    return text, frozenset(found)


def _matches(name: str) -> Iterator[CompanyName]:
    """Yield readings of a name, the likeliest first: form at the end, before «di», in front."""
    for code, pattern in _AT_END.items():
        found = pattern.match(name)
        if found is not None and found["name"].strip(" ,-("):
            yield CompanyName(found["name"].strip(" ,-("), code)
    for code, pattern in _WITH_OWNER.items():
        found = pattern.match(name)
        if found is not None:
            yield CompanyName(found["name"], code, found["owner"])
    for code, pattern in _IN_FRONT.items():
        found = pattern.match(name)
        # «SPA Benessere» is a spa, «S.p.A. Benessere» a company.
        if found is not None and not _SHORT_INITIALS.match(name):
            yield CompanyName(found["name"], code)


def suggest_kind(name: str, *, vat_code: str | None = None, fiscal_code: str | None = None) -> AccountKind | None:
    """Return whether an account is likely a company or a person, from what is known; None when nothing tells (B04)."""
    if vat_code:
        return AccountKind.BUSINESS
    if fiscal_code:
        return AccountKind.BUSINESS if digits_only(fiscal_code) else AccountKind.RETAIL
    return AccountKind.BUSINESS if read_company(name).form else None
