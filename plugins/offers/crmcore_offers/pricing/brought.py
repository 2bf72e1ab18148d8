"""What the plugin brings along: the VAT codes of Italy and the usual units of measure."""

from __future__ import annotations

from typing import Any, Final

from crmcore import Configured


def _vat(it: str, en: str, rate: int = 0, nature: str = "") -> dict[str, Any]:
    return {"label": {"it": it, "en": en}, "rate": rate, **({"nature": nature} if nature else {})}


_NATURES: Final = {
    "N1": ("Esclusa ex art. 15", "Excluded (art. 15)"),
    "N2.1": ("Non soggetta, artt. da 7 a 7-septies", "Not subject, arts. 7 to 7-septies"),
    "N2.2": ("Non soggetta, altri casi", "Not subject, other cases"),
    "N3.1": ("Non imponibile, esportazioni", "Not taxable, exports"),
    "N3.2": ("Non imponibile, cessioni intracomunitarie", "Not taxable, supplies within the EU"),
    "N3.3": ("Non imponibile, cessioni verso San Marino", "Not taxable, supplies to San Marino"),
    "N3.4": ("Non imponibile, operazioni assimilate alle esportazioni", "Not taxable, like exports"),
    "N3.5": ("Non imponibile, a seguito di dichiarazioni d'intento", "Not taxable, declarations of intent"),
    "N3.6": ("Non imponibile, altre operazioni", "Not taxable, other operations"),
    "N4": ("Esente", "Exempt"),
    "N5": ("Regime del margine", "Margin scheme"),
    "N6.1": ("Inversione contabile, rottami", "Reverse charge, scrap"),
    "N6.2": ("Inversione contabile, oro e argento", "Reverse charge, gold and silver"),
    "N6.3": ("Inversione contabile, subappalto nel settore edile", "Reverse charge, subcontracting in construction"),
    "N6.4": ("Inversione contabile, cessione di fabbricati", "Reverse charge, buildings"),
    "N6.5": ("Inversione contabile, telefoni cellulari", "Reverse charge, mobile phones"),
    "N6.6": ("Inversione contabile, prodotti elettronici", "Reverse charge, electronic products"),
    "N6.7": ("Inversione contabile, comparto edile", "Reverse charge, construction sector"),
    "N6.8": ("Inversione contabile, settore energetico", "Reverse charge, energy sector"),
    "N6.9": ("Inversione contabile, altri casi", "Reverse charge, other cases"),
    "N7": ("IVA assolta in altro Stato UE", "VAT paid in another EU state"),
}
_RATES: Final = {
    22: ("Aliquota ordinaria", "Standard rate"),
    10: ("Aliquota ridotta", "Reduced rate"),
    5: ("Aliquota ridotta", "Reduced rate"),
    4: ("Aliquota minima", "Lowest rate"),
}

VAT: Final = Configured(
    collection="offers.vat",
    items={
        **{str(rate): _vat(f"{it} {rate} %", f"{en} {rate} %", rate) for rate, (it, en) in _RATES.items()},
        **{nature: _vat(it, en, 0, nature) for nature, (it, en) in _NATURES.items()},
    },
)
"""Rates of the decree 633/1972, and the natures of the electronic invoice (technical rules 1.6 and later)."""

_UNITS: Final = {
    "pz": ("Pezzo", "Piece", 0),
    "m": ("Metro", "Metre", 2),
    "m2": ("Metro quadrato", "Square metre", 2),
    "m3": ("Metro cubo", "Cubic metre", 3),
    "kg": ("Chilogrammo", "Kilogram", 3),
    "h": ("Ora", "Hour", 2),
    "gg": ("Giorno", "Day", 2),
    "corpo": ("A corpo", "Lump sum", 0),
}
UNITS: Final = Configured(
    collection="offers.units", items={code: {"label": {"it": it, "en": en}, "places": places} for code, (it, en, places) in _UNITS.items()}
)
BROUGHT: Final = (VAT, UNITS)
