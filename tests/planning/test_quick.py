"""The quick look says what Cerberus says, or that it does not know."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.deployment import resolve
from crmcore.hooks import ConfigSchema
from crmcore.planning.core import CORE_COLLECTIONS
from crmcore.planning.quick import UNSURE, compile_fields
from crmcore.planning.reading import as_json

pytestmark = pytest.mark.feature("P4.2")

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.floats()
    | st.dates()
    | st.text("aZ9 #-$", max_size=4)
    | st.sampled_from(["36100", "VI", "#fff", "agent", "${env:X}"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["it", "en", "a"]), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("collection", CORE_COLLECTIONS, ids=lambda each: each.name)
@given(data=st.data())
def test_what_passes_quickly_is_what_cerberus_makes_of_it(collection, data):
    names = [*collection.fields, "unknown"]
    item = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4))
    if data.draw(st.booleans()):
        item |= {name: {"it": "Testo"} for name in collection.texts}
    seen = compile_fields(collection.fields)(item)
    values, problems = resolve(ConfigSchema(collection.fields), item)
    if seen is not UNSURE:
        assert problems == []
        assert as_json(seen) == as_json(values)


def test_what_is_plain_passes():
    zones = next(each for each in CORE_COLLECTIONS if each.name == "zones")
    look = compile_fields(zones.fields)
    assert look({"label": {"it": "Vicenza"}, "postcodes": ["36100"]}) == {
        "label": {"it": "Vicenza", "en": ""},
        "parent": None,
        "municipalities": [],
        "postcodes": ["36100"],
        "provinces": [],
        "obsolete": False,
    }
    sellers = next(each for each in CORE_COLLECTIONS if each.name == "zones.sellers")
    assert compile_fields(sellers.fields)({"seller": "A", "until": date(2026, 1, 1)}) == {"seller": "A", "until": date(2026, 1, 1)}
