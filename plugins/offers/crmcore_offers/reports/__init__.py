"""The part of the plugin about pipeline, forecast, analysis, commissions."""

from crmcore_offers.reports.api import Reports
from crmcore_offers.reports.campaigns import CampaignEffect
from crmcore_offers.reports.commissions import CommissionLine, Commissions, CommissionSum
from crmcore_offers.reports.conversion import Conversion, Stage, Win, WinBy
from crmcore_offers.reports.dimensions import By
from crmcore_offers.reports.efficacy import Efficacy, EfficacyLine, EfficacyPage, EfficacyRow
from crmcore_offers.reports.forecast import Forecast, ForecastLine
from crmcore_offers.reports.periods import Period, Unit
from crmcore_offers.reports.pipeline import Pipeline, PipelineLine

__all__ = [
    "By",
    "CampaignEffect",
    "CommissionLine",
    "CommissionSum",
    "Commissions",
    "Conversion",
    "Efficacy",
    "EfficacyLine",
    "EfficacyPage",
    "EfficacyRow",
    "Forecast",
    "ForecastLine",
    "Period",
    "Pipeline",
    "PipelineLine",
    "Reports",
    "Stage",
    "Unit",
    "Win",
    "WinBy",
]
