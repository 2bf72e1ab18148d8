"""The registry: accounts with their portfolios, roles, sites, people, relations and consents.

What the core knows about Italian codes and provinces is public here, so that `italy` builds on it instead of having it twice.
"""

from crmcore.accounts.addresses import address_text
from crmcore.accounts.card import Card, CardValue
from crmcore.accounts.provinces import PROVINCE_OF_ISTAT, PROVINCES_OF_POSTCODE, is_plausible
from crmcore.accounts.taxcodes import TAX_CODES, normalise_code
from crmcore.accounts.values import AccountData, ContactPointData, Created, KeyRef, PersonData, SiteFields

__all__ = [
    "PROVINCES_OF_POSTCODE",
    "PROVINCE_OF_ISTAT",
    "TAX_CODES",
    "AccountData",
    "Card",
    "CardValue",
    "ContactPointData",
    "Created",
    "KeyRef",
    "PersonData",
    "SiteFields",
    "address_text",
    "is_plausible",
    "normalise_code",
]
