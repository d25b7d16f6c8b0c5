//! A person's browser, as far as the site needs one: cookies, redirects, forms with their hidden fields.

use std::collections::BTreeMap;
use std::io;

use super::http::{Response, request};
use super::secrets;

#[derive(Debug)]
pub struct Browser {
    port: u16,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(port: u16) -> Self {
        Self {
            port,
            cookies: BTreeMap::new(),
        }
    }

    /// Opens a page, following redirects.
    pub fn open(&mut self, path: &str) -> Response {
        let page = self.try_open(path);
        page.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The same at a site that may die meanwhile.
    pub fn try_open(&mut self, path: &str) -> io::Result<Response> {
        let response = self.send(path, None)?;
        self.follow(response)
    }

    /// Opens `page`, fills in the form that goes to `action` and sends it.
    pub fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Response {
        let answer = self.try_submit(page, action, fields);
        answer.unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    /// The same at a site that may die meanwhile, or be busy: then that page is the answer.
    pub fn try_submit(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> io::Result<Response> {
        let shown = self.try_open(page)?;
        if shown.status == 503 {
            return Ok(shown);
        }
        let mut filled = form_fields(&shown.body, action, fields).unwrap_or_else(|| {
            panic!(
                "{page} ({}) has no form for {action}:\n{}",
                shown.status, shown.body
            )
        });
        filled.retain(|(name, _)| fields.iter().all(|(own, _)| own != name));
        filled.extend(
            fields
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        let filled: Vec<_> = filled
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let response = self.send(action, Some(&filled))?;
        self.follow(response)
    }

    fn follow(&mut self, mut response: Response) -> io::Result<Response> {
        for _ in 0..5 {
            let Some(location) = response.header("location").map(str::to_owned) else {
                break;
            };
            let path = location.find("://").map_or(location.as_str(), |scheme| {
                let rest = &location[scheme + 3..];
                rest.find('/').map_or("/", |slash| &rest[slash..])
            });
            response = self.send(path, None)?;
        }
        Ok(response)
    }

    fn send(&mut self, path: &str, form: Option<&[(&str, &str)]>) -> io::Result<Response> {
        let cookies = self.cookie_header();
        let mut headers = vec![("Accept", "text/html")];
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let response = request(self.port, path, &headers, form)?;
        for (name, value) in &response.headers {
            if name == "set-cookie" {
                self.keep_cookie(value);
            }
        }
        Ok(response)
    }

    /// All its cookies, as it sends them.
    pub fn cookie_header(&self) -> String {
        let cookies = self.cookies.iter();
        let pairs: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep_cookie(&mut self, cookie: &str) {
        secrets::keep_cookie(cookie);
        let mut parts = cookie.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let ended = parts.any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
        if ended {
            self.cookies.remove(name.trim());
        } else {
            self.cookies
                .insert(name.trim().to_owned(), value.to_owned());
        }
    }
}

/// The hidden fields of the form with this action that also has every field to be filled in.
fn form_fields(html: &str, action: &str, fields: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    let path = action.split('?').next().unwrap_or(action);
    html.split("<form").skip(1).find_map(|rest| {
        let form = rest.split("</form>").next()?;
        let tag = form.split('>').next()?;
        let to = attribute(tag, "action");
        let here = to.is_none_or(|to| to.split('?').next() == Some(path));
        let complete = fields
            .iter()
            .all(|(name, _)| form.contains(&format!("name=\"{name}\"")));
        (here && complete).then(|| hidden_fields(form))
    })
}

fn hidden_fields(form: &str) -> Vec<(String, String)> {
    let inputs = form.split("<input").skip(1);
    let tags = inputs.filter_map(|rest| rest.split('>').next());
    tags.filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| {
            Some((
                attribute(tag, "name")?,
                attribute(tag, "value").unwrap_or_default(),
            ))
        })
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag[start..].split('"').next()?;
    Some(
        value
            .replace("&amp;", "&")
            .replace("&quot;", "\"")
            .replace("&lt;", "<"),
    )
}
