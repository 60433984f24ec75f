//! Dependents in `report.json`: their form, written and read. There may be a million of them, so that what looks the
//! same is written once.

use std::{borrow::Cow, cell::RefCell};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use super::{
    error::ReadError,
    layout::Layout,
    values::{Text, read_optional_moment, read_word},
};
use crate::{
    audit::Discrepancy,
    inventory::{Dependent, DependentType, Observation, Relation, Resource, Source, Sources, Visibility},
    report::{
        created_at,
        render_cache::{Place, RenderCache},
    },
};

/// Something that uses a secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct DependentJson<'a> {
    /// What it is: tool, agent, phone_number, mcp_server, other, environment_variable, speech_engine, setting, or the name of a list that this program does not know.
    #[serde(borrow)]
    pub(super) r#type: Text<'a>,
    /// Its id.
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// Its name; of a phone number its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    /// Whether the key may see more than its id.
    #[schemars(extend("enum" = ["available", "unknown"]))]
    #[serde(borrow)]
    pub(super) visibility: Text<'a>,
    /// What the key's user may do with it, in the API's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) access_level: Option<Text<'a>>,
    /// Whether it holds the secret itself, goes through other resources, or names its id in another form than the documented one.
    #[schemars(extend("enum" = ["direct", "transitive", "mentioned"]))]
    #[serde(borrow)]
    pub(super) relation: Text<'a>,
    /// The ids through which it depends on the secret; of an environment variable its environments, of an agent the branches, of what mentions it the paths.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[serde(borrow)]
    pub(super) via: Vec<Text<'a>>,
    /// The telephony provider of a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) provider: Option<Text<'a>>,
    /// The number of a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) phone_number: Option<Text<'a>>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) created_at: Option<Text<'a>>,
    /// The parts of the API that told of this use.
    #[serde(borrow)]
    pub(super) sources: Vec<Text<'a>>,
    /// What one part of the API shows of it and another, which should, does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(borrow)]
    pub(super) discrepancy: Option<Text<'a>>,
}

/// The rows of dependents that were written already.
pub(super) type Rows<'a> = RefCell<RenderCache<Look<'a>, Box<RawValue>>>;

/// None yet.
pub(super) fn no_rows<'a>() -> Rows<'a> {
    RefCell::new(RenderCache::new(|_, row| row.get().len()))
}

/// All that the row of a dependent comes from that goes through nothing. What is kept once is known by its place.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Look<'a> {
    resource: Place<'a, Resource<'static>>,
    relation: Relation,
    sources: Sources,
    discrepancy: Option<Discrepancy>,
}

/// A dependent as a row of some secret.
pub(super) struct Row<'a, 'r> {
    pub(super) dependent: Dependent<'a>,
    pub(super) discrepancy: Option<Discrepancy>,
    pub(super) rows: &'r Rows<'a>,
}

impl Serialize for Row<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { dependent, discrepancy, rows } = *self;
        let Dependent { resource, relation, via, sources } = dependent;
        // Hardly two go through the same.
        if !via.is_empty() {
            return DependentJson::of(dependent, discrepancy).serialize(serializer);
        }
        let look = Look { resource: Place(resource), relation, sources, discrepancy };
        let mut rows = rows.borrow_mut();
        let row = rows.get_or_make(look, || line(&DependentJson::of(dependent, discrepancy)));
        row.map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// A value on one line.
fn line(value: &impl Serialize) -> serde_json::Result<Box<RawValue>> {
    let mut line = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut line, Layout::of_a_line()))?;
    RawValue::from_string(String::from_utf8(line).map_err(serde_json::Error::custom)?)
}

