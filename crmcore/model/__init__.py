"""Entities, their base and column types."""

from crmcore.model.access import GroupMember, Profile, ScopeKind, User, UserGroup, UserStatus
from crmcore.model.account import Account, AccountKind, AccountRole, ContactPoint, ExternalKey, SellerSource
from crmcore.model.base import CORE, METADATA, STAMPS, Entity
from crmcore.model.catalogues import (
    ChangeSet,
    ChangeSetItem,
    CharacteristicChange,
    CharacteristicRow,
    LookupEntry,
    LookupTable,
    SavedSearch,
)
from crmcore.model.entities import ENTITIES
from crmcore.model.merging import LOG, MERGE, AccountMerge, AccountMergeMember, MergePolicy, OnlyOne
from crmcore.model.organisation import AccountPortfolio, BusinessUnit, Portfolio
from crmcore.model.paths import below, path_text
from crmcore.model.people import Consent, Interaction, InteractionKind, Person, Preference, Relation, RelationKind, Site, SiteKind
from crmcore.model.platform import ATTEMPT, AUDIT, AUDIT_BLOCK, EVENT, GENERATION, JOB, MERGE_ROW, PLATFORM_TABLES, PLUGIN, SCHEDULE
from crmcore.model.privacy import PRIVACY_LOG, SUPPRESSION, SUPPRESSION_KEY
from crmcore.model.retention import Retention
from crmcore.model.signin import ApiToken, Challenge, Credential, Device, DeviceKind, DeviceStatus, DeviceUser, UserSession
from crmcore.model.states import StateChange, StateRow, StateTableRow, TransitionRow
from crmcore.model.territory import NULL_CODES, Parameter, Salesperson, SalespersonKind, SellerZone, Zone, ZoneRule, ZoneRuleKind
from crmcore.model.types import BigId, Json, JsonMap, Money, Scaled, UtcDateTime
from crmcore.model.visibility import Members, Visibility, VisibilityKind

__all__ = [
    "ATTEMPT",
    "AUDIT",
    "AUDIT_BLOCK",
    "CORE",
    "ENTITIES",
    "EVENT",
    "GENERATION",
    "JOB",
    "LOG",
    "MERGE",
    "MERGE_ROW",
    "METADATA",
    "NULL_CODES",
    "PLATFORM_TABLES",
    "PLUGIN",
    "PRIVACY_LOG",
    "SCHEDULE",
    "STAMPS",
    "SUPPRESSION",
    "SUPPRESSION_KEY",
    "Account",
    "AccountKind",
    "AccountMerge",
    "AccountMergeMember",
    "AccountPortfolio",
    "AccountRole",
    "ApiToken",
    "BigId",
    "BusinessUnit",
    "Challenge",
    "ChangeSet",
    "ChangeSetItem",
    "CharacteristicChange",
    "CharacteristicRow",
    "Consent",
    "ContactPoint",
    "Credential",
    "Device",
    "DeviceKind",
    "DeviceStatus",
    "DeviceUser",
    "Entity",
    "ExternalKey",
    "GroupMember",
    "Interaction",
    "InteractionKind",
    "Json",
    "JsonMap",
    "LookupEntry",
    "LookupTable",
    "Members",
    "MergePolicy",
    "Money",
    "OnlyOne",
    "Parameter",
    "Person",
    "Portfolio",
    "Preference",
    "Profile",
    "Relation",
    "RelationKind",
    "Retention",
    "Salesperson",
    "SalespersonKind",
    "SavedSearch",
    "Scaled",
    "ScopeKind",
    "SellerSource",
    "SellerZone",
    "Site",
    "SiteKind",
    "StateChange",
    "StateRow",
    "StateTableRow",
    "TransitionRow",
    "User",
    "UserGroup",
    "UserSession",
    "UserStatus",
    "UtcDateTime",
    "Visibility",
    "VisibilityKind",
    "Zone",
    "ZoneRule",
    "ZoneRuleKind",
    "below",
    "path_text",
]
