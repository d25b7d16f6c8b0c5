//! What `migrate --backup` writes is the Go program's database, and becomes it again.

use super::former::{Former, VERSIONS, ends};

const BACKUP: &str = "--backup";

const EVERYTHING: [&str; 2] = [
    "SELECT CONCAT_WS(' ', UserId, Email, HEX(Password), MultiSigAddress, MultiSigScript, PoolPubKeyAddr, \
     UserPubKeyAddr) AS line FROM Users ORDER BY UserId",
    "SELECT CONCAT_WS(' ', PasswordResetID, UserId, Token, Created, Expires) AS line FROM PasswordReset",
];

#[test]
fn a_backup_by_migrate_brings_the_go_tables_back_as_they_were() {
    for version in VERSIONS {
        let former = Former::of(version);
        former.execute("ALTER TABLE Users ADD COLUMN Colour varchar(20) NULL; UPDATE Users SET Colour = 'blue'");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("before.backup");
        let file = path.to_str().expect("a path");
        std::fs::write(&path, "another one").expect("a file");
        ends(
            &former.migrate(&[BACKUP, file]),
            1,
            &["nothing was changed", "is there already"],
        );
        assert!(former.rows("SELECT table_name AS line FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'pool%'").is_empty());
        std::fs::remove_file(&path).expect("gone");
        let before = EVERYTHING.map(|query| former.rows(query));
        ends(
            &former.migrate(&[BACKUP, file]),
            0,
            &["done: ", "take over"],
        );

        let again = Former::empty();
        ends(&again.restore(file), 0, &["now run `dcrstakepool migrate"]);
        let untouched = Former::of(version);
        untouched.execute("ALTER TABLE Users ADD COLUMN Colour varchar(20) NULL");
        for table in [
            "Users",
            "PasswordReset",
            "EmailChange",
            "LowFeeTicket",
            "pool_keys",
        ] {
            assert_eq!(
                again.columns(table),
                untouched.columns(table),
                "{version:?}: {table}"
            );
        }
        assert_eq!(
            EVERYTHING.map(|query| again.rows(query)),
            before,
            "{version:?}"
        );
        let colours = again.rows("SELECT DISTINCT Colour AS line FROM Users");
        assert_eq!(colours, ["blue"]);
        ends(&again.migrate(&["--yes-i-have-a-backup"]), 0, &["done"]);
        assert_eq!(again.taken(), former.taken(), "{version:?}");
    }
}
