"""The types that characteristics may have with this plugin."""

from __future__ import annotations

from typing import Final

from crmcore import FieldType, Label, StoredAs
from crmcore_italy import addresses, ateco, companies, invoicing, mail, names, phones, places, taxcodes

FIELD_TYPES: Final = (
    FieldType(name="italy.vat_code", label=Label("Partita IVA", "VAT code"), normalise=taxcodes.normalise_vat),
    FieldType(name="italy.fiscal_code", label=Label("Codice fiscale", "Fiscal code"), normalise=taxcodes.normalise_fiscal),
    FieldType(name="italy.phone", label=Label("Telefono", "Phone"), normalise=phones.normalise_phone, display=phones.display_phone),
    FieldType(
        name="italy.phones",
        label=Label("Telefoni", "Phones"),
        normalise=phones.normalise_phones,
        display=phones.display_phones,
        stored_as=StoredAs.LIST,
        read=tuple,
    ),
    FieldType(name="italy.email", label=Label("E-mail", "E-mail"), normalise=mail.normalise_email),
    FieldType(name="italy.pec", label=Label("PEC", "Certified e-mail"), normalise=mail.normalise_email),
    FieldType(name="italy.recipient_code", label=Label("Codice destinatario", "Recipient code"), normalise=invoicing.normalise_recipient),
    FieldType(name="italy.iban", label=Label("IBAN", "IBAN"), normalise=invoicing.normalise_iban, display=invoicing.display_iban),
    FieldType(name="italy.postcode", label=Label("CAP", "Postcode"), normalise=places.normalise_postcode),
    FieldType(
        name="italy.province", label=Label("Provincia", "Province"), normalise=places.normalise_province, display=places.display_province
    ),
    FieldType(
        name="italy.municipality",
        label=Label("Comune", "Municipality"),
        normalise=places.normalise_municipality,
        display=places.display_municipality,
    ),
    FieldType(name="italy.address", label=Label("Indirizzo", "Address"), normalise=addresses.normalise_address),
    FieldType(name="italy.ateco", label=Label("Codice ATECO", "ATECO code"), normalise=ateco.normalise_ateco, display=ateco.display_ateco),
    FieldType(
        name="italy.legal_form",
        label=Label("Forma giuridica", "Legal form"),
        normalise=companies.normalise_form,
        display=companies.display_form,
    ),
    FieldType(name="italy.person_name", label=Label("Nome di persona", "Name of a person"), normalise=names.normalise_person),
)
