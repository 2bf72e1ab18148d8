"""The plugin ``quality``: the quality of data. So far, the engine that finds duplicates: see `crmcore_quality.duplicates`."""

from crmcore import Label, PluginInfo

__all__ = ["PLUGIN"]

PLUGIN = PluginInfo(
    name="quality",
    api=">=0.1,<0.2",
    requires=("italy",),
    label=Label("Qualità dei dati", "Data quality"),
    summary="Finds records that are one and the same, and says why.",
)
