"""What streets are called in Italy: kinds of street, and the words that are shortened in their names.

Source: the general street names (DUG) of ANNCSU, as far as they are common; a kind that is missing here stays part of the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# Canonical kind → how else it is written: words, or abbreviations whose dots and blanks do not matter.
_KINDS: Final[Mapping[str, str]] = {
    "Via": "via v.",
    "Viale": "viale v.le vle vial. v.e",
    "Vialetto": "vialetto",
    "Piazza": "piazza p.zza pzza p.za pza p.a p.zz piaz. pz.",
    "Piazzale": "piazzale p.le ple p.zale pzale p.zle piaz.le",
    "Piazzetta": "piazzetta p.tta ptta p.zetta p.zzetta pzetta",
    "Corso": "corso c.so cso",
    "Largo": "largo l.go lgo",
    "Larghetto": "larghetto",
    "Vicolo": "vicolo vic. v.lo vlo vico",
    "Strada": "strada str. s.da sda",
    "Strada Statale": "strada_statale s.s. ss str.statale",
    "Strada Provinciale": "strada_provinciale s.p. sp str.provinciale",
    "Strada Regionale": "strada_regionale s.r. sr",
    "Strada Comunale": "strada_comunale s.c.",
    "Strada Vicinale": "strada_vicinale str.vicinale",
    "Contrada": "contrada c.da cda contr. c.trada ctr.",
    "Località": "località localita localita' loc. loc.tà l.tà",
    "Frazione": "frazione fraz. fr. frz. fraz.ne",
    "Borgata": "borgata borg. b.ta",
    "Borgo": "borgo b.go bgo",
    "Regione": "regione reg.",
    "Zona Industriale": "zona_industriale z.i. zona_ind. zona_ind zi z.ind.",
    "Zona Artigianale": "zona_artigianale zona_art. zona_artig.",
    "Calle": "calle",
    "Campo": "campo",
    "Campiello": "campiello",
    "Fondamenta": "fondamenta fond.ta fond. f.ta",
    "Riva": "riva",
    "Rio Terà": "rio_terà rio_tera rio_tera' rio_terrà",
    "Salizada": "salizada salizzada sal.da",
    "Sestiere": "sestiere sest.",
    "Corte": "corte c.te",
    "Cortile": "cortile",
    "Galleria": "galleria gall. gal.",
    "Salita": "salita sal. s.ta",
    "Discesa": "discesa",
    "Scalinata": "scalinata",
    "Rampa": "rampa",
    "Gradinata": "gradinata",
    "Traversa": "traversa trav. tr.",
    "Lungomare": "lungomare l.mare lungom.",
    "Lungotevere": "lungotevere l.tevere lungot.",
    "Lungarno": "lungarno l.arno",
    "Lungadige": "lungadige l.adige",
    "Lungo Po": "lungo_po lungopo l.go_po",
    "Lungolago": "lungolago",
    "Passeggiata": "passeggiata",
    "Passaggio": "passaggio pass.",
    "Circonvallazione": "circonvallazione circ.ne circonv. circ.",
    "Tangenziale": "tangenziale tang.",
    "Raccordo": "raccordo",
    "Autostrada": "autostrada",
    "Rotonda": "rotonda",
    "Bastione": "bastione bast.",
    "Bastioni": "bastioni",
    "Mura": "mura",
    "Porta": "porta",
    "Ponte": "ponte",
    "Molo": "molo",
    "Calata": "calata",
    "Banchina": "banchina",
    "Chiasso": "chiasso",
    "Supportico": "supportico",
    "Rione": "rione",
    "Quartiere": "quartiere q.re quart.",
    "Villaggio": "villaggio vill. v.gio",
    "Parco": "parco",
    "Residenza": "residenza resid.",
    "Cascina": "cascina c.na casc. cna",
    "Podere": "podere pod.",
    "Tenuta": "tenuta",
    "Masseria": "masseria mass.",
    "Maso": "maso",
    "Casale": "casale",
    "Case Sparse": "case_sparse c.se_sparse",
    "Stradone": "stradone",
    "Stradella": "stradella",
    "Sentiero": "sentiero",
    "Mulattiera": "mulattiera",
    "Interporto": "interporto",
    "Centro Commerciale": "centro_commerciale c.comm.le centro_comm.le",
}

ROADS: Final = frozenset({"Strada Statale", "Strada Provinciale", "Strada Regionale", "Autostrada", "Strada Comunale"})
"""Kinds whose number is their name: «S.S. 47» is no house number."""

HAMLETS: Final = frozenset(
    {"Frazione", "Località", "Borgata", "Contrada", "Regione", "Rione", "Quartiere", "Zona Industriale", "Zona Artigianale", "Villaggio"}
)
"""Kinds that stand beside a street as well: «Via Roma 5, loc. Marchesane»."""


def _pattern(spelling: str) -> str:
    """Return a pattern for one spelling: dots may be missing or be followed by a blank."""
    words = spelling.split("_")
    return r"\s+".join(re.escape(word).replace(r"\.", r"\.?\s?").removesuffix(r"\s?") for word in words)


def _spellings() -> dict[str, str]:
    found = {}
    for kind, spellings in _KINDS.items():
        for spelling in spellings.split():
            found[spelling] = kind
    # The longest first: «strada statale» before «strada», «v.le» before «v.».
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


_SPELLINGS: Final = _spellings()
_KIND_OF: Final = {re.sub(r"[.\s_]", "", spelling): kind for spelling, kind in _SPELLINGS.items()}
_ANY_KIND: Final = "|".join(_pattern(spelling) for spelling in _SPELLINGS)
START: Final = re.compile(rf"(?P<kind>{_ANY_KIND})(?![^\W\d]|')\.?\s*(?=\S)", re.IGNORECASE)
"""A kind of street at the beginning of a text."""
HAMLET: Final = re.compile(
    r"(?:^|[\s,(-]+)(?P<kind>"
    + "|".join(_pattern(spelling) for spelling, kind in _SPELLINGS.items() if kind in HAMLETS and kind not in {"Regione", "Contrada"})
    + r")(?![\w'])\.?\s*(?P<name>[^,()\d]+?)\)?\s*(?=$|,|\d)",
    re.IGNORECASE,
)
"""A hamlet behind a street, or in front of it."""


def kind_of(spelling: str) -> str:
    """Return the canonical kind of what `START` or `HAMLET` found."""
    return _KIND_OF[re.sub(r"[.\s]", "", spelling).casefold()]


_TITLES: Final[Mapping[str, str]] = {
    "f.lli": "Fratelli",
    "flli": "Fratelli",
    "fll": "Fratelli",
    "gen": "Generale",
    "mons": "Monsignor",
    "prof": "Professor",
    "dott": "Dottor",
    "dr": "Dottor",
    "ing": "Ingegner",
    "cav": "Cavalier",
    "card": "Cardinale",
    "col": "Colonnello",
    "ten": "Tenente",
    "cap": "Capitano",
    "magg": "Maggiore",
    "amm": "Ammiraglio",
    "serg": "Sergente",
    "pres": "Presidente",
    "on": "Onorevole",
    "avv": "Avvocato",
    "sen": "Senatore",
    "com": "Comandante",
    "c.te": "Conte",
    "b.go": "Borgo",
    "m.te": "Monte",
    "s.ta": "Santa",
    "s.to": "Santo",
}
_SHORT: Final = re.compile(r"(?<![\w.'])(f\.\s?lli|b\.go|m\.te|s\.ta|s\.to|[a-z]{2,4}(?=\.))(?:\.|(?=\s))\s*", re.IGNORECASE)
_BROTHERS: Final = re.compile(r"(?<![\w.'])(?:f\.\s?lli|flli|f\.lli)\.?\s+", re.IGNORECASE)


def expand(name: str) -> str:
    """Return the name of a street with its titles and «fratelli» in full; initials stay, and saints, whose gender nobody knows."""

    def full(found: re.Match[str]) -> str:
        word = found[1].casefold().replace(" ", "")
        return f"{_TITLES[word]} " if word in _TITLES else found[0]

    return " ".join(_SHORT.sub(full, _BROTHERS.sub("Fratelli ", name)).split())
