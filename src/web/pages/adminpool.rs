//! `/admin/pool`: what visitors are told, and whether newcomers are let in.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{csrf_field, date_time, notice, problem};
use super::layout::Page;
use crate::pool::{AdminSign, DoorSign, MAX_SIGN_TEXT, Operator};
use crate::web::error::Error;
use crate::web::request::AdminReq;
use crate::web::response::{self, Response};

#[derive(Debug)]
struct Door {
    token: String,
    /// In force, or as it was sent.
    sign: DoorSign,
    admin: Option<AdminSign>,
    done: Option<&'static str>,
    problem: Option<String>,
}

pub fn get(request: &AdminReq) -> Result<Response, Error> {
    let done = match request.query.text("done") {
        "set" => Some("This holds now, here at once and in other web processes within seconds."),
        "reset" => Some("The configuration file holds again."),
        _ => None,
    };
    let sign = DoorSign::clone(&request.app.pool.sign());
    Ok(page(request, StatusCode::OK, sign, done, None))
}

pub async fn post(request: AdminReq) -> Result<Response, Error> {
    let (pool, admin) = (&request.app.pool, request.user().id);
    let operator = Operator::Admin(admin, request.client);
    let sign = DoorSign {
        notice: one_line(request.form.text("notice")),
        closed: request.form.is_set("closed"),
        closed_message: one_line(request.form.text("closed_message")),
    };
    let too_long = |text: &str| text.chars().count() > MAX_SIGN_TEXT;
    match request.form.text("action") {
        "set" if too_long(&sign.notice) || too_long(&sign.closed_message) => {
            let problem = format!("Notice and message have at most {MAX_SIGN_TEXT} characters.");
            Ok(refuse(&request, sign, problem))
        }
        "set" => {
            pool.set_sign(operator, admin, sign).await?;
            Ok(response::see_other("/admin/pool?done=set"))
        }
        "reset" => {
            pool.reset_sign(operator, admin).await?;
            Ok(response::see_other("/admin/pool?done=reset"))
        }
        _ => Ok(refuse(
            &request,
            sign,
            "This cannot be done to the pool.".into(),
        )),
    }
}

/// Also the API shows it, in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refuse(request: &AdminReq, sign: DoorSign, problem: String) -> Response {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    page(request, status, sign, None, Some(problem))
}

fn page(
    request: &AdminReq,
    status: StatusCode,
    sign: DoorSign,
    done: Option<&'static str>,
    problem: Option<String>,
) -> Response {
    let page = Door {
        token: request.form_token(),
        sign,
        admin: request.app.pool.admin_sign(),
        done,
        problem,
    };
    request.page(status, &page)
}

impl Page for Door {
    fn title(&self) -> Cow<'static, str> {
        "Notice and closing".into()
    }
}

impl Render for Door {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Notice and closing" }
                @if let Some(done) = self.done { (notice("good", done)) }
                (problem(self.problem.as_deref()))
                p { (self.who()) }
                form.panel method="post" action="/admin/pool" {
                    (csrf_field(&self.token))
                    label for="notice" { "Notice above every page; empty: none" }
                    (long_text("notice", &self.sign.notice))
                    label.choice {
                        input type="checkbox" name="closed" value="true" checked[self.sign.closed];
                        span { strong { "Closed" } " "
                            span.hint { "No sign-ups, no new addresses. Users and their tickets are served as ever." } }
                    }
                    label for="closed_message" { "What newcomers read while it is closed" }
                    (long_text("closed_message", &self.sign.closed_message))
                    p.actions {
                        button type="submit" name="action" value="set" { "Save" }
                        @if self.admin.is_some() {
                            button.quiet type="submit" name="action" value="reset" {
                                "Back to the configuration file"
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Plain text; its lines are joined when it is saved.
fn long_text(name: &str, value: &str) -> Markup {
    html! {
        textarea id=(name) name=(name) rows="4" maxlength=(MAX_SIGN_TEXT) autocomplete="off" { (value) }
    }
}

impl Door {
    fn who(&self) -> String {
        match &self.admin {
            None => "The configuration file holds (notice, closed, closed_message in [pool]). What is saved \
                     here is said in its place, until it is reset here."
                .into(),
            Some(admin) => format!(
                "Set here by user {} on {}, in place of the configuration file, until it is reset here.",
                admin.by,
                date_time(admin.at)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    fn page(admin: Option<AdminSign>) -> String {
        let page = Door {
            token: "t".into(),
            sign: DoorSign {
                notice: "Maintenance <b>".into(),
                closed: true,
                closed_message: "Full \"house\"".into(),
            },
            admin,
            done: None,
            problem: None,
        };
        page.render().into_string()
    }

    #[test]
    fn the_form_shows_what_holds_and_who_said_so() {
        let html = page(None);
        assert!(html.contains(">Maintenance &lt;b&gt;</textarea>"));
        assert_eq!(html.matches("maxlength=\"1000\"").count(), 2);
        assert!(html.contains("name=\"closed\" value=\"true\" checked"));
        assert!(html.contains("The configuration file holds") && !html.contains("\"reset\""));
        let html = page(Some(AdminSign {
            sign: std::sync::Arc::default(),
            by: UserId(1),
            at: 1_790_000_000,
        }));
        assert!(html.contains("Set here by user 1 on 2026-09-21") && html.contains("\"reset\""));
    }

    #[test]
    fn texts_are_one_line() {
        assert_eq!(one_line(" Closed\r\n for  now. "), "Closed for now.");
    }
}
