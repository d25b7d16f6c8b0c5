//! The rehearsal: three voting hosts, a web host and a database host on a network of their own, each installed from the
//! package and set up by the commands that `docs/operator.md` shows, in its order; then 300 blocks whose tickets are all
//! the pool's, while hosts are cut off, upgraded and replaced. Nothing may be missed as long as one voting host
//! reaches the network.
//!
//! It is Linux's network namespaces that part the hosts, and overlays on this machine's files that make each a fresh
//! one. Not rehearsed, since systemd does not run here and nobody may leave this machine: systemd itself (`unit.rs` starts
//! what the units' files say, without their limits), WireGuard and the firewall, dcrctl (`dcrctl` is a stand-in of a few lines), nginx with
//! its certificate (`faces.rs` has nginx), the download of Debian's packages.

mod guide;
mod machine;
mod network;
mod story;
mod table;
mod unit;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::guide::Section;
use self::machine::Machine;
use self::network::Network;
use super::package;
use crate::harness::configs::Terms;
use crate::harness::distance::Distance;
use crate::harness::folder::Folder;
use crate::harness::pair::Pair;
use crate::harness::pool::{Pool, Role};
use crate::harness::port::free_port;
use crate::harness::simnet::Simnet;
use crate::harness::world::World;

const GUIDE: &str = "docs/operator.md";
const RUNBOOK: &str = "deploy/RUNBOOK.md";

/// How far each voting host is from the miner: milliseconds each way.
const FAR: [u64; 3] = [5, 40, 150];
/// Between users and the site.
const USERS_FAR: Duration = Duration::from_millis(20);

/// The ends of their addresses, as the guide has them.
const WEB: u8 = 10;
const NODES: [u8; 3] = [20, 21, 22];
const DATABASE: u8 = 30;

/// The port of other nodes on simnet.
const PEERS: u16 = 18555;

const ADMIN_PASSWORD: &str = "of-the-admin-of-the-database";
const WEB_PASSWORD: &str = "of-web-at-the-database";

/// Machines end first: they write into the folder, which ends with the world.
#[derive(Debug)]
pub struct Rehearsal {
    nodes: Vec<Machine>,
    web: Machine,
    database: Machine,
    network: Network,
    _distances: Vec<Distance>,
    /// Where each node finds the miner and other nodes.
    peers: Vec<Vec<SocketAddr>>,
    folder: PathBuf,
    /// Of the voting wallets, as it was written on paper.
    seed: String,
    cold: String,
    world: World,
}

/// What comes to a fresh machine by hand.
fn equip(machine: &Machine, cold: &str) {
    machine.write(
        "/root/dcrstakepool_2.0.0-1_amd64.deb",
        "644",
        &package::bytes(),
    );
    machine.write("/root/cold_wallet_extpub", "600", cold.as_bytes());
}

fn address_of_node(network: &Network, index: usize) -> Ipv4Addr {
    network.address(NODES[index])
}

/// A fresh machine with the daemons' programs on it.
fn fresh_node(network: &Network, folder: &Path, index: usize, name: &str, cold: &str) -> Machine {
    let machine = Machine::boot(name, address_of_node(network, index), folder);
    network.wire(&machine);
    equip(&machine, cold);
    for daemon in ["dcrd", "dcrwallet"] {
        let program = std::fs::read(Pair::Current.program(daemon)).expect("the daemon");
        machine.write(&format!("/usr/bin/{daemon}"), "755", &program);
    }
    let dcrctl = include_bytes!("dcrctl");
    machine.write("/usr/bin/dcrctl", "755", dcrctl);
    machine
}