impl<'a> DependentJson<'a> {
    fn of(dependent: Dependent<'a>, discrepancy: Option<Discrepancy>) -> Self {
        fn text(text: &str) -> Text<'_> {
            Text(Cow::Borrowed(text))
        }
        let Dependent { resource, relation, via, sources } = dependent;
        let created_at = resource.created_at_unix_secs.and_then(created_at);
        Self {
            r#type: text(resource.dependent_type.as_str()),
            id: text(&resource.id),
            name: resource.name.as_deref().map(text),
            visibility: text(resource.visibility.as_str()),
            access_level: resource.access_level.as_deref().map(text),
            relation: text(relation.as_str()),
            via: via.iter().map(text).collect(),
            provider: resource.provider.as_deref().map(text),
            phone_number: resource.phone_number.as_deref().map(text),
            created_at: created_at.map(|moment| Text(Cow::Owned(moment))),
            sources: sources.names().map(text).collect(),
            discrepancy: discrepancy.map(|discrepancy| text(discrepancy.as_str())),
        }
    }

    /// The dependent again, with what told of it and what should have.
    pub(super) fn restore(self) -> Result<(Observation<'static>, Sources, Option<Discrepancy>), ReadError> {
        fn owned(Text(text): Text<'_>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        let discrepancy =
            |Text(words): &Text<'_>| read_word(Discrepancy::ALL, Discrepancy::as_str, "discrepancy", words);
        let discrepancy = self.discrepancy.as_ref().map(discrepancy).transpose()?;
        let sources = read_sources(&self.sources)?;
        let visibility = read_word(Visibility::ALL, Visibility::as_str, "visibility", &self.visibility.0)?;
        let relation = read_word(Relation::ALL, Relation::as_str, "relation", &self.relation.0)?;
        let created_at = read_optional_moment(self.created_at.map(owned))?;
        let resource = Resource {
            dependent_type: DependentType::of_word(&self.r#type.0),
            id: owned(self.id),
            name: self.name.map(owned),
            visibility,
            access_level: self.access_level.map(owned),
            provider: self.provider.map(owned),
            phone_number: self.phone_number.map(owned),
            created_at_unix_secs: created_at.map(|moment| moment.timestamp()),
        };
        let via = self.via.into_iter().map(owned).collect();
        Ok((Observation { resource, relation, via }, sources, discrepancy))
    }
}

/// What told of a dependent. Both limits of the list of secrets have one word: which of them it was is in the figures.
pub(super) fn read_sources(words: &[Text<'_>]) -> Result<Sources, ReadError> {
    words.iter().try_fold(Sources::default(), |sources, Text(word)| {
        Ok(sources.union(read_word(Source::ALL, Source::as_str, "source", word)?.into()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::inventory::{Secret, Workspace};

    type Use = (&'static str, bool, Option<&'static str>, Source);

    /// Few enough of each that most come again.
    fn any_use() -> impl Strategy<Value = Use> {
        let via = select(&[None, Some("tool_1"), Some("tool_2")][..]);
        let source = select(&[Source::Preview, Source::Dependencies, Source::Agents][..]);
        (select(&["agent_1", "agent_2"][..]), any::<bool>(), via, source)
    }

    /// A workspace in which each secret is used so.
    fn workspace(uses: &[Use]) -> Workspace {
        let mut workspace = Workspace::default();
        for (number, (id, is_transitive, via, source)) in uses.iter().enumerate() {
            workspace.secrets.push(Secret::new(number.to_string(), "name"));
            let observation = Observation {
                resource: Resource::unknown(DependentType::Agent, *id),
                relation: if *is_transitive { Relation::Transitive } else { Relation::Direct },
                via: via.map(Cow::Borrowed).into_iter().collect(),
            };
            workspace.record(number, *source, [observation]);
        }
        workspace
    }

    proptest! {
        #[test]
        fn a_row_that_comes_again_is_the_one_that_would_be_made(
            uses in vec(any_use(), 1..40),
            discrepancies in vec(select(&[None, Some(Discrepancy::MissingFromUsedBy)][..]), 40),
        ) {
            let workspace = workspace(&uses);
            let rows = no_rows();
            let dependents = workspace.secrets.iter().flat_map(|secret| workspace.dependents(secret));
            for (dependent, discrepancy) in dependents.zip(discrepancies) {
                let row = line(&Row { dependent, discrepancy, rows: &rows })?;
                let made = line(&DependentJson::of(dependent, discrepancy))?;
                prop_assert_eq!(row.get(), made.get());
            }
        }
    }
}
