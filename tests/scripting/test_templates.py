"""Call scripts and letters, as those see them who write and use them; at both levels."""

from __future__ import annotations

import csv
import io
import pickle
from datetime import date, datetime
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.errors import ValidationFailed
from crmcore.scripting import Kind, NotPlain, ScriptError
from crmcore.scripting.templates import Channel, Missing, Rendered, Templates, TemplateUnresolved
from crmcore.scripting.worker import ENGINES, InProcess

CAMPAIGN = (
    "Buongiorno {contact.title} {contact.last_name}, la stiamo contattando dall'azienda {company.name} "
    "per la promozione inerente il nuovo prodotto con codice {product.code}"
)
ROSSI = {
    "contact": {"title": "signor", "last_name": "Rossi"},
    "company": {"name": "Metropolis spa"},
    "product": {"code": "76656"},
}
FIELDS = {
    "contact": {"title": {}, "first_name": {}, "last_name": {}, "born": {}, "extra": None},
    "company": {"name": {}, "address": {"city": {}, "zip": {}}},
    "product": {"code": {}},
    "orders": {"number": {}, "amount": {}},
}


@pytest.fixture
def templates(runner):
    return Templates(runner)


@pytest.fixture
def here():
    return Templates(InProcess(ENGINES))


def write(templates, source, context=None, channel=Channel.TEXT, missing=Missing.REFUSE):
    return templates.render(source, context or {}, channel=channel, missing=missing).text


@pytest.mark.feature("S12", "F02", "F03", "I-52")
class TestTheCallScriptOfACampaign:
    def test_is_written_for_a_contact_person(self, templates):
        expected = (
            "Buongiorno signor Rossi, la stiamo contattando dall'azienda Metropolis spa "
            "per la promozione inerente il nuovo prodotto con codice 76656"
        )
        assert templates.render(CAMPAIGN, ROSSI) == Rendered(text=expected, missing=())

    def test_is_written_in_the_long_form_too(self, templates):
        assert write(templates, CAMPAIGN.replace("{", "{{ ").replace("}", " }}"), ROSSI) == write(templates, CAMPAIGN, ROSSI)

    def test_is_not_written_for_a_name_without_contact_person_and_says_what_is_missing(self, templates):
        with pytest.raises(TemplateUnresolved) as caught:
            templates.render(CAMPAIGN, {**ROSSI, "contact": None})
        assert caught.value.code == "TEMPLATE_UNRESOLVED"
        assert caught.value.placeholders == ("contact.title", "contact.last_name")
        assert "contact.title, contact.last_name" in caught.value.text("it")

    def test_of_forty_names_two_cannot_be_written(self, templates):
        names = [dict(ROSSI) if number % 20 else {key: ROSSI[key] for key in ("company", "product")} for number in range(40)]
        found = list(templates.render_many(CAMPAIGN, names))
        assert [number for number, each in enumerate(found) if isinstance(each, TemplateUnresolved)] == [0, 20]
        assert {each.text for each in found if isinstance(each, Rendered)} == {write(templates, CAMPAIGN, ROSSI)}

    def test_may_stay_visible_or_be_left_blank(self, templates):
        context = {**ROSSI, "contact": {"title": None, "last_name": "Rossi"}}
        marked = templates.render(CAMPAIGN, context, missing=Missing.MARK)
        assert marked.text.startswith("Buongiorno [contact.title?] Rossi,")
        assert marked.missing == ("contact.title",)
        blank = templates.render(CAMPAIGN, context, missing=Missing.BLANK)
        assert blank.text.startswith("Buongiorno  Rossi,")
        assert blank.missing == ("contact.title",)

    def test_errors_cross_process_borders(self):
        assert pickle.loads(pickle.dumps(TemplateUnresolved(["a.b"]))).placeholders == ("a.b",)