/// Follows section 3 of the guide, on the first node without a seed: then it makes one. Gives all that was said.
fn install_node(
    network: &Network,
    node: &mut Machine,
    peers: &[SocketAddr],
    seed: Option<&str>,
) -> String {
    let address = node.address;
    let connect: Vec<_> = peers
        .iter()
        .map(|peer| format!("    connect={peer}\n"))
        .collect();
    let connect = connect.concat();
    let section = Section::of(GUIDE, "3. ").with(&[
        (
            "    rpcuser=pool\n",
            format!("    simnet=1\n    listen={address}:{PEERS}\n{connect}    rpcuser=pool\n"),
        ),
        (
            "    username=pool\n",
            "    simnet=1\n    username=pool\n".to_owned(),
        ),
        (
            "setup voter --yes",
            "setup voter --yes --network simnet".to_owned(),
        ),
        ("grep ^rpc", "grep -e ^rpc -e ^simnet".to_owned()),
        ("10.0.0.20", address.to_string()),
        ("10.0.0.0/24", format!("{}0/24", network.beginning())),
    ]);
    assert!(address.to_string().starts_with(&network.beginning()));
    node.follow(&section.steps(), seed)
}

/// The seed that `dcrwallet --create` showed.
fn seed_in(said: &str) -> String {
    let seed = said.lines().find_map(|line| line.strip_prefix("Hex: "));
    seed.expect("a wallet shows its seed").trim().to_owned()
}

fn voting_key(node: &Machine) -> String {
    let key = node.run("dcrctl --wallet getmasterpubkey default");
    key.trim().to_owned()
}

/// A MariaDB as Debian's package leaves it, at its private address, with the accounts of the runbook.
fn database(network: &Network, folder: &Path) -> Machine {
    let mut machine = Machine::boot("database", network.address(DATABASE), folder);
    network.wire(&machine);
    machine.run(
        "chown mysql: /var/lib/mysql; install -d -o mysql /run/mysqld\n\
         mariadb-install-db --no-defaults --user=mysql --datadir=/var/lib/mysql --skip-test-db \
         --auth-root-authentication-method=socket",
    );
    let bind = format!("--bind-address={}", machine.address);
    machine.run_on(
        "mariadb",
        &[
            "mariadbd",
            "--no-defaults",
            "--user=mysql",
            "--datadir=/var/lib/mysql",
            "--socket=/run/mysqld/mysqld.sock",
            "--skip-name-resolve",
            &bind,
        ],
    );
    machine.until("the database", "mariadb -e 'SELECT 1'", |_| true);
    let sql = Section::of(RUNBOOK, "4. ").fenced("sql");
    let mut passwords = [ADMIN_PASSWORD, WEB_PASSWORD].into_iter();
    let sql: Vec<_> = sql
        .replace("localhost", &network.address(WEB).to_string())
        .lines()
        .map(|line| {
            if line.contains('…') {
                line.replace('…', passwords.next().expect("two accounts"))
            } else {
                line.to_owned()
            }
        })
        .collect();
    assert_eq!(passwords.next(), None, "an account of the runbook is gone");
    machine.tell("mariadb", sql.join("\n").as_bytes());
    machine
}

/// Who may sign in at all machines: `scp` finds there what the nodes have.
fn bring_from_nodes(web: &Machine, nodes: &[Machine]) {
    let scp = "#!/bin/sh\nexec cp \"/srv/ssh/$(echo \"$1\" | tr -d :)\" \"$2\"\n";
    web.write("/usr/local/bin/scp", "755", scp.as_bytes());
    for node in nodes {
        for path in [
            "/var/lib/dcrvoter/voter.cert",
            "/etc/dcrstakepool/secrets/voter_token",
            "/etc/dcrstakepool/secrets/voting_wallet_extpub",
        ] {
            let there = format!("/srv/ssh/{}{path}", node.name);
            let folder = Path::new(&there).parent().expect("a folder").display();
            web.run(&format!("mkdir -p {folder}"));
            web.write(&there, "600", node.read(path).as_bytes());
        }
    }
}

