//! The layers point one way, the chain code does nothing but compute, and SQL stays where it belongs.
//! Read from the sources, so that an arrow the other way fails before anyone gets used to it.

use std::path::{Path, PathBuf};

/// Modules from the bottom up; one may name those of lower rank and itself. Those of `SERVICES` are
/// adapters to the outside that may also name each other.
const RANKS: [(&str, u8); 26] = [
    ("decred", 0),
    ("clock", 0),
    ("heap", 0),
    ("new_file", 0),
    ("secret", 0),
    ("shutdown", 0),
    ("accept", 1),
    ("metrics", SERVICES),
    ("signals", SERVICES),
    ("domain", 1),
    ("cli", SERVICES),
    ("config", SERVICES),
    ("db", SERVICES),
    ("mail", SERVICES),
    ("node", SERVICES),
    ("rpc", SERVICES),
    ("telemetry", SERVICES),
    ("tls", SERVICES),
    ("alone", 3),
    ("buy", 3),
    ("pool", 3),
    ("voter", 3),
    ("web", 4),
    ("roles", 5),
    ("main", 6),
    ("lib", 6),
];
const SERVICES: u8 = 2;

/// Arrows that ranks would allow and the architecture forbids.
const FORBIDDEN: [(&str, &str); 2] = [("web", "voter"), ("web", "buy")];

fn rank(module: &str) -> u8 {
    RANKS
        .iter()
        .find(|(name, _)| *name == module)
        .unwrap_or_else(|| panic!("module {module} has no rank: add it to the layers"))
        .1
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file: its path within `src`, its top module, its code without comments.
fn files() -> Vec<(String, String, String)> {
    let base = root().join("src");
    let mut paths = Vec::new();
    sources(&base, &mut paths);
    assert!(paths.len() > 20, "only {} sources", paths.len());
    paths
        .into_iter()
        .map(|path| {
            let within = path.strip_prefix(&base).unwrap();
            let module = within
                .iter()
                .next()
                .unwrap()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned();
            let code = code_of(&std::fs::read_to_string(&path).unwrap());
            (within.display().to_string(), module, code)
        })
        .collect()
}

fn code_of(text: &str) -> String {
    text.lines()
        .map(|line| match line.trim_start() {
            comment if comment.starts_with("//") => "",
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names of top modules after `crate::` (or the package's own name, as `main` says it), also within
/// braces: `use crate::{decred, node}`.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for root in ["crate::", "dcrstakepool::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(list) => names.extend(firsts_of_list(list)),
                None => names.push(identifier(rest)),
            }
        }
    }
    names.retain(|name| RANKS.iter().any(|(known, _)| known == name));
    names
}

fn firsts_of_list(list: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut names = Vec::new();
    let mut start = true;
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && c.is_alphabetic() => {
                names.push(identifier(&list[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (file, module, code) in files() {
        let own = rank(&module);
        for name in named(&code) {
            let theirs = rank(&name);
            let allowed = name == module
                || theirs < own
                || (theirs == SERVICES && own == SERVICES)
                || own == rank("lib");
            let forbidden = FORBIDDEN.contains(&(module.as_str(), name.as_str()));
            if !allowed || forbidden {
                wrong.push(format!("src/{file} names {name}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reader_of_names_sees_all_forms() {
    let code = "use crate::decred::Hash;\nuse crate::{node::{self, Client}, db, rpc as wire};\n\
                fn f() -> crate::voter::X { dcrstakepool::web::y(); mycrate::pool::z() }";
    let mut names = named(code);
    names.sort();
    assert_eq!(names, ["db", "decred", "node", "rpc", "voter", "web"]);
}

#[test]
fn the_chain_code_only_computes() {
    const OUTSIDE: [&str; 16] = [
        "std::fs",
        "std::net",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "std::time",
        "tokio",
        "hyper",
        "rustls",
        "diesel",
        "tracing",
        "rand::",
        "println!",
        "async fn",
        "uuid",
    ];
    for (file, module, code) in files() {
        if module != "decred" {
            continue;
        }
        for word in OUTSIDE {
            assert!(!code.contains(word), "src/{file} names {word}");
        }
    }
}

#[test]
fn sql_lives_in_the_database_module() {
    for (file, module, code) in files() {
        if module != "db" {
            for word in ["diesel::", "diesel_migrations", "schema::"] {
                assert!(!code.contains(word), "src/{file} names {word}");
            }
        }
    }
}

/// A map with roads that are gone is worse than none.
#[test]
fn the_paths_that_the_architecture_names_exist() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let tops = [
        "src/",
        "tests/",
        "migrations/",
        "assets/",
        "deploy/",
        "scripts/",
        "examples/",
        "benches/",
    ];
    for quoted in text.split('`').skip(1).step_by(2) {
        if tops.iter().any(|top| quoted.starts_with(top)) && !quoted.contains(['*', '{', '<', ' '])
        {
            let path = quoted.split_once(':').map_or(quoted, |(path, _)| path);
            assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}");
        }
    }
}
