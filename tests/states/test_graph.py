"""Pictures of state tables: complete, and safe whatever the labels are."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from crmcore import Label, State, StateTable, Transition, TransitionMode

pytestmark = pytest.mark.feature("P3.4")
NASTY = 'x"<script>alert(1)</script>&`]\\\n'


@pytest.fixture
def nasty():
    def state(code, order, **options):
        return State(code=code, label=Label(NASTY, code), order=order, **options)

    return StateTable(
        name="own.nasty",
        entity="account",
        label=Label(NASTY, "Nasty"),
        mode=TransitionMode.STEPS,
        states=(
            state("a", 1, default=True, colour='red" onload="x'),
            state("b", 2, flags={"blocking": True}),
            state("c", 3, obsolete=True),
        ),
        transitions=(
            Transition(source="a", target="b", groups=(NASTY,)),
            Transition(source="b", target="a"),
            Transition(source="b", target="c"),
            Transition(source="a", target="c", variant="gas"),
        ),
    )


def test_an_svg_holds_every_state_and_step_and_nothing_that_runs(open_crm, nasty):
    crm = open_crm()
    with crm.session("anna") as s:
        s.states.define(nasty)
        s.commit()
        drawn = s.states.svg("own.nasty")
    root = ET.fromstring(drawn)
    names = {element.tag.partition("}")[2] for element in root.iter()}
    assert names == {"svg", "title", "defs", "marker", "path", "text", "g", "rect"}
    assert len(root.findall(".//{*}rect")) == 3
    assert len([path for path in root.findall(".//{*}path") if path.get("marker-end")]) == 4
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    titles = [title.text for title in root.findall(".//{*}rect/{*}title")]
    assert titles == [f"{code} {NASTY}" for code in "abc"]
    boxes = [tuple(int(rect.get(name)) for name in ("x", "y")) for rect in root.findall(".//{*}rect")]
    assert len(set(boxes)) == 3
    assert boxes[0][0] < boxes[1][0] < boxes[2][0]


def test_mermaid_quotes_what_could_end_a_label(open_crm, nasty):
    crm = open_crm()
    with crm.session("anna") as s:
        s.states.define(nasty)
        s.commit()
        lines = s.states.mermaid("own.nasty").splitlines()
    assert lines[0] == "flowchart LR"
    assert lines[1] == '    s0["a x#quot;#lt;script#gt;alert(1)#lt;/script#gt;#amp;#96;]#92; "]'
    assert "    s1 --> s0" in lines
    assert all(line.count('"') in {0, 2} for line in lines)


def test_the_states_of_customers_are_drawn_in_both_languages(open_crm):
    crm = open_crm()
    with crm.session("anna") as s:
        assert '["customer Cliente"]' in s.states.mermaid("customers")
        assert '["customer Customer"]' in s.states.mermaid("customers", "en")
        assert ET.fromstring(s.states.svg("customers")).find("{*}title").text == "Stati Clienti"
