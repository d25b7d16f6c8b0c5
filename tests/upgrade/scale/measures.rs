//! What things cost: time, and rows that the server looked at, as its slow log says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel::{RunQueryDsl as _, sql_query};

use crate::db::walk::log::form;
use crate::harness::mariadb::MariaDb;

/// Of each page.
pub const VISITS: u32 = 5;

#[derive(diesel::QueryableByName)]
struct Statement {
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

struct Measure {
    what: String,
    /// Milliseconds and rows of each time.
    times: Vec<(f64, u64)>,
}

pub struct Measures {
    server: &'static MariaDb,
    all: Vec<Measure>,
    /// The most rows that a statement looked at, by its form.
    statements: std::sync::Mutex<BTreeMap<String, u64>>,
}

impl Measures {
    pub fn of(server: &'static MariaDb) -> Self {
        Self {
            server,
            all: Vec::new(),
            statements: std::sync::Mutex::default(),
        }
    }

    /// Writes down every statement of connections that are made from now on.
    pub fn watch(&self) {
        self.server.execute(
            "mysql",
            "SET GLOBAL log_output = 'TABLE'; SET GLOBAL long_query_time = 0; SET GLOBAL slow_query_log = 1",
        );
    }

    /// Rows that the program's statements looked at since this was asked last.
    pub fn rows(&self) -> u64 {
        let mut connection = self.server.connection("mysql");
        let found: Vec<Statement> = sql_query(
            "SELECT CONVERT(sql_text USING utf8mb4) AS text, CAST(rows_examined AS SIGNED) AS `rows` FROM slow_log \
             WHERE user_host LIKE 'pool%'",
        )
        .load(&mut connection)
        .expect("the log");
        self.server.execute("mysql", "TRUNCATE slow_log");
        let mut statements = self.statements.lock().expect("statements");
        let mut sum = 0;
        for Statement { text, rows } in found {
            let rows = rows.unsigned_abs();
            sum += rows;
            let most = statements.entry(form(&text)).or_default();
            *most = rows.max(*most);
        }
        sum
    }

    pub fn once<T>(&mut self, what: &str, act: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = act();
        println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
        self.add(what, began.elapsed(), 0);
        done
    }

    /// One time more.
    pub fn add(&mut self, what: &str, took: Duration, rows: u64) {
        let time = (took.as_secs_f64() * 1000.0, rows);
        match self.all.iter_mut().find(|it| it.what == what) {
            Some(measure) => measure.times.push(time),
            None => self.all.push(Measure {
                what: what.to_owned(),
                times: vec![time],
            }),
        }
    }

    pub fn print(&self) {
        println!(
            "| what | first, ms | best, ms | rows, first | rows, least |\n|---|---|---|---|---|"
        );
        for Measure { what, times } in &self.all {
            let (first, rows) = times[0];
            let best = times.iter().map(|it| it.0).fold(f64::MAX, f64::min);
            let least = times.iter().map(|it| it.1).min().unwrap_or(0);
            println!("| {what} | {first:.0} | {best:.0} | {rows} | {least} |");
        }
        let statements = self.statements.lock().expect("statements");
        println!(
            "of {} statements these looked at the most rows:",
            statements.len()
        );
        for (form, rows) in statements.iter().filter(|(_, rows)| **rows > 500) {
            println!("{rows}: {form}");
        }
    }

    #[track_caller]
    pub fn nothing_reads_more_than(&self, few: u64, but: &[(&str, &str)]) {
        let statements = self.statements.lock().expect("statements");
        assert!(statements.len() > 50, "the log has next to nothing");
        let long = statements.iter().filter(|(form, rows)| {
            **rows > few && !but.iter().any(|(part, _)| form.contains(part))
        });
        let long: Vec<_> = long.collect();
        assert!(long.is_empty(), "these read too many rows: {long:#?}");
    }
}
