//! Files that are part of the program, under names that change with their content: a browser keeps
//! them for good.

use std::collections::HashMap;

use http::HeaderValue;
use hyper::body::Bytes;
use rust_embed::Embed;
use sha2::{Digest as _, Sha256};

#[derive(Embed)]
#[folder = "assets/"]
struct Embedded;

/// Every page waits for it: it is sent in as few bytes as it takes.
const STYLE: &str = "style.css";

/// The same rules without comments, indentation, and spaces that nobody needs.
fn compact(css: &str) -> String {
    let mut rules = String::new();
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        rules.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    rules.push_str(rest);
    let mut small = String::with_capacity(rules.len());
    for line in rules.lines().map(str::trim) {
        for (index, part) in line.split('"').enumerate() {
            if index % 2 == 0 {
                let part = part.replace("; ", ";").replace(" {", "{");
                small.push_str(&part.replace("{ ", "{").replace(" }", "}"));
            } else {
                small.push('"');
                small.push_str(part);
                small.push('"');
            }
        }
        if !line.is_empty() && !line.ends_with([';', '{', '}', ',']) {
            small.push('\n');
        }
    }
    small
}

/// A file as it is sent.
#[derive(Debug, Clone)]
pub struct Asset {
    pub bytes: Bytes,
    pub kind: HeaderValue,
    /// Quoted, as the header wants it.
    pub etag: String,
}

/// All files, by name and by hashed name.
#[derive(Debug, Default)]
pub struct Assets {
    by_name: HashMap<String, Asset>,
    by_hashed_name: HashMap<String, Asset>,
    urls: HashMap<String, String>,
}

impl Assets {
    pub fn load() -> Self {
        let mut assets = Self::default();
        for name in Embedded::iter() {
            if let Some(file) = Embedded::get(&name) {
                let mut hash = hex::encode(file.metadata.sha256_hash());
                hash.truncate(16);
                let kind = file.metadata.mimetype();
                let kind = match kind {
                    "text/css" | "text/plain" => format!("{kind}; charset=utf-8"),
                    _ => kind.to_owned(),
                };
                let asset = Asset {
                    bytes: Bytes::from(file.data.into_owned()),
                    kind: HeaderValue::from_str(&kind)
                        .unwrap_or(HeaderValue::from_static("application/octet-stream")),
                    etag: format!("\"{hash}\""),
                };
                assets.add(&name, &hash, asset);
            }
        }
        if let Some(style) = assets.by_name(STYLE) {
            let css = compact(&String::from_utf8_lossy(&style.bytes));
            assets.replace(STYLE, css.into_bytes());
        }
        assets
    }

    /// A file of the operator's in the place of the embedded one; its address changes with it.
    pub fn replace(&mut self, name: &str, bytes: Vec<u8>) {
        let Some(ours) = self.by_name.get(name) else {
            return;
        };
        let kind = ours.kind.clone();
        let url = self.url(name);
        self.by_hashed_name
            .remove(url.trim_start_matches("/assets/"));
        let mut hash = hex::encode(Sha256::digest(&bytes));
        hash.truncate(16);
        let asset = Asset {
            bytes: Bytes::from(bytes),
            kind,
            etag: format!("\"{hash}\""),
        };
        self.add(name, &hash, asset);
    }

    /// The operator's lines after the embedded ones.
    pub fn append(&mut self, name: &str, bytes: &[u8]) {
        if let Some(ours) = self.by_name.get(name) {
            let both = [ours.bytes.as_ref(), bytes].concat();
            self.replace(name, both);
        }
    }

    fn add(&mut self, name: &str, hash: &str, asset: Asset) {
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        self.urls
            .insert(name.to_owned(), format!("/assets/{hashed}"));
        self.by_hashed_name.insert(hashed, asset.clone());
        self.by_name.insert(name.to_owned(), asset);
    }

    pub fn by_name(&self, name: &str) -> Option<&Asset> {
        self.by_name.get(name)
    }

    pub fn by_hashed_name(&self, name: &str) -> Option<&Asset> {
        self.by_hashed_name.get(name)
    }

    /// Where a page finds the file.
    pub fn url(&self, name: &str) -> String {
        self.urls.get(name).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_sent_without_what_only_its_authors_need() {
        let css = "/* Colours\n   of all */\n:root {\n  --a: 1px;\n}\n\nb:hover,\ni { content: \"; { \"; margin: 0 }\n\
                   p { grid:\n  1 / 2; }\n";
        assert_eq!(
            compact(css),
            ":root{--a: 1px;}b:hover,i{content: \"; { \";margin: 0}p{grid:\n1 / 2;}"
        );
        let sent = Assets::load().by_name(STYLE).unwrap().bytes.clone();
        let written = include_bytes!("../../assets/style.css");
        assert!(sent.len() * 100 < written.len() * 95, "{}", sent.len());
    }

    #[test]
    fn every_file_is_found_by_the_url_that_pages_use() {
        let assets = Assets::load();
        for name in [
            "style.css",
            "site.js",
            "icon.svg",
            "favicon.ico",
            "robots.txt",
        ] {
            let url = assets.url(name);
            let file = url.strip_prefix("/assets/").unwrap();
            assert_ne!(file, name);
            assert_eq!(
                assets.by_hashed_name(file).unwrap().bytes,
                assets.by_name(name).unwrap().bytes
            );
            assert!(assets.by_hashed_name(name).is_none());
        }
        assert_eq!(
            assets.by_name("style.css").unwrap().kind,
            "text/css; charset=utf-8"
        );
    }

    #[test]
    fn an_operators_file_takes_the_place_of_ours() {
        let mut assets = Assets::load();
        let ours = assets.url("icon.svg");
        assets.replace("icon.svg", b"<svg/>".to_vec());
        let theirs = assets.url("icon.svg");
        assert_ne!(ours, theirs);
        let found = |assets: &Assets, url: &str| {
            let file = url.strip_prefix("/assets/").unwrap();
            assets.by_hashed_name(file).map(|asset| asset.bytes.clone())
        };
        assert_eq!(found(&assets, &theirs).unwrap(), "<svg/>");
        assert!(found(&assets, &ours).is_none());
        assert_eq!(assets.by_name("icon.svg").unwrap().kind, "image/svg+xml");
        assets.append("icon.svg", b"<!-- -->");
        let both = found(&assets, &assets.url("icon.svg"));
        assert_eq!(both.unwrap(), "<svg/><!-- -->");
    }
}