@pytest.mark.feature("I-52", "F02")
class TestBeforeATextIsSaved:
    def test_one_whose_fields_exist_has_no_problems(self, templates):
        assert templates.check(CAMPAIGN, FIELDS) == []
        templates.require(CAMPAIGN, FIELDS)

    @pytest.mark.parametrize(
        ("source", "path", "line", "hint"),
        [
            ("{contact.titel}", "contact.titel", 1, "contact.title"),
            ("\n\n{{ contact.lastname }}", "contact.lastname", 3, "contact.last_name"),
            ("Gentile\n{contact.first} e\n{contact.cognome}", "contact.first", 2, "contact.first_name"),
            ("{{ contatct.title|upper }}", "contatct.title", 1, "contact.title"),
            ("{{ last_name }}", "last_name", 1, "contact.last_name"),
            ("{% if company.adress.city %}x{% endif %}", "company.adress.city", 1, "company.address.city"),
            ("{% for o in orders %}{{ o.number }}{{ o.amonut }}{% endfor %}", "orders.amonut", 1, "orders.amount"),
            ("{% set a = company.address %}{{ a.cty }}", "company.address.cty", 1, "company.address.city"),
            ("{{ company['nome'] }}", "company.nome", 1, "company.name"),
            ("{{ contact.title.upper.x }}", "contact.title.upper.x", 1, ""),
            ("{{ range(contact.qq)|join }}", "contact.qq", 1, ""),
            ("{{ 'a' if qwerty else 'b' }}", "qwerty", 1, ""),
        ],
    )
    def test_a_field_that_does_not_exist_is_listed_with_the_nearest_name(self, templates, source, path, line, hint):
        problem = templates.check(source, FIELDS)[0]
        assert (problem.code, problem.params["path"], problem.params["line"]) == ("TEMPLATE_FIELD_UNKNOWN", path, line)
        assert problem.params["hint"].en.removeprefix("; perhaps ").removesuffix("?") == hint
        assert path in problem.text("it")

    def test_every_unknown_field_is_listed_once(self, templates):
        with pytest.raises(ValidationFailed) as caught:
            templates.require("{contact.a} {contact.b} {contact.a} {company.c}", FIELDS)
        assert [problem.params["path"] for problem in caught.value.problems] == ["contact.a", "contact.b", "company.c"]

    @pytest.mark.parametrize(
        "source",
        [
            "{{ contact.born.year }}",
            "{{ contact.extra.whatever.there }}",
            "{% for o in orders %}{{ loop.index }} {{ o.number }}{% endfor %}",
            "{% set x = 1 %}{{ x }}",
            "{% for a, b in orders %}{{ a }}{{ a.b.c }}{% endfor %}",
            "{{ contact.title.upper() }}",
            "{{ (contact.title|first).x }}",
            "{% for o in orders %}{% for p in orders %}{{ p.number == o.number }}{% endfor %}{% endfor %}",
            "a { b } {c} {D.e} {f.} {.g} {{ '{contact.titel}' }}",
        ],
    )
    def test_what_exists_or_is_the_text_s_own_is_no_problem(self, templates, source):
        assert templates.check(source, FIELDS) == []

    @pytest.mark.parametrize(
        ("source", "line", "word"),
        [
            ("ciao\n{{ contact. }}", 2, "expected name"),
            ("{% if a %}", 1, "endif"),
            ("\n{{ a|uper }}", 2, "upper"),
            ("{{ lenght(a) }}", 1, "len"),
            ("{% macro m() %}{% endmacro %}", 1, "macro"),
            ("x" * 70_000, 1, "65536"),
        ],
    )
    def test_what_cannot_be_read_or_is_not_allowed_is_told_with_its_line(self, templates, source, line, word):
        [problem] = templates.check(source, FIELDS)
        assert (problem.code, problem.params["line"]) == ("TEMPLATE_REFUSED", line)
        assert word in problem.text("en")
        assert problem.text("it") != problem.text("en")


