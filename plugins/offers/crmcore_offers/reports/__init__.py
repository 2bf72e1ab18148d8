"""The part of the plugin about pipeline, forecast, analysis, commissions."""

from crmcore_offers.reports.api import Reports
from crmcore_offers.reports.campaigns import CampaignEffect
from crmcore_offers.reports.commissions import CommissionLine, Commissions, CommissionSum
from crmcore_offers.reports.dimensions import By
from crmcore_offers.reports.periods import Period, Unit
from crmcore_offers.reports.pipeline import Pipeline, PipelineLine

__all__ = [
    "By",
    "CampaignEffect",
    "CommissionLine",
    "CommissionSum",
    "Commissions",
    "Period",
    "Pipeline",
    "PipelineLine",
    "Reports",
    "Unit",
]
