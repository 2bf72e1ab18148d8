"""Duplicates in the registry: groups with reasons, answers for ever, the check of a new account, who sees what."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from crmcore_quality.matching import (
    DuplicatePair,
    Answer,
    auto_groups,
    changed_since,
    check,
    check_many,
    confirm,
    list_groups,
    list_pairs,
    merge,
    reject,
    scan,
)
from sqlalchemy import func, insert, select

from crmcore import Account, Actor, RecordNotFound, ValidationFailed
