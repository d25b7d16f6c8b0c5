//! The file: JSON, one value a line. Pure.
//!
//! ```text
//! {"dcrstakepool_backup":1,"made":1700000000,"program":"2.0.0","pool":"…","schema":["0001"],"secrets":false}
//! {"table":"Users","columns":[{"name":"UserId","kind":"integer","type":"bigint(20)","nullable":false,"key":1}]}
//! [1]
//! {"rows":1}
//! {"sha256":"…"}
//! ```
//! Integers are numbers (all 64 bits), text is a string, bytes are a string of hex, NULL is null. The last line
//! is over every byte before it. An empty `schema` says that the tables are the Go program's.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{BackupError, Extent};

const FORMAT: u32 = 1;

/// No row of ours comes near it; a file without line ends is not read into memory.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    #[serde(rename = "dcrstakepool_backup")]
    format: u32,
    /// Unix seconds.
    pub made: i64,
    pub program: String,
    /// `None`: it had none yet.
    pub pool: Option<String>,
    /// Migrations that had been applied.
    pub schema: BTreeSet<String>,
    pub secrets: bool,
}

impl Header {
    pub fn new(made: i64, program: String, pool: Option<String>, secrets: bool) -> Self {
        Self {
            format: FORMAT,
            made,
            program,
            pool,
            schema: BTreeSet::new(),
            secrets,
        }
    }
}

/// What a column holds, whichever database it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Integer,
    Text,
    Bytes,
}

impl Kind {
    /// By what the database calls the type.
    pub fn of_type(sql_type: &str) -> Self {
        let name = sql_type.to_ascii_lowercase();
        let end = name.find(|c: char| !c.is_ascii_lowercase());
        match name.get(..end.unwrap_or(name.len())).unwrap_or_default() {
            "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => Self::Integer,
            "" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "binary" | "varbinary"
            | "bit" => Self::Bytes,
            _ => Self::Text,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    /// As the database calls it.
    #[serde(rename = "type")]
    pub sql_type: String,
    pub nullable: bool,
    /// In which order it is in the primary key; 0: it is not.
    pub key: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    #[serde(rename = "table")]
    pub name: String,
    pub columns: Vec<Column>,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_none(),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.serialize_str(&hex::encode(bytes)),
        }
    }
}

impl Value {
    fn of(json: serde_json::Value, kind: Kind) -> Option<Self> {
        use serde_json::Value as Json;
        match (kind, json) {
            (_, Json::Null) => Some(Value::Null),
            (Kind::Integer, Json::Number(number)) => number.as_i64().map(Value::Integer),
            (Kind::Text, Json::String(text)) => Some(Value::Text(text)),
            (Kind::Bytes, Json::String(text)) => hex::decode(text).ok().map(Value::Bytes),
            _ => None,
        }
    }

