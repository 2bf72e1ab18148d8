"""Which Italian provinces an ISTAT code and a postcode may belong to (I-9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Source: ISTAT, «Codici delle unità territoriali»: the first three digits of a municipality's code are its province, from 001 on.
# 104 to 107 are those of Sardinia from 2005 to 2016, which registers still have.
_IN_ORDER: Final = (
    "TO VC NO CN AT AL AO IM SV GE SP VA CO SO MI BG BS PV CR MN BZ TN VR VI BL TV VE PD RO UD GO TS PC PR RE MO BO FE RA FC PU AN MC AP "
    "MS LU PT FI LI PI AR SI GR PG TR VT RI RM LT FR CE BN NA AV SA AQ TE PE CH CB FG BA TA BR LE PZ MT CS CZ RC TP PA ME AG CL EN CT RG "
    "SR SS NU CA PN IS OR BI LC LO RN PO KR VV VB OT OG VS CI MB FM BT SU"
)
PROVINCE_OF_ISTAT: Final[Mapping[str, str]] = {f"{number:03}": code for number, code in enumerate(_IN_ORDER.split(), 1)}
"""First three digits of an ISTAT code → province."""

# Source: Poste Italiane: the first two digits of a postcode. Some towns lie on the other side of a border, so this is a plausibility.
_BY_HEAD: Final = (
    "00 RM; 01 VT RM; 02 RI; 03 FR; 04 LT; 05 TR; 06 PG; 07 SS OT; 08 NU OR OG SU CA; 09 CA OR SU VS CI; 10 TO; 11 AO; 12 CN; "
    "13 VC BI; 14 AT; 15 AL; 16 GE; 17 SV; 18 IM CN; 19 SP; 20 MI MB LO; 21 VA; 22 CO; 23 SO LC; 24 BG; 25 BS; 26 CR LO; 27 PV; "
    "28 NO VB; 29 PC; 30 VE; 31 TV; 32 BL; 33 UD PN; 34 TS GO; 35 PD; 36 VI; 37 VR; 38 TN; 39 BZ; 40 BO; 41 MO; 42 RE; 43 PR; 44 FE; "
    "45 RO; 46 MN; 47 FC RN; 48 RA; 50 FI; 51 PT; 52 AR; 53 SI; 54 MS; 55 LU; 56 PI; 57 LI; 58 GR; 59 PO; 60 AN; 61 PU; 62 MC; "
    "63 AP FM; 64 TE; 65 PE; 66 CH; 67 AQ; 70 BA; 71 FG; 72 BR; 73 LE; 74 TA; 75 MT; 76 BT; 80 NA; 81 CE; 82 BN; 83 AV; 84 SA; "
    "85 PZ; 86 CB IS; 87 CS; 88 CZ KR; 89 RC VV; 90 PA; 91 TP; 92 AG; 93 CL; 94 EN; 95 CT; 96 SR; 97 RG; 98 ME"
)
PROVINCES_OF_POSTCODE: Final[Mapping[str, frozenset[str]]] = {
    head: frozenset(provinces) for head, *provinces in (item.split() for item in _BY_HEAD.split("; "))
}
"""First two digits of a postcode → provinces."""

_POSTCODE_DIGITS: Final = 5
_ISTAT_DIGITS: Final = 6


def is_plausible(province: str | None, postcode: str | None, istat_code: str | None) -> bool:
    """Return whether the parts of an Italian address that are there agree with each other."""
    of_postcode = of_istat = None
    if postcode is not None:
        if not _digits(postcode, _POSTCODE_DIGITS) or postcode[:2] not in PROVINCES_OF_POSTCODE:
            return False
        of_postcode = PROVINCES_OF_POSTCODE[postcode[:2]]
    if istat_code is not None:
        if not _digits(istat_code, _ISTAT_DIGITS) or istat_code[:3] not in PROVINCE_OF_ISTAT:
            return False
        of_istat = PROVINCE_OF_ISTAT[istat_code[:3]]
    if province is not None:
        known = province in PROVINCE_OF_ISTAT.values()
        return known and (of_postcode is None or province in of_postcode) and (of_istat is None or province == of_istat)
    return of_postcode is None or of_istat is None or of_istat in of_postcode


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()
