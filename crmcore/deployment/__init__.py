"""Configuration as code: the files of a deployment, checked against the schemas of their owners."""

from crmcore.deployment.editing import edit_plugins, write_new
from crmcore.deployment.examples import examples, write_example
from crmcore.deployment.loader import MAIN_FILE, Deployment, load, main_file, validate_settings
from crmcore.deployment.places import Mark, Source
from crmcore.deployment.reference import KeyRow, describe, sample, sample_values
from crmcore.deployment.secrets import Secret, SecretSource
from crmcore.deployment.sections import MAIN, SECTIONS, Section
from crmcore.deployment.validator import ConfigValidator, check_schema, resolve

__all__ = [
    "MAIN",
    "MAIN_FILE",
    "SECTIONS",
    "ConfigValidator",
    "Deployment",
    "KeyRow",
    "Mark",
    "Secret",
    "SecretSource",
    "Section",
    "Source",
    "check_schema",
    "describe",
    "edit_plugins",
    "examples",
    "load",
    "main_file",
    "resolve",
    "sample",
    "sample_values",
    "validate_settings",
    "write_example",
    "write_new",
]
