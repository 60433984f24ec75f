//! Whose key this is.

use super::json::Object;
use crate::{
    api::error::Malformed,
    text::{NAME_LENGTH, cut},
};

/// The word for an admin of the workspace, as `seat_type` and as the source of access in `access_info`.
pub(crate) const WORKSPACE_ADMIN: &str = "workspace_admin";

/// The part of `UserResponseModel` that tells keys apart. Neither name nor mail address is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `user_id`.
    pub id: String,
    /// `seat_type`, such as `workspace_admin`.
    pub seat_type: Option<String>,
}

impl User {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let user = Object::from_body(body)?;
        let id = user.text("user_id")?.ok_or_else(|| Malformed("the field user_id is missing".to_owned()))?;
        let seat_type = user.text("seat_type").ok().flatten();
        let owned = |text| cut(text, NAME_LENGTH).into_owned();
        Ok(Self { id: owned(id), seat_type: seat_type.map(owned) })
    }
}
