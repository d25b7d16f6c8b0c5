//! The store, one suite on SQLite and MariaDB.
