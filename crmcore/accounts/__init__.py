"""The registry: accounts with their portfolios, roles, sites, people, relations and consents."""
