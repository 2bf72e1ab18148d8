from crmcore.testing import PluginConformance


class TestWarranty(PluginConformance):
    plugin = "warranty"
