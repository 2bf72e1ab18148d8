"""The entity classes of the core, all of them."""

from __future__ import annotations

from typing import Final

from crmcore.model.access import GroupMember, Profile, User, UserGroup
from crmcore.model.account import Account, AccountRole, ContactPoint, ExternalKey
from crmcore.model.base import Entity
from crmcore.model.catalogues import (
    ChangeSet,
    ChangeSetItem,
    CharacteristicChange,
    CharacteristicRow,
    LookupEntry,
    LookupTable,
    SavedSearch,
)
from crmcore.model.merging import AccountMerge, AccountMergeMember
from crmcore.model.organisation import AccountPortfolio, BusinessUnit, Portfolio
from crmcore.model.people import Consent, Interaction, InteractionKind, Person, Preference, Relation, RelationKind, Site
from crmcore.model.signin import ApiToken, Challenge, Credential, Device, DeviceUser, UserSession
from crmcore.model.states import StateChange, StateRow, StateTableRow, TransitionRow
from crmcore.model.territory import Parameter, Salesperson, SellerZone, Zone, ZoneRule

ENTITIES: Final[tuple[type[Entity], ...]] = (
    Account,
    AccountMerge,
    AccountMergeMember,
    AccountPortfolio,
    AccountRole,
    ApiToken,
    BusinessUnit,
    Challenge,
    ChangeSet,
    ChangeSetItem,
    CharacteristicChange,
    CharacteristicRow,
    Consent,
    ContactPoint,
    Credential,
    Device,
    DeviceUser,
    ExternalKey,
    GroupMember,
    Interaction,
    InteractionKind,
    LookupEntry,
    LookupTable,
    Parameter,
    Person,
    Portfolio,
    Preference,
    Profile,
    Relation,
    RelationKind,
    Salesperson,
    SavedSearch,
    SellerZone,
    Site,
    StateChange,
    StateRow,
    StateTableRow,
    TransitionRow,
    User,
    UserGroup,
    UserSession,
    Zone,
    ZoneRule,
)
"""The entity classes of the core."""
