"""Italian accounts with duplicates among them, made by chance with a seed, as lists look after years: what the duplicates are is known.

Every person, company and number is invented. What makes it hard, and why it is here: households (one name, address and phone), groups of
companies with one switchboard, namesakes, moves, changed phones, missing codes, misspelt and shortened names, swapped names, women with
and without their husband's name, former legal forms.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import attrs

FIRST = {
    "M": (
        "Giuseppe Mario Luca Marco Andrea Francesco Alessandro Matteo Lorenzo Davide Stefano Paolo Roberto Giovanni Antonio Luigi "
        "Angelo Carlo Franco Bruno Fabio Claudio Massimo Enrico Alberto Pietro Simone Federico Riccardo Daniele Michele Giorgio "
        "Sergio Vincenzo Salvatore Nicola Domenico Emanuele Filippo Gabriele Giacomo Tommaso Edoardo Diego Dario Maurizio Renato "
        "Silvio Ugo Walter"
    ),
    "F": (
        "Maria Anna Giulia Francesca Laura Sara Chiara Elena Paola Silvia Valentina Federica Alessandra Martina Giovanna Rosa "
        "Angela Teresa Lucia Carla Daniela Monica Barbara Roberta Elisa Simona Cristina Patrizia Giuseppina Antonella Michela "
        "Claudia Ilaria Serena Marta Irene Beatrice Emma Sofia Aurora Alice Giorgia Greta Nicoletta Ornella Marina Franca Bruna "
        "Renata Livia"
    ),
}
LAST = [
    "Rossi",
    "Russo",
    "Ferrari",
    "Esposito",
    "Bianchi",
    "Romano",
    "Colombo",
    "Ricci",
    "Marino",
    "Greco",
    "Bruno",
    "Gallo",
    "Conti",
    "DeLuca",
    "Mancini",
    "Costa",
    "Giordano",
    "Rizzo",
    "Lombardi",
    "Moretti",
    "Barbieri",
    "Fontana",
    "Santoro",
    "Mariani",
    "Rinaldi",
    "Caruso",
    "Ferrara",
    "Galli",
    "Martini",
    "Leone",
    "Longo",
    "Gentile",
    "Martinelli",
    "Vitale",
    "Lombardo",
    "Serra",
    "Coppola",
    "DeSantis",
    "Dangelo",
    "Marchetti",
    "Parisi",
    "Villa",
    "Conte",
    "Ferraro",
    "Ferri",
    "Fabbri",
    "Bianco",
    "Marini",
    "Grasso",
    "Valentini",
    "Messina",
    "Sala",
    "DeAngelis",
    "Gatti",
    "Pellegrini",
    "Palumbo",
    "Sanna",
    "Farina",
    "Rizzi",
    "Monti",
    "Cattaneo",
    "Morelli",
    "Amato",
    "Silvestri",
    "Mazza",
    "Testa",
    "Grassi",
    "Pellegrino",
    "Carbone",
    "Giuliani",
    "Benedetti",
    "Barone",
    "Rossetti",
    "Caputo",
    "Montanari",
    "Guerra",
    "Palmieri",
    "Bernardi",
    "Martino",
    "Fiore",
    "DeRosa",
    "Ferretti",
    "Bellini",
    "Basile",
    "Riva",
    "Donati",
    "Piras",
    "Vitali",
    "Battaglia",
    "Sartori",
    "Neri",
    "Costantini",
    "Milani",
    "Pagano",
    "Ruggiero",
    "Sorrentino",
    "Damico",
    "Orlando",
    "Damore",
    "Negri",
]
ENDINGS = ["ini", "etti", "otti", "elli", "oni", "ato", "an", "in", "er", "az", "ari", "uzzi", "ucci", "esi", "ano", "acci", "iello", "olo"]
BEGINNINGS = [
    "Bal",
    "Bar",
    "Ben",
    "Bos",
    "Cal",
    "Cam",
    "Car",
    "Cas",
    "Cor",
    "Dal",
    "Fab",
    "Fav",
    "Gal",
    "Gar",
    "Gas",
    "Lan",
    "Lor",
    "Man",
    "Mar",
    "Mas",
    "Men",
    "Mol",
    "Mon",
    "Mor",
    "Pas",
    "Pel",
    "Per",
    "Pol",
    "Rav",
    "Riz",
    "Sal",
    "San",
    "Sar",
    "Ser",
    "Sim",
    "Tam",
    "Tes",
    "Tom",
    "Tor",
    "Val",
    "Ven",
    "Ver",
    "Vis",
    "Zam",
    "Zan",
    "Zen",
]
MIDDLES = [
    "b",
    "bo",
    "c",
    "ca",
    "d",
    "da",
    "di",
    "g",
    "ga",
    "l",
    "la",
    "li",
    "m",
    "ma",
    "n",
    "na",
    "r",
    "ra",
    "ri",
    "s",
    "sa",
    "t",
    "ta",
    "ti",
    "v",
    "va",
    "z",
    "za",
]
SECTORS = [
    "Edil",
    "Termo",
    "Auto",
    "Euro",
    "Agri",
    "Metal",
    "Elettro",
    "Tecno",
    "Immobil",
    "Trans",
    "Vetro",
    "Ferro",
    "Legno",
    "Tessil",
    "Grafic",
    "Medi",
    "Bio",
    "Eco",
    "Idro",
    "Sider",
]
TRADES = [
    "Costruzioni",
    "Impianti",
    "Trasporti",
    "Arredamenti",
    "Servizi",
    "Immobiliare",
    "Alimentari",
    "Tessile",
    "Meccanica",
    "Elettronica",
    "Informatica",
    "Consulenze",
    "Ristorazione",
    "Carpenteria",
    "Serramenti",
    "Ceramiche",
    "Legnami",
    "Logistica",
    "Pulizie",
    "Stampi",
    "Vernici",
    "Carta",
    "Imballaggi",
    "Giardini",
    "Autoricambi",
]
STREETS = [
    "Roma",
    "Garibaldi",
    "Giuseppe Mazzini",
    "Dante Alighieri",
    "XX Settembre",
    "IV Novembre",
    "XXV Aprile",
    "Guglielmo Marconi",
    "Giuseppe Verdi",
    "Camillo Cavour",
    "Vittorio Emanuele II",
    "San Francesco",
    "Santa Lucia",
    "dell'Industria",
    "dell'Artigianato",
    "del Lavoro",
    "della Libertà",
    "della Repubblica",
    "Aldo Moro",
    "Alcide De Gasperi",
    "Giacomo Leopardi",
    "Alessandro Manzoni",
    "Fratelli Bandiera",
    "Fratelli Cervi",
    "Cesare Battisti",
    "Nazario Sauro",
    "Monte Grappa",
    "Papa Giovanni XXIII",
    "Martiri della Libertà",
    "Leonardo da Vinci",
    "Galileo Galilei",
    "Alessandro Volta",
    "Antonio Gramsci",
    "Giacomo Matteotti",
    "Trieste",
    "Trento",
    "Venezia",
    "Milano",
    "Torino",
    "Firenze",
    "delle Rose",
    "dei Tigli",
    "Europa",
    "Kennedy",
    "Enrico Fermi",
    "Cristoforo Colombo",
    "San Marco",
    "San Giuseppe",
    "Sant'Antonio",
    "della Stazione",
]
TOWNS = [
    "Bassano del Grappa;36061;VI;0424",
    "Vicenza;36100;VI;0444",
    "Schio;36015;VI;0445",
    "Thiene;36016;VI;0445",
    "Padova;35100;PD;049",
    "Cittadella;35013;PD;049",
    "Treviso;31100;TV;0422",
    "Castelfranco Veneto;31033;TV;0423",
    "Verona;37100;VR;045",
    "Legnago;37045;VR;0442",
    "Milano;20100;MI;02",
    "Monza;20900;MB;039",
    "Bergamo;24100;BG;035",
    "Brescia;25100;BS;030",
    "Torino;10100;TO;011",
    "Bologna;40100;BO;051",
    "Modena;41100;MO;059",
    "Forlì;47121;FC;0543",
    "Reggio nell'Emilia;42121;RE;0522",
    "Firenze;50100;FI;055",
    "Roma;00100;RM;06",
    "Napoli;80100;NA;081",
    "Bari;70100;BA;080",
    "Palermo;90100;PA;091",
]
KINDS = {
    "Via": ("V.", "via", "VIA", "Via"),
    "Viale": ("V.le", "VIALE", "viale"),
    "Piazza": ("P.zza", "P.za", "PIAZZA"),
    "Corso": ("C.so", "CORSO"),
}
FORMS = {
    "S.r.l.": ("srl", "SRL", "S.R.L.", "s.r.l", "S R L", ""),
    "S.p.A.": ("spa", "SPA", "S.P.A."),
    "S.n.c.": ("snc", "SNC", "s.n.c."),
    "S.a.s.": ("sas", "SAS"),
}
NICKNAMES = {
    "Giuseppe": "Pino",
    "Francesco": "Franco",
    "Giovanni": "Gianni",
    "Antonio": "Tony",
    "Luigi": "Gigi",
    "Giuseppina": "Pina",
    "Domenico": "Mimmo",
}
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


@attrs.define
class Entity:
    """A person or company as it is; records are what was written down about it."""

    name: list[str]
    form: str = ""
    owner: str = ""
    vat: str = ""
    fiscal: str = ""
    phones: list[str] = attrs.field(factory=list)
    email: str = ""
    kind: str = ""
    street: str = ""
    civic: str = ""
    town: int = 0


class Maker:
    """Draws entities and what lists say about them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        more = [f"{a}{b}{c}" for a in BEGINNINGS for b in MIDDLES for c in ENDINGS]
        self.chance.shuffle(more)
        self.last = [*LAST, *more]
        # A few names are everybody's, most are of some families.
        self.last_weights = [1 / (place + 12) for place in range(len(self.last))]
        self.first_weights = [1 / (place + 6) for place in range(50)]
        self.numbers = 0
        self.mails: set[str] = set()

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def mail(self, local: str, domain: str) -> str:
        """Return an address that nobody has yet: a mailbox is one person's, a domain one company's."""
        for more in ["", *(str(self.chance.randint(50, 99)) for _ in range(5)), str(self.number())]:
            found = f"{local}@{domain}{more}.example.com" if local == "info" else f"{local}{more}@{domain}.example.com"
            if found not in self.mails:
                break
        self.mails.add(found)
        return found

    def entities(self) -> Iterator[Entity]:
        while True:
            if self.chance.random() < 0.6:
                yield from self.household()
            else:
                yield from self.companies()

    def place(self) -> dict[str, object]:
        kind = self.chance.choices(list(KINDS), [70, 12, 10, 8])[0]
        number = str(self.chance.randint(1, 180)) + (f"/{self.chance.choice('ABC')}" if self.chance.random() < 0.12 else "")
        town = self.chance.choices(range(len(TOWNS)), [1 / (n % 7 + 1) for n in range(len(TOWNS))])[0]
        return {"kind": kind, "street": self.chance.choice(STREETS), "civic": number, "town": town}

    def landline(self, town: int) -> str:
        prefix = TOWNS[town].split(";")[3]
        return f"{prefix}0{self.number():0{9 - len(prefix)}}"[:11]

    def mobile(self) -> str:
        return f"32{self.chance.randint(0, 9)}0{self.number():06}"

    def household(self) -> Iterator[Entity]:
        last = self.chance.choices(self.last, self.last_weights)[0]
        place = self.place()
        line = self.landline(int(str(place["town"]))) if self.chance.random() < 0.6 else ""
        people = self.chance.choices([1, 2, 3, 4], [62, 24, 9, 5])[0]
        taken: set[str] = set()
        for _ in range(people):
            sex = self.chance.choice("MF")
            first = self.chance.choices(FIRST[sex].split(), self.first_weights)[0]
            while first in taken:
                first = self.chance.choice(FIRST[sex].split())
            taken.add(first)
            own = last if self.chance.random() < 0.75 else self.chance.choices(self.last, self.last_weights)[0]
            phones = [self.mobile()] + ([line] if line else [])
            local = f"{first}.{own}{self.chance.choice(['', str(self.chance.randint(50, 99))])}".lower()
            mail = self.mail(local, self.chance.choice(["posta", "casella", "libera", "mail"]))
            yield Entity(name=[own, first], fiscal=self.fiscal(own, first, sex), phones=phones, email=mail, **place)

    def companies(self) -> Iterator[Entity]:
        last = self.chance.choices(self.last, self.last_weights)[0]
        place = self.place()
        group = 2 if self.chance.random() < 0.05 else 1
        line = self.landline(int(str(place["town"])))
        names: set[str] = set()
        for _ in range(group):
            vat = self.vat()
            style = self.chance.random()
            if style < 0.4:
                name, form = [last, self.chance.choice(TRADES)], self.chance.choice(["S.r.l.", "S.p.A.", "S.r.l."])
            elif style < 0.7:
                name, form = (
                    [self.chance.choice(SECTORS) + self.chance.choice(["", last.lower()]), self.chance.choice([last, *TRADES[:9]])],
                    "S.r.l.",
                )
            else:
                name, form = (
                    [last, "&", self.chance.choice(["Figli", "C.", self.chance.choices(self.last, self.last_weights)[0]])],
                    self.chance.choice(["S.n.c.", "S.a.s."]),
                )
            if " ".join(name) in names:
                # Who has two companies gives them two names.
                name[-1] = next(trade for trade in TRADES if trade != name[-1])
            names.add(" ".join(name))
            owner = f"{last} {self.chance.choice(FIRST['M'].split())}" if form in {"S.n.c.", "S.a.s."} else ""
            mail = self.mail("info", "".join(name).replace("&", "").replace(".", "").lower())
            yield Entity(name=name, form=form, owner=owner, vat=vat, fiscal=vat, phones=[line], email=mail, **place)

    def vat(self) -> str:
        ten = f"{self.number():07}{self.chance.randint(1, 100):03}"
        total = sum(int(digit) if place % 2 == 0 else sum(divmod(2 * int(digit), 10)) for place, digit in enumerate(ten))
        return f"{ten}{(10 - total % 10) % 10}"

    def fiscal(self, last: str, first: str, sex: str) -> str:
        def three(name: str) -> str:
            upper = name.upper()
            return ("".join(c for c in upper if c not in "AEIOU") + "".join(c for c in upper if c in "AEIOU") + "XXX")[:3]

        day = self.chance.randint(1, 28) + (40 if sex == "F" else 0)
        birth = f"{self.chance.randint(30, 99)}{self.chance.choice('ABCDEHLMPRST')}{day:02}"
        body = f"{three(last)}{three(first)}{birth}{self.chance.choice('LHFAG')}{self.chance.randint(100, 999)}"
        odd = sum(_ODD[int(c, 36) - 10 if c.isalpha() else int(c)] for c in body[::2])
        return body + chr(ord("A") + (odd + sum(int(c, 36) - 10 if c.isalpha() else int(c) for c in body[1::2])) % 26)

    def typo(self, word: str) -> str:
        if len(word) < 4:
            return word
        place = self.chance.randint(1, len(word) - 2)
        kind = self.chance.randint(0, 3)
        letter = self.chance.choice("aeiolnrst")
        return (
            word[:place] + letter + word[place + 1 :],
            word[:place] + word[place + 1 :],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            word[:place] + letter + word[place:],
        )[kind]

    def record(self, entity: Entity, *, copy: bool) -> dict[str, object]:
        """Write an entity down: a first record is mostly right, later ones come from other lists."""
        often = 1.0 if copy else 0.25
        happens = lambda share: self.chance.random() < share * often  # noqa: E731
        kind, street, civic, town = entity.kind, entity.street, entity.civic, entity.town
        if happens(0.06):
            moved = self.place()
            kind, street, civic, town = str(moved["kind"]), str(moved["street"]), str(moved["civic"]), int(str(moved["town"]))
        municipality, postcode, province, _ = TOWNS[town].split(";")
        phones = [self.written(phone) for phone in entity.phones]
        self.chance.shuffle(phones)
        if happens(0.12):
            phones = [self.mobile()]
        elif happens(0.25):
            phones = phones[:1]
        if happens(0.2):
            phones = []
        street = self.typo(street) if happens(0.04) else street
        return {
            "name": self.name(entity, happens),
            "vat_code": "" if self.chance.random() < 0.45 else self.wrong(entity.vat) if happens(0.02) else entity.vat,
            "fiscal_code": "" if self.chance.random() < 0.6 else self.wrong(entity.fiscal) if happens(0.02) else entity.fiscal,
            "phones": " / ".join(phones),
            "emails": "" if self.chance.random() < 0.45 else self.typo(entity.email) if happens(0.04) else entity.email,
            "street": "" if happens(0.12) else f"{self.chance.choice([kind, *KINDS[kind]])} {self.street(street)}",
            "civic": "" if happens(0.06) else civic.replace("/", self.chance.choice(["/", " ", ""])),
            "postcode": "" if happens(0.15) else postcode,
            "municipality": "" if happens(0.1) else municipality.upper() if happens(0.3) else municipality,
            "province": "" if happens(0.15) else province,
        }

    def street(self, street: str) -> str:
        words = street.split()
        if len(words) > 1 and self.chance.random() < 0.25:
            return " ".join([f"{words[0][0]}.", *words[1:]]) if words[0][0].isupper() and words[0] not in {"XX", "IV", "XXV"} else street
        return street.upper() if self.chance.random() < 0.2 else street

    def written(self, phone: str) -> str:
        cut = 3 if phone.startswith("3") else 4
        return self.chance.choice([phone, f"+39 {phone}", f"{phone[:cut]} {phone[cut:]}", f"{phone[:cut]}/{phone[cut:]}", f"0039{phone}"])

    def wrong(self, code: str) -> str:
        place = self.chance.randrange(len(code)) if code else 0
        return f"{code[:place]}{self.chance.choice('0123456789')}{code[place + 1 :]}" if code else ""

    def name(self, entity: Entity, happens: object) -> str:
        assert callable(happens)
        words = list(entity.name)
        if not entity.form:
            if happens(0.05) and words[1] in NICKNAMES:
                words[1] = NICKNAMES[words[1]]
            if happens(0.05):
                words[1] = f"{words[1][0]}."
            if happens(0.04):
                words.append(self.chance.choice(FIRST["M"].split()))
            if happens(0.1):
                place = self.chance.randrange(2)
                words[place] = self.typo(words[place])
            if self.chance.random() < 0.35:
                words[:2] = words[1::-1]
            text = " ".join(words)
        else:
            if happens(0.1):
                place = 0 if len(words[0]) > 3 else len(words) - 1
                words[place] = self.typo(words[place])
            if happens(0.04) and len(words) > 1 and words[-1] not in {"C.", "Figli"}:
                words = words[:-1] if words[-2] != "&" else words[:-2]
            form = self.chance.choice([entity.form, *FORMS[entity.form], ""])
            text = " ".join([*words, form]).strip()
            if entity.owner and self.chance.random() < 0.4:
                text += f" di {entity.owner}"
        return text.upper() if self.chance.random() < 0.35 else text


def make_records(size: int, seed: int) -> tuple[list[dict[str, object]], list[int]]:
    """Return so many records in no order, and the number of the entity of each."""
    maker = Maker(seed)
    rows: list[tuple[int, dict[str, object]]] = []
    for number, entity in enumerate(maker.entities()):
        copies = maker.chance.choices([1, 2, 3, 4, 5], [72, 18, 6, 3, 1])[0]
        rows += [(number, maker.record(entity, copy=place > 0)) for place in range(copies)]
        if len(rows) >= size:
            break
    rows = rows[:size]
    maker.chance.shuffle(rows)
    return [row for _, row in rows], [number for number, _ in rows]
