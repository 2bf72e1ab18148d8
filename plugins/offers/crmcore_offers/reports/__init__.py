"""The part of the plugin about pipeline, forecast, analysis, commissions."""
