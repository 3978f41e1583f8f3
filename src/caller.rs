//! Who gives an order: the tenant it is given in, and the member if somebody signed in.
//!
//! Made by the edges after authentication; commands and the store take it as an argument. Never made from a request's body.

use domain::{AccountId, MemberId, TenantId, role::PlatformRole};

/// Someone in a tenant: a member, or a visitor who may only see what the tenant shows to everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub tenant: TenantId,
    pub who: Who,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Not signed in, or signed in to the installation without being a member here.
    Visitor {
        account: Option<AccountId>,
    },
    Member {
        account: AccountId,
        member: MemberId,
        name: String,
        role: PlatformRole,
    },
}

impl Caller {
    pub const fn visitor(tenant: TenantId) -> Self {
        Self { tenant, who: Who::Visitor { account: None } }
    }

    pub const fn member(&self) -> Option<MemberId> {
        match &self.who {
            Who::Member { member, .. } => Some(*member),
            Who::Visitor { .. } => None,
        }
    }

    pub const fn account(&self) -> Option<AccountId> {
        match &self.who {
            Who::Member { account, .. } => Some(*account),
            Who::Visitor { account } => *account,
        }
    }
}
