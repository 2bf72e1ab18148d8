"""The plugin ``italy``: what is Italian about a CRM: field types, addresses, municipalities, working days, opposition register, privacy."""

from collections.abc import Mapping, Sequence

from crmcore import Command, ConfigSchema, ErrorCode, FieldType, Label, Normaliser, PluginInfo, hookimpl
from crmcore_italy import opposition, privacy
from crmcore_italy.addresses import Address, normalise_address, read_address, street_key
from crmcore_italy.ateco import Translation, title_of, translate
from crmcore_italy.calendar import ItalianCalendar, calendar_of
from crmcore_italy.companies import FORMS, CompanyName, LegalForm, read_company, suggest_kind
from crmcore_italy.fieldtypes import FIELD_TYPES
from crmcore_italy.gazetteer import FormerName, Gazetteer, Municipality
from crmcore_italy.lists import gazetteer_of, shipped
from crmcore_italy.mail import normalise_email
from crmcore_italy.names import normalise_person
from crmcore_italy.normalising import NORMALISERS
from crmcore_italy.opposition import CallDecision, RegisterAnswer, Relation, decide, numbers_to_ask
from crmcore_italy.phones import PhoneCell, PhoneNumber, normalise_phone, normalise_phones, read_phones
from crmcore_italy.places import (
    find_municipality,
    judge_municipality,
    judge_postcode,
    normalise_municipality,
    normalise_postcode,
    normalise_province,
)
from crmcore_italy.privacy import PrivacyDefaults, privacy_of
from crmcore_italy.settings import SCHEMA
from crmcore_italy.standing import Standing, Verdict
from crmcore_italy.taxcodes import (
    PersonCode,
    fits_name,
    judge_vat,
    normalise_fiscal,
    normalise_vat,
    read_fiscal,
    without_omocodia,
)

__all__ = [
    "FIELD_TYPES",
    "FORMS",
    "NORMALISERS",
    "PLUGIN",
    "Address",
    "CallDecision",
    "CompanyName",
    "FormerName",
    "Gazetteer",
    "ItalianCalendar",
    "LegalForm",
    "Municipality",
    "PersonCode",
    "PhoneCell",
    "PhoneNumber",
    "PrivacyDefaults",
    "RegisterAnswer",
    "Relation",
    "Standing",
    "Translation",
    "Verdict",
    "crm_commands",
    "crm_configuration",
    "crm_error_codes",
    "crm_field_types",
    "crm_normalisers",
    "crm_working_calendar",
    "decide",
    "find_municipality",
    "fits_name",
    "gazetteer_of",
    "judge_municipality",
    "judge_postcode",
    "judge_vat",
    "normalise_address",
    "normalise_email",
    "normalise_fiscal",
    "normalise_municipality",
    "normalise_person",
    "normalise_phone",
    "normalise_phones",
    "normalise_postcode",
    "normalise_province",
    "normalise_vat",
    "numbers_to_ask",
    "privacy_of",
    "read_address",
    "read_company",
    "read_fiscal",
    "read_phones",
    "shipped",
    "street_key",
    "suggest_kind",
    "title_of",
    "translate",
    "without_omocodia",
]

PLUGIN = PluginInfo(
    name="italy",
    api=">=0.1,<0.2",
    label=Label("Italia", "Italy"),
    summary="Italian field types, addresses, municipalities, working days, opposition register and privacy defaults.",
)


@hookimpl
def crm_configuration() -> ConfigSchema:
    """Declare the settings."""
    return SCHEMA


@hookimpl
def crm_field_types() -> Sequence[FieldType]:
    """Declare the types of characteristics."""
    return FIELD_TYPES


@hookimpl
def crm_normalisers() -> Sequence[Normaliser]:
    """Declare what brings accounts into their Italian form."""
    return NORMALISERS


@hookimpl
def crm_error_codes() -> Sequence[ErrorCode]:
    """Declare what the register and privacy report."""
    return (*opposition.CODES, *privacy.CODES)


@hookimpl
def crm_commands() -> Sequence[Command]:
    """Declare the commands."""
    return (
        Command(
            name="municipalities",
            target="crmcore_italy.commands:municipalities",
            help="Show which municipalities a name means, or what a newer list of ISTAT would change.",
        ),
    )


@hookimpl
def crm_working_calendar(settings: Mapping[str, Mapping[str, object]]) -> ItalianCalendar:
    """Give the calendar of the firm."""
    return calendar_of(settings["italy"])