/// Follows section 5 of the guide.
fn install_web(
    network: &Network,
    folder: &Path,
    nodes: &[Machine],
    cold: &str,
    port: u16,
) -> Machine {
    let mut web = Machine::boot("web", network.address(WEB), folder);
    network.wire(&web);
    equip(&web, cold);
    bring_from_nodes(&web, nodes);
    let (address, database) = (web.address, network.address(DATABASE));
    let url = format!("mysql://pool_web:{WEB_PASSWORD}@{database}:3306/dcrstakepool\n");
    web.write("/root/database_url", "600", url.as_bytes());
    let file = "/etc/dcrstakepool/dcrstakepool.toml";
    let section = Section::of(GUIDE, "5. ")
        .with(&[
            // It is on another machine, and nginx cannot be fetched from here.
            ("apt install mariadb-server nginx ", "apt install ".to_owned()),
            ("setup web --yes", "setup web --yes --network simnet".to_owned()),
            (
                "--base-url https://pool.example.com",
                format!("--base-url http://127.0.0.1:{port} --listen {address}:{port}"),
            ),
            ("10.0.0.", network.beginning()),
            ("PASSWORD@localhost", format!("{ADMIN_PASSWORD}@{database}")),
            (
                "    chgrp dcrstakepool",
                format!(
                    "    sed -i 's/^listen = .*/listen = [\"{address}:{port}\", \"127.0.0.1:{port}\"]/' {file}\n    \
                     sed -i '/^\\[web\\]/a captcha = false' {file}\n    \
                     printf '[web.limits]\\nsign_in_per_minute = 0\\nsign_up_per_hour = 0\\n' >>{file}\n    \
                     chgrp dcrstakepool"
                ),
            ),
        ])
        // No nginx, no certificate.
        .without(&["cp /usr/share/dcrstakepool/nginx.conf", "ln -s ../sites-available", "nginx -t"]);
    web.follow(&section.steps(), None);
    web
}

/// Where each node finds its peers: the miner, and the nodes before it.
fn distances(network: &Network, miner: &str, index: usize) -> Vec<Distance> {
    let near = SocketAddr::from((network.address(1), 0));
    let miner: SocketAddr = miner.parse().expect("an address");
    let mut all = vec![Distance::between(
        near,
        miner,
        Duration::from_millis(FAR[index]),
    )];
    for (other, way) in FAR.iter().enumerate().take(index) {
        let far = SocketAddr::from((address_of_node(network, other), PEERS));
        let delay = Duration::from_millis(FAR[index] + way);
        all.push(Distance::between(near, far, delay));
    }
    all
}

impl Rehearsal {
    fn begin() -> Self {
        let folder = Folder::new("rehearsal");
        let network = Network::new(folder.path());
        let mut simnet = Simnet::start(Pair::Current, folder.path(), 1);
        simnet.voting_wallets.clear();
        simnet.by_work = true;
        let cold = simnet.miner.extpub_of_new_account("cold");
        let miner = simnet.node().peer_address();

        let (mut nodes, mut ways, mut seed) = (Vec::new(), Vec::new(), None);
        let mut all_peers = Vec::new();
        for index in 0..FAR.len() {
            let name = format!("node{}", index + 1);
            let mut node = fresh_node(&network, folder.path(), index, &name, &cold);
            let own = distances(&network, &miner, index);
            let peers: Vec<_> = own.iter().map(Distance::address).collect();
            let said = install_node(&network, &mut node, &peers, seed.as_deref());
            seed.get_or_insert_with(|| seed_in(&said));
            nodes.push(node);
            all_peers.push(peers);
            ways.extend(own);
        }
        let key = voting_key(&nodes[0]);
        assert!(
            nodes.iter().all(|node| voting_key(node) == key),
            "as section 4 says"
        );

        let database = database(&network, folder.path());
        let port = free_port();
        let web = install_web(&network, folder.path(), &nodes, &cold, port);
        let near = SocketAddr::from(([127, 0, 0, 1], port));
        let far = SocketAddr::from((web.address, port));
        ways.push(Distance::between(near, far, USERS_FAR));

        let mut bring = Command::new("tail");
        bring.args(["-n", "+1", "-F"]);
        bring.arg(web.log("dcrstakepool-web"));
        let own = folder.path().join("web-log");
        std::fs::create_dir(&own).expect("a folder");
        let pool = Pool {
            web: Role::elsewhere("web's log", "web", &own, port, &bring),
            voters: Vec::new(),
            terms: Terms {
                voting_extpub: key,
                cold_extpub: cold.clone(),
            },
        };
        Self {
            peers: all_peers,
            folder: folder.path().to_path_buf(),
            world: World::resume(Vec::new(), pool, simnet, folder),
            nodes,
            web,
            database,
            network,
            _distances: ways,
            seed: seed.expect("the first node made it"),
            cold,
        }
    }
}