@pytest.mark.feature("F02")
class TestWhatTextsCanDo:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("{% if vip %}Caro{% elif old %}Gentile{% else %}Spett.le{% endif %}", "Gentile"),
            ("{% for o in orders %}{{ loop.index }}. {{ o.number }}{% if not loop.last %}, {% endif %}{% endfor %}", "1. A, 2. B"),
            ("{% for o in nothing %}x{% else %}nessuno{% endfor %}", "nessuno"),
            ("{% for o in orders if o.amount > 10 %}{{ o.number }}{% endfor %}", "B"),
            ("{% for o in orders %}{{ loop.cycle('a', 'b') }}{{ loop.revindex }}{{ loop.first }}{% endfor %}", "a2Trueb1False"),
            ("{% set total = orders|join('+', attribute='amount') %}{{ total }}", "10+20"),
            ("{{ orders|sort(attribute='number', reverse=true)|first|default }}", None),
            ("{{ (orders|sort(attribute='number', reverse=true))[0].number }}", "B"),
            ("{% for k, v in prices.items() %}{{ k }}={{ v }};{% endfor %}", "a=1;b=2;"),
            ("{{ 'a' ~ 1 ~ none ~ 'b' }}", "a1b"),
            ("{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }}", "True False"),
            ("{{ 'si' if old else 'no' }}{{ 'x' if vip }}", "si"),
            ("{{ nothing|default('-') }}{{ ''|default('-') }}{{ ''|default('-', true) }}", "--"),
            ("{{ name[0] }}{{ name[1:3] }}{{ name[-1] }}", "Rosi"),
            ("{{ name|upper }} {{ name.lower() }} {{ name|replace('ss', 's') }} {{ '  x '|trim }}", "ROSSI rossi Rosi x"),
            ("{{ 7 // 2 }} {{ 7 % 2 }} {{ 2 ** 3 }} {{ 7 / 2 }} {{ -3|abs }} {{ +2 }}", "3 1 8 3.5 3 2"),
            ("{{ amount|money }} {{ amount|number }} {{ 1234|number(1) }} {{ 0.225|percent(1) }}", "1.520,50 € 1.520,50 1.234,0 22,5%"),
            ("{{ 4.0|quantity }} {{ 2.50|quantity }} {{ 1000|quantity }} {{ 0|quantity }}", "4 2,5 1.000 0"),
            ("{{ amount|money('USD') }} {{ amount|money('CHF') }} {{ 2.675|round(2) }}", "1.520,50 $ 1.520,50 CHF 2.68"),
            ("{{ day|date }} {{ day|date('%d.%m.') }} {{ at|date('%H:%M') }} {{ day.year }}", "07/09/2026 07.09. 08:30 2026"),
            ("{{ day + days(3) }} {{ days_between(day, date(2026, 9, 10)) }}", "2026-09-10 3"),
            ("{{ 'una frase molto lunga'|truncate(12) }} {{ 'corta'|truncate(12) }}", "una frase… corta"),
            (
                "{{ old|yesno }} {{ vip|yesno('vero', 'falso') }} {{ orders|length }} {{ [3, 1, 3]|unique|sort|join('-') }}",
                "sì falso 2 1-3",
            ),
            ("{{ [1, 2]|sum + [4, 3]|max + range(3)|last }}", "9"),
            (
                "{{ 3 is odd }} {{ 4 is divisibleby 2 }} {{ 'a' in 'abc' }} {{ 'z' not in 'abc' }} {{ nothing is defined }}",
                "True True True True False",
            ),
            (
                "{{ 'x' is eq 'x' }} {{ none is none }} {{ 1 is number }} {{ 'a' is string }} {{ 2 is in [1, 2] }}",
                "True True True True True",
            ),
            ("{% raw %}{{ name }}{% endraw %}{# nota #}\n", "{{ name }}\n"),
            ("riga\r\nriga", "riga\nriga"),
        ],
    )
    def test_they_do(self, templates, source, expected):
        context = {
            "vip": False,
            "old": True,
            "orders": [{"number": "A", "amount": 10}, {"number": "B", "amount": 20}],
            "prices": {"a": 1, "b": 2},
            "name": "Rossi",
            "amount": Decimal("1520.50"),
            "day": date(2026, 9, 7),
            "at": datetime(2026, 9, 7, 8, 30),
        }
        if expected is None:
            with pytest.raises(ScriptError, match="does not go with a record"):
                write(templates, source, context)
        else:
            assert write(templates, source, context) == expected

    @pytest.mark.parametrize(
        ("source", "line", "kind", "text"),
        [
            ("ok\nok\n{{ 1 / zero }}", 3, Kind.RUNTIME, "division by zero"),
            ("\n{{ name\n  ~ (name + 1) }}", 2, Kind.RUNTIME, "+ does not go with a text and a whole number"),
            ("a\n{% for i in range(10) %}\n{{ i + name }}\n{% endfor %}", 3, Kind.RUNTIME, "+ does not go with"),
            ("{{ 'x' * 10**9 }}", 1, Kind.BUDGET, "more than"),
        ],
    )
    def test_an_error_names_the_line_and_shows_no_value(self, templates, source, line, kind, text):
        with pytest.raises(ScriptError) as caught:
            write(templates, source, {"zero": 0, "name": "SEGRETO"})
        assert (caught.value.line, caught.value.kind) == (line, kind)
        assert text in caught.value.message
        assert "SEGRETO" not in f"{caught.value} {caught.value.text}"

    def test_a_missing_value_in_a_filter_stays_missing(self, templates):
        for source in ("{{ contact.name|upper }}", "{{ contact.name.upper() }}", "{{ contact.orders|join }}", "{{ contact.due|date }}"):
            with pytest.raises(TemplateUnresolved) as caught:
                write(templates, source, {"contact": {}})
            assert caught.value.placeholders[0].startswith("contact.")

    def test_names_of_the_text_itself_end_with_their_block(self, templates):
        source = "{% set x = 1 %}{% for x in [2] %}{{ x }}{% endfor %}{{ x }}{% for y in [1] %}{% set x = 5 %}{% endfor %}{{ x }}"
        assert write(templates, source) == "211"

    def test_a_text_is_short_or_it_is_none(self, templates):
        assert len(write(templates, "{{ 'x' * 60000 }}")) == 60_000
        with pytest.raises(ScriptError, match="too long"):
            write(templates, "{{ 'x' * 60000 }}{{ 'x' * 60000 }}")