    /// About how much of a statement it takes.
    pub fn size(&self) -> usize {
        match self {
            Value::Null | Value::Integer(_) => 8,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Rows {
    rows: u64,
}

#[derive(Serialize, Deserialize)]
struct Seal {
    sha256: String,
}

/// A line that is not a row.
#[derive(Deserialize)]
#[serde(untagged)]
enum Mark {
    Table(Table),
    Rows(Rows),
    Seal(Seal),
}

pub struct Writer<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Writer<W> {
    pub fn begin(out: W, header: &Header) -> io::Result<Self> {
        let hash = Sha256::new();
        let mut writer = Self { out, hash };
        writer.line(header)?;
        Ok(writer)
    }

    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        self.line(table)
    }

    pub fn row(&mut self, row: &[Value]) -> io::Result<()> {
        self.line(row)
    }

    pub fn rows(&mut self, rows: u64) -> io::Result<()> {
        self.line(&Rows { rows })
    }

    pub fn seal(mut self) -> io::Result<W> {
        let sha256 = hex::encode(self.hash.clone().finalize());
        self.line(&Seal { sha256 })?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.out.write_all(&line)
    }
}

/// What comes next in a backup.
#[derive(Debug, PartialEq, Eq)]
pub enum Item {
    Table(Table),
    Row(Vec<Value>),
    /// The table is complete.
    EndOfTable,
}

/// Reads a backup from its beginning to its end, once.
pub struct Reader<R> {
    input: R,
    hash: Sha256,
    line: u64,
    header: Header,
    columns: Option<Vec<Kind>>,
    rows: u64,
    sealed: bool,
}

impl<R: BufRead> Reader<R> {
    pub fn open(input: R) -> Result<Self, BackupError> {
        #[derive(Deserialize)]
        struct Format {
            dcrstakepool_backup: u32,
        }
        let mut reader = Self {
            input,
            hash: Sha256::new(),
            line: 0,
            header: Header::new(0, String::new(), None, false),
            columns: None,
            rows: 0,
            sealed: false,
        };
        let line = reader.next_line()?.unwrap_or_default();
        let no_backup = |_| reader.damaged("not a backup of dcrstakepool");
        let format: Format = serde_json::from_slice(&line).map_err(no_backup)?;
        if format.dcrstakepool_backup > FORMAT {
            return Err(BackupError::Schema(format!(
                "the backup's format {} is newer than this program, which knows {FORMAT}",
                format.dcrstakepool_backup
            )));
        }
        let header = serde_json::from_slice(&line).map_err(|_| reader.damaged("unreadable"))?;
        reader.hash.update(&line);
        reader.header = header;
        Ok(reader)
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next of it; `None`: that was all, and nothing is missing.
    pub fn item(&mut self) -> Result<Option<Item>, BackupError> {
        if self.sealed {
            return Ok(None);
        }
        let Some(line) = self.next_line()? else {
            return Err(self.damaged("the end is missing"));
        };
        if line.starts_with(b"[") {
            self.hash.update(&line);
            return self.row(&line).map(Some);
        }
        let mark = serde_json::from_slice(&line).map_err(|_| self.damaged("unreadable"))?;
        if let Mark::Seal(seal) = mark {
            return self.check_seal(&seal).map(|()| None);
        }
        self.hash.update(&line);
        match (mark, self.columns.is_some()) {
            (Mark::Table(table), false) => {
                self.columns = Some(table.columns.iter().map(|it| it.kind).collect());
                self.rows = 0;
                Ok(Some(Item::Table(table)))
            }
            (Mark::Rows(rows), true) if rows.rows == self.rows => {
                self.columns = None;
                Ok(Some(Item::EndOfTable))
            }
            (Mark::Rows(_), true) => Err(self.damaged("the table has another number of rows")),
            _ => Err(self.damaged("out of place")),
        }
    }

    fn row(&mut self, line: &[u8]) -> Result<Item, BackupError> {
        let Some(kinds) = &self.columns else {
            return Err(self.damaged("a row of no table"));
        };
        let cells: Option<Vec<serde_json::Value>> = serde_json::from_slice(line).ok();
        let row: Option<Vec<Value>> = cells.filter(|it| it.len() == kinds.len()).and_then(|it| {
            let pairs = it.into_iter().zip(kinds);
            pairs.map(|(cell, kind)| Value::of(cell, *kind)).collect()
        });
        let row = row.ok_or_else(|| self.damaged("not a row of this table"))?;
        self.rows = self.rows.saturating_add(1);
        Ok(Item::Row(row))
    }

    fn check_seal(&mut self, seal: &Seal) -> Result<(), BackupError> {
        if self.columns.is_some() {
            return Err(self.damaged("out of place"));
        }
        if seal.sha256 != hex::encode(self.hash.clone().finalize()) {
            return Err(self.damaged("the checksum is another one"));
        }
        self.sealed = true;
        match self.next_line()? {
            None => Ok(()),
            Some(_) => Err(self.damaged("something follows the end")),
        }
    }

    /// With its end; a last line without one was cut.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        let mut line = Vec::new();
        self.line = self.line.saturating_add(1);
        let mut limited = self.input.by_ref().take(LONGEST_LINE);
        limited.read_until(b'\n', &mut line)?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(self.damaged("cut")),
        }
    }

    fn damaged(&self, reason: &str) -> BackupError {
        BackupError::Damaged {
            line: self.line,
            reason: reason.to_owned(),
        }
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader(line {})", self.line)
    }
}

/// Reads a backup to its end: whether it is whole.
pub fn verify<R: BufRead>(mut reader: Reader<R>) -> Result<Extent, BackupError> {
    let mut extent = Extent::default();
    while let Some(item) = reader.item()? {
        match item {
            Item::Table(_) => extent.tables = extent.tables.saturating_add(1),
            Item::Row(_) => extent.rows = extent.rows.saturating_add(1),
            Item::EndOfTable => {}
        }
    }
    Ok(extent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: Kind, key: u32) -> Column {
        Column {
            name: name.into(),
            kind,
            sql_type: "x".into(),
            nullable: key == 0,
            key,
        }
    }

    fn table() -> Table {
        Table {
            name: "Users".into(),
            columns: vec![
                column("UserId", Kind::Integer, 1),
                column("Email", Kind::Text, 0),
                column("Password", Kind::Bytes, 0),
            ],
        }
    }

    fn rows() -> Vec<Vec<Value>> {
        let text = |text: &str| Value::Text(text.into());
        vec![
            vec![
                Value::Integer(i64::MIN),
                text("\n\"\\[{é🦀\0"),
                Value::Bytes(vec![0, 255]),
            ],
            vec![Value::Integer(i64::MAX), Value::Null, Value::Null],
            vec![Value::Integer(0), text(""), Value::Bytes(Vec::new())],
        ]
    }

    fn file() -> Vec<u8> {
        let header = Header::new(7, "test".into(), None, false);
        let mut writer = Writer::begin(Vec::new(), &header).unwrap();
        writer.table(&table()).unwrap();
        for row in rows() {
            writer.row(&row).unwrap();
        }
        writer.rows(3).unwrap();
        writer.seal().unwrap()
    }

    fn check(bytes: &[u8]) -> Result<Extent, BackupError> {
        Reader::open(bytes).and_then(verify)
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = file();
        let mut reader = Reader::open(&bytes[..]).unwrap();
        assert_eq!(reader.item().unwrap(), Some(Item::Table(table())));
        for row in rows() {
            assert_eq!(reader.item().unwrap(), Some(Item::Row(row)));
        }
        assert_eq!(reader.item().unwrap(), Some(Item::EndOfTable));
        assert_eq!(reader.item().unwrap(), None);
        assert_eq!(check(&bytes).unwrap(), Extent { tables: 1, rows: 3 });
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let whole = file();
        for length in 0..whole.len() {
            assert!(check(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_is_refused() {
        let whole = file();
        for at in 0..whole.len() {
            for flip in [1, 0x20, 0x80] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                assert!(check(&damaged).is_err(), "{at} {flip}");
            }
        }
        let longer = [&whole[..], b"\n"].concat();
        assert!(check(&longer).is_err());
    }

    #[test]
    fn a_newer_format_is_called_newer() {
        let bytes = b"{\"dcrstakepool_backup\":2}\n";
        let error = Reader::open(&bytes[..]).unwrap_err().to_string();
        assert!(error.contains("newer than this program"), "{error}");
        let error = Reader::open(&b"Hello\n"[..]).unwrap_err().to_string();
        assert!(error.contains("not a backup"), "{error}");
    }
}
