"""Monitoring: who feeds the CRM, and where contributions are missing."""

from crmcore.monitoring.api import MonitoringApi
from crmcore.monitoring.charts import bars, svg
from crmcore.monitoring.values import Activity, Contributions, Diligence

__all__ = ["Activity", "Contributions", "Diligence", "MonitoringApi", "bars", "svg"]
