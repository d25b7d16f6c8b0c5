//! Rows of tables whose columns are known at run time only.

use diesel::backend::Backend;
use diesel::connection::Connection;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::format::{Column, Kind, Table, Value};
use super::statements::Words;
use crate::db::connection::AnyConnection;
use crate::db::queries::unreadable;

/// A name in a statement, whatever is in it; both databases take these quotes.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Values of one row, each as text.
struct Cells(Vec<Option<String>>);

impl<DB: Backend> QueryableByName<DB> for Cells
where
    String: FromSql<Text, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let cells = (0..row.field_count())
            .map(|index| row.get_value::<Nullable<Text>, Option<String>, usize>(index));
        cells.collect::<deserialize::Result<_>>().map(Self)
    }
}

type AnyBackend = <AnyConnection as Connection>::Backend;
type Statement<'a> =
    diesel::query_builder::BoxedSqlQuery<'a, AnyBackend, diesel::query_builder::SqlQuery>;

fn bind<'a>(statement: Statement<'a>, value: &'a Value, kind: Kind) -> Statement<'a> {
    match (value, kind) {
        (Value::Integer(number), _) => statement.bind::<BigInt, _>(*number),
        (Value::Text(text), _) => statement.bind::<Text, _>(text.as_str()),
        (Value::Bytes(bytes), _) => statement.bind::<Binary, _>(bytes.as_slice()),
        (Value::Null, Kind::Integer) => statement.bind::<Nullable<BigInt>, _>(None::<i64>),
        (Value::Null, Kind::Text) => statement.bind::<Nullable<Text>, _>(None::<&str>),
        (Value::Null, Kind::Bytes) => statement.bind::<Nullable<Binary>, _>(None::<&[u8]>),
    }
}

/// Reads a table from one key to the next.
pub struct Pages<'a> {
    table: &'a Table,
    keys: Vec<&'a Column>,
    select: String,
    last: Option<Vec<Value>>,
}

impl<'a> Pages<'a> {
    /// `wiped`: columns of which only is read whether there is something.
    pub fn of(table: &'a Table, wiped: &[&str], words: Words) -> Self {
        let expressions = table.columns.iter().map(|column| {
            let name = quoted(&column.name);
            if wiped.contains(&column.name.as_str()) {
                return format!("CASE WHEN {name} IS NULL THEN NULL ELSE '' END");
            }
            match column.kind {
                Kind::Integer | Kind::Text => words.as_text(&name),
                Kind::Bytes => format!("CASE WHEN {name} IS NULL THEN NULL ELSE hex({name}) END"),
            }
        });
        let expressions: Vec<_> = expressions.collect();
        let mut keys: Vec<_> = table.columns.iter().filter(|it| it.key > 0).collect();
        keys.sort_by_key(|column| column.key);
        Self {
            select: format!(
                "SELECT {} FROM {}",
                expressions.join(", "),
                quoted(&table.name)
            ),
            table,
            keys,
            last: None,
        }
    }

    /// The next rows, at most `limit`; empty: there are no more. Of a table without a key all at once.
    pub fn next(
        &mut self,
        connection: &mut AnyConnection,
        limit: u32,
    ) -> QueryResult<Vec<Vec<Value>>> {
        if self.keys.is_empty() && self.last.is_some() {
            return Ok(Vec::new());
        }
        let names: Vec<_> = self.keys.iter().map(|key| quoted(&key.name)).collect();
        let mut values = Vec::new();
        let from = self.last.as_ref().map_or_else(String::new, |last| {
            format!(" WHERE {}", beyond(&names, last, &mut values))
        });
        let order = if names.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {} LIMIT {limit}", names.join(", "))
        };
        let sql = format!("{}{from}{order}", self.select);
        let statement = diesel::sql_query(sql).into_boxed();
        let statement = values
            .iter()
            .fold(statement, |it, value| bind(it, value, Kind::Text));
        let found: Vec<Cells> = statement.load(connection)?;
        let rows = found.into_iter().map(|cells| self.row(cells));
        let rows = rows.collect::<QueryResult<Vec<_>>>()?;
        self.last = Some(rows.last().map_or_else(Vec::new, |row| self.key_of(row)));
        Ok(rows)
    }

    fn row(&self, cells: Cells) -> QueryResult<Vec<Value>> {
        let pairs = cells.0.into_iter().zip(&self.table.columns);
        pairs
            .map(|(cell, column)| self.value(cell, column))
            .collect()
    }

    fn value(&self, cell: Option<String>, column: &Column) -> QueryResult<Value> {
        let Some(text) = cell else {
            return Ok(Value::Null);
        };
        let value = match column.kind {
            Kind::Integer => text.parse().ok().map(Value::Integer),
            Kind::Text => return Ok(Value::Text(text)),
            Kind::Bytes => hex::decode(&text).ok().map(Value::Bytes),
        };
        // What it says may be a secret.
        value.ok_or_else(|| {
            let place = format!("{}.{}", self.table.name, column.name);
            unreadable(&place, "does not fit its type")
        })
    }

    fn key_of(&self, row: &[Value]) -> Vec<Value> {
        let all = row.iter().zip(&self.table.columns);
        let mut keys: Vec<_> = all.filter(|(_, column)| column.key > 0).collect();
        keys.sort_by_key(|(_, column)| column.key);
        keys.into_iter().map(|(value, _)| value.clone()).collect()
    }
}

/// That the columns are beyond the values, written so that an index is used. The values to bind come in order.
fn beyond(names: &[String], last: &[Value], values: &mut Vec<Value>) -> String {
    let (Some((name, names)), Some((value, last))) = (names.split_first(), last.split_first())
    else {
        return "1 = 0".to_owned();
    };
    if names.is_empty() {
        values.push(value.clone());
        return format!("{name} > ?");
    }
    values.extend([value.clone(), value.clone(), value.clone()]);
    let rest = beyond(names, last, values);
    format!("{name} >= ? AND ({name} > ? OR ({name} = ? AND {rest}))")
}

/// Writes some rows by one statement.
pub fn insert(
    connection: &mut AnyConnection,
    table: &Table,
    rows: &[Vec<Value>],
) -> QueryResult<()> {
    let names: Vec<_> = table.columns.iter().map(|it| quoted(&it.name)).collect();
    let row = format!("({})", vec!["?"; names.len()].join(", "));
    let sql = format!(
        "INSERT INTO {} ({}) VALUES {}",
        quoted(&table.name),
        names.join(", "),
        vec![row.as_str(); rows.len()].join(", ")
    );
    let mut statement = diesel::sql_query(sql).into_boxed();
    for row in rows {
        for (value, column) in row.iter().zip(&table.columns) {
            statement = bind(statement, value, column.kind);
        }
    }
    statement.execute(connection).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_several_columns_is_compared_from_the_left() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let last = [Value::Integer(1), Value::Integer(2), Value::Integer(3)];
        let mut values = Vec::new();
        let sql = beyond(&names, &last, &mut values);
        let expected = "a >= ? AND (a > ? OR (a = ? AND b >= ? AND (b > ? OR (b = ? AND c > ?))))";
        assert_eq!(sql, expected);
        let numbers = [1, 1, 1, 2, 2, 2, 3].map(Value::Integer);
        assert_eq!(values, numbers);
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(
            quoted("a`; DROP TABLE Users; --"),
            "`a``; DROP TABLE Users; --`"
        );
    }
}
