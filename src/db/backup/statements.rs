//! Statements whose words depend on the database, for tables whose columns are known at run time only.

use super::format::{Column, Kind, Table};
use super::rows::quoted;
use crate::db::connection::AnyConnection;

/// Which database's words are to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    Sqlite,
    Mysql,
}

impl Words {
    pub fn of(connection: &AnyConnection) -> Self {
        match connection {
            AnyConnection::Sqlite(_) => Self::Sqlite,
            AnyConnection::Mysql(_) => Self::Mysql,
        }
    }

    /// A value as text, whatever its type.
    pub fn as_text(self, expression: &str) -> String {
        match self {
            Self::Sqlite => format!("CAST({expression} AS TEXT)"),
            Self::Mysql => format!("CAST({expression} AS CHAR)"),
        }
    }

    /// Makes a table of the Go program as it was.
    pub fn create_table(self, table: &Table) -> String {
        let keys: Vec<_> = table.columns.iter().filter(|it| it.key > 0).collect();
        let counts =
            |column: &Column| keys.len() == 1 && column.key > 0 && column.kind == Kind::Integer;
        let columns = table.columns.iter().map(|column| {
            let rest = match (self, counts(column), column.nullable) {
                (Self::Sqlite, true, _) => " NOT NULL PRIMARY KEY AUTOINCREMENT",
                (Self::Mysql, true, _) => " NOT NULL AUTO_INCREMENT PRIMARY KEY",
                (_, false, true) => " NULL",
                (_, false, false) => " NOT NULL",
            };
            format!("{} {}{rest}", quoted(&column.name), self.type_of(column))
        });
        let mut parts: Vec<_> = columns.collect();
        if !keys.is_empty() && !keys.iter().any(|it| counts(it)) {
            let mut keys = keys;
            keys.sort_by_key(|column| column.key);
            let names: Vec<_> = keys.iter().map(|it| quoted(&it.name)).collect();
            parts.push(format!("PRIMARY KEY ({})", names.join(", ")));
        }
        let rest = match self {
            Self::Sqlite => "",
            Self::Mysql => " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
        };
        format!(
            "CREATE TABLE {} ({}){rest}",
            quoted(&table.name),
            parts.join(", ")
        )
    }

    /// Adds a column that others had added.
    pub fn add_column(self, table: &str, column: &Column) -> String {
        let (name, kind) = (quoted(&column.name), self.type_of(column));
        format!(
            "ALTER TABLE {} ADD COLUMN {name} {kind} NULL",
            quoted(table)
        )
    }

    /// The type it had, if this is a database that has it.
    fn type_of(self, column: &Column) -> String {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "(), ".contains(c);
        let same = column.sql_type.chars().all(plain);
        match (self, column.kind) {
            (Self::Sqlite, Kind::Integer) => "integer".into(),
            (Self::Sqlite, Kind::Text) => "text".into(),
            (Self::Sqlite, Kind::Bytes) => "blob".into(),
            (Self::Mysql, Kind::Text) if same && column.sql_type != "text" => {
                column.sql_type.clone()
            }
            (Self::Mysql, Kind::Bytes) if same => column.sql_type.clone(),
            // SQLite's has 64 bits, MySQL's of that name 32.
            (Self::Mysql, Kind::Integer) if same && column.sql_type != "integer" => {
                column.sql_type.clone()
            }
            (Self::Mysql, Kind::Integer) => "bigint".into(),
            (Self::Mysql, Kind::Text) => "mediumtext".into(),
            (Self::Mysql, Kind::Bytes) => "longblob".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: Kind, sql_type: &str, key: u32) -> Column {
        Column {
            name: name.into(),
            kind,
            sql_type: sql_type.into(),
            nullable: key == 0,
            key,
        }
    }

    fn table() -> Table {
        Table {
            name: "Users".into(),
            columns: vec![
                column("UserId", Kind::Integer, "bigint(20)", 1),
                column("Email", Kind::Text, "varchar(255)", 0),
                column("Password", Kind::Bytes, "blob", 0),
            ],
        }
    }

    #[test]
    fn a_table_is_made_as_it_was_where_its_types_exist() {
        assert_eq!(
            Words::Mysql.create_table(&table()),
            "CREATE TABLE `Users` (`UserId` bigint(20) NOT NULL AUTO_INCREMENT PRIMARY KEY, `Email` varchar(255) NULL, \
             `Password` blob NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
        );
        assert_eq!(
            Words::Sqlite.create_table(&table()),
            "CREATE TABLE `Users` (`UserId` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `Email` text NULL, \
             `Password` blob NULL)"
        );
        let mut other = table();
        other.columns = vec![
            column("b", Kind::Integer, "integer", 2),
            column("a", Kind::Text, "varchar(9)", 1),
        ];
        assert_eq!(
            Words::Mysql.create_table(&other),
            "CREATE TABLE `Users` (`b` bigint NOT NULL, `a` varchar(9) NOT NULL, PRIMARY KEY (`a`, `b`)) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
        );
    }

    #[test]
    fn a_type_that_is_more_than_a_type_is_not_believed() {
        let odd = column("x", Kind::Text, "varchar(9)); DROP TABLE Users; --", 0);
        assert_eq!(
            Words::Mysql.add_column("Users", &odd),
            "ALTER TABLE `Users` ADD COLUMN `x` mediumtext NULL"
        );
    }
}