@pytest.mark.feature("F02")
class TestItalianGreetings:
    @pytest.mark.parametrize(
        ("contact", "expected"),
        [
            ({"title": "signor", "last_name": "Rossi"}, "Egregio signor Rossi"),
            ({"title": "Sig.ra", "last_name": "Bianchi"}, "Gentile Sig.ra Bianchi"),
            ({"title": "dott.ssa", "last_name": "Verdi", "gender": "f"}, "Gentile dott.ssa Verdi"),
            ({"title": None, "gender": "m", "last_name": "Neri"}, "Egregio signor Neri"),
            ({"gender": "female", "last_name": "Neri"}, "Gentile signora Neri"),
            ({"title": "ing.", "last_name": "Gallo"}, "Gentile ing. Gallo"),
            ({"first_name": "Andrea", "last_name": "Gallo"}, "Gentile Andrea Gallo"),
            ({"name": "Metropolis spa"}, "Spettabile Metropolis spa"),
        ],
    )
    def test_a_person_or_company_is_greeted(self, templates, contact, expected):
        assert write(templates, "{{ contact|greeting }}", {"contact": contact}) == expected

    def test_nobody_cannot_be_greeted(self, templates):
        with pytest.raises(ScriptError, match="nobody to greet"):
            write(templates, "{{ contact|greeting }}", {"contact": {"gender": "m"}})

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("{{ 'signora'|gendered('il nuovo socio', 'la nuova socia') }}", "la nuova socia"),
            ("{{ contact|gendered('Caro', 'Cara') }}", "Caro"),
            ("{{ 'x'|gendered('Caro', 'Cara') }} {{ nobody|gendered('Caro', 'Cara', 'Salve') }}", "Caro/Cara Salve"),
            (
                "{{ 1|plural('offerta', 'offerte') }} {{ 0|plural('offerta', 'offerte') }} {{ [1, 2]|plural('a', 'b') }}",
                "offerta offerte b",
            ),
            ("{{ 1200|counted('cliente', 'clienti') }}, {{ 1|counted('cliente', 'clienti') }}", "1.200 clienti, 1 cliente"),
            ("{{ 'studio'|article }} {{ 'azienda'|article('f') }} {{ 'amici'|article('m', 2) }}", "lo studio l'azienda gli amici"),
            ("{{ 'cliente'|article }} {{ 'clienti'|article('m', 3) }} {{ 'offerte'|article('f', 3) }}", "il cliente i clienti le offerte"),
            (
                "{{ 'zio'|article }} {{ 'gnomo'|article }} {{ 'iettatore'|article }} {{ 'strada'|article('f') }}",
                "lo zio lo gnomo lo iettatore la strada",
            ),
        ],
    )
    def test_words_follow_gender_and_number(self, templates, source, expected):
        assert write(templates, source, {"contact": {"title": "Dott."}}) == expected


class _Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_data(self, data):
        self.seen.append(data)


NASTY = st.text(alphabet=st.sampled_from("<>&\"'=+-@;,\n\r\t\x00\x1b\u202e\ud800\u2028aé1 "), max_size=40)


