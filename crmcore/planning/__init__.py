"""Configuration as code: compare the files of a deployment with its database, apply the difference, export it, and see the layers."""

from crmcore.planning.applying import apply_plan
from crmcore.planning.catalogue import collections_of
from crmcore.planning.columns import Day, Mapped, Plain, Refer, Text
from crmcore.planning.exporting import configuration_text, export_configuration
from crmcore.planning.plan import Plan
from crmcore.planning.planner import make_plan
from crmcore.planning.rows import Rows
from crmcore.planning.threeways import ThreeWay, three_ways

__all__ = [
    "Day",
    "Mapped",
    "Plain",
    "Plan",
    "Refer",
    "Rows",
    "Text",
    "ThreeWay",
    "apply_plan",
    "collections_of",
    "configuration_text",
    "export_configuration",
    "make_plan",
    "three_ways",
]
