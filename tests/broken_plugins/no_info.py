"""Fault: the module has no PLUGIN.

Expected: PLUGIN_INFO_MISSING no_info
Found by: starts_alone
"""