@pytest.mark.feature("I-52", "F02")
class TestValuesAreEscapedForTheirChannel:
    @pytest.mark.parametrize(
        ("channel", "expected"),
        [
            (Channel.SCREEN, "&lt;b&gt; &lt;script&gt;&quot;x&#x27;<br>\n=1"),
            (Channel.HTML, "<b> &lt;script&gt;&quot;x&#x27;\n=1"),
            (Channel.TEXT, "<b> <script>\"x'\n=1"),
            (Channel.HEADER, "<b> <script>\"x' =1"),
            (Channel.CSV, '<b> "<script>""x\'\n=1"'),
        ],
    )
    def test_each_in_its_way(self, templates, channel, expected):
        assert write(templates, "<b> {a.b}", {"a": {"b": "<script>\"x'\n=1"}}, channel) == expected

    @given(value=NASTY)
    def test_in_html_a_value_is_text_inside_elements_and_attributes(self, value):
        text = write(Templates(InProcess(ENGINES)), '<p title="{{ v }}">{{ v }}</p>', {"v": value}, Channel.HTML, Missing.BLANK)
        page = _Page()
        page.feed(text)
        page.close()
        assert [tag for tag, _ in page.tags] == ["p"]
        assert [name for name, _ in page.tags[0][1]] == ["title"]
        assert text.encode()

    @given(value=NASTY)
    def test_on_a_screen_nothing_is_an_element_but_line_breaks(self, value):
        page = _Page()
        page.feed(
            write(
                Templates(InProcess(ENGINES)),
                f"<b>{value.encode('ascii', 'ignore').decode()}</b>".replace("\0", "") + "{{ v }}",
                {"v": value},
                Channel.SCREEN,
            )
        )
        assert {tag for tag, _ in page.tags} <= {"br"}

    @given(value=NASTY)
    def test_a_header_is_one_line(self, value):
        text = write(Templates(InProcess(ENGINES)), "Offerta per {{ v }}", {"v": value}, Channel.HEADER)
        message = EmailMessage()
        message["Subject"] = text
        assert "\n" not in text
        assert "\r" not in text
        assert message.keys() == ["Subject"]

    @given(values=st.lists(NASTY, min_size=1, max_size=3))
    def test_a_row_has_as_many_cells_as_placeholders_and_no_formula(self, values):
        source = ";".join(f"{{{{ v{number} }}}}" for number in range(len(values)))
        context = {f"v{number}": value for number, value in enumerate(values)}
        row = write(Templates(InProcess(ENGINES)), f"x;{source}", context, Channel.CSV)
        [cells] = csv.reader(io.StringIO(row, newline=""), delimiter=";")
        assert len(cells) == len(values) + 1
        for cell in cells:
            start = cell.lstrip()[:1]
            assert start not in {"=", "@"}
            assert start not in {"+", "-"} or not any(letter.isalpha() for letter in cell)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("+39 049 5550100", "+39 049 5550100"),
            (-5, "-5"),
            ("-5,00", '"-5,00"'),
            ("=1+1", "'=1+1"),
            ("-1+cmd", "'-1+cmd"),
            (" =x", "' =x"),
        ],
    )
    def test_telephone_numbers_are_no_formulas(self, templates, value, expected):
        assert write(templates, "{{ v }}", {"v": value}, Channel.CSV) == expected

    def test_a_link_is_one_only_where_links_exist(self, runner):
        templates = Templates(runner, links="/records/{entity}/{id}?x=1&y=2")
        context = {"account": {"id": 7, "name": "<Rossi>"}}
        source = "{{ account|link }}"
        assert write(templates, source, context, Channel.HTML) == '<a href="/records/account/7?x=1&amp;y=2">&lt;Rossi&gt;</a>'
        assert write(templates, source, context, Channel.TEXT) == "<Rossi>"
        odd = '{{ \'"><script>\'|link("account", "qui") }}'
        assert write(templates, odd, {}, Channel.SCREEN) == '<a href="/records/account/%22%3E%3Cscript%3E?x=1&amp;y=2">qui</a>'

    def test_a_text_in_a_value_is_no_text_of_its_own(self, templates):
        value = "{{ 7 * 7 }} {contact.title} {% if x %}"
        assert write(templates, "{{ v }}", {"v": value}) == value


@pytest.mark.feature("I-16", "F02")
class TestWhatATextIsGiven:
    def test_what_it_does_not_read_is_not_looked_at(self, templates):
        class Heavy:
            @property
            def __script_view__(self):
                raise AssertionError

        assert write(templates, "{{ a.b }}", {"a": {"b": 1, "c": object()}, "d": Heavy()}) == "1"

    def test_objects_show_what_they_want_to_show(self, templates):
        class Account:
            secret = "x"

            def __script_view__(self):
                return {"name": "Rossi", "parent": {"name": "Bianchi"}}

        context = {"account": Account()}
        assert write(templates, "{{ account.name }} {{ account.parent.name }} {{ account.secret }}", context, missing=Missing.MARK) == (
            "Rossi Bianchi [account.secret?]"
        )

    @pytest.mark.parametrize("value", [object(), print, Exception("x"), float("nan"), 2**600, {1: 2}])
    def test_what_is_not_plain_is_the_host_s_fault(self, templates, value):
        with pytest.raises(NotPlain):
            write(templates, "{{ v }}", {"v": value})

    def test_english_writes_numbers_and_dates_in_its_way(self, runner):
        templates = Templates(runner, lang="en")
        assert write(templates, "{{ 1520.5|money }} {{ d|date }}", {"d": date(2026, 9, 7)}) == "1,520.50 EUR 2026-09-07"
