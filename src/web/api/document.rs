//! The API's description: OpenAPI 3.1 for programs, and the parts of it that `/api` shows to people.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::envelope::quoted;
use crate::web::error::Error;

/// Written by hand; what differs from pool to pool has a mark in it.
const DOCUMENT: &str = include_str!("openapi.json");
const VERSION_MARK: &str = "@VERSION@";
const BASE_URL_MARK: &str = "@BASE_URL@";

/// The document of the pool at this address.
pub fn openapi(base_url: &str) -> String {
    let base_url = quoted(base_url.trim_end_matches('/'));
    DOCUMENT
        .replace(VERSION_MARK, env!("CARGO_PKG_VERSION"))
        .replace(BASE_URL_MARK, base_url.trim_matches('"'))
}

/// What people are shown of it. Maps are in the order of their keys, which are named so.
#[derive(Debug, Deserialize)]
pub struct Document {
    pub info: Info,
    /// Below an API version.
    pub paths: BTreeMap<String, BTreeMap<String, Operation>>,
    pub components: Components,
}

#[derive(Debug, Deserialize)]
pub struct Info {
    pub description: String,
}

#[derive(Debug, Deserialize)]
pub struct Operation {
    #[serde(rename = "operationId")]
    pub id: String,
    pub summary: String,
    pub description: String,
    /// Empty: no token is needed.
    pub security: Vec<Value>,
    #[serde(rename = "requestBody")]
    pub body: Option<Content>,
    /// By HTTP status.
    pub responses: BTreeMap<String, Answer>,
}

#[derive(Debug, Deserialize)]
pub struct Answer {
    pub description: String,
    #[serde(flatten)]
    pub content: Content,
}

#[derive(Debug, Deserialize)]
pub struct Content {
    /// By media type; there is one.
    pub content: BTreeMap<String, Media>,
}

#[derive(Debug, Deserialize)]
pub struct Media {
    pub schema: Value,
    #[serde(default)]
    pub examples: BTreeMap<String, Example>,
    pub example: Option<Value>,
}

/// One case, and the envelope it gets.
#[derive(Debug, Deserialize)]
pub struct Example {
    pub summary: String,
    pub value: Value,
}

#[derive(Debug, Deserialize)]
pub struct Components {
    pub schemas: BTreeMap<String, Schema>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Schema {
    #[serde(default)]
    pub properties: BTreeMap<String, Property>,
    #[serde(default, rename = "oneOf")]
    pub one_of: Vec<Constant>,
}

#[derive(Debug, Deserialize)]
pub struct Property {
    #[serde(default)]
    pub description: String,
}

/// A number and what it means.
#[derive(Debug, Deserialize)]
pub struct Constant {
    #[serde(rename = "const")]
    pub value: u8,
    pub title: String,
}

impl Document {
    /// Cannot fail, which a test proves.
    pub fn read() -> Result<Self, Error> {
        serde_json::from_str(DOCUMENT)
            .map_err(|error| Error::internal(format!("openapi.json: {error}")))
    }

    /// The fields of the `data` that a command answers.
    pub fn data(&self, operation: &Operation) -> Option<&BTreeMap<String, Property>> {
        let schema = &operation.responses.get("200")?.media()?.schema;
        let reference = schema.pointer("/properties/data/oneOf/0/$ref")?.as_str()?;
        let name = reference.rsplit('/').next()?;
        Some(&self.components.schemas.get(name)?.properties)
    }
}

impl Answer {
    pub fn media(&self) -> Option<&Media> {
        self.content.media()
    }
}

impl Content {
    pub fn media(&self) -> Option<&Media> {
        self.content.values().next()
    }

    /// The fields of a form.
    pub fn fields(&self) -> BTreeMap<String, Property> {
        let properties = self
            .media()
            .and_then(|media| media.schema.get("properties"));
        properties
            .and_then(|properties| Deserialize::deserialize(properties).ok())
            .unwrap_or_default()
    }
}
