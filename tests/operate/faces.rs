//! The examples for nginx and Caddy, as they are but for addresses, certificate and folders, in front of the real web:
//! what users see through them, and what web sees of users.

use std::process::Command;

use dcrstakepool::rpc::wire::Event;
use dcrstakepool::tls;

use super::tools::{root, succeeds, unpacked};
use crate::harness::folder::Folder;
use crate::harness::port::free_port;
use crate::harness::process::{Process, read_log};
use crate::web::site::{Site, Wish, wait_for};

const NAME: &str = "pool.example.com";

/// A web server in front of web; it ends with this value.
struct Face {
    http: u16,
    https: u16,
    process: Process,
    folder: Folder,
}

/// What came back, the header lines in small letters.
#[derive(Debug)]
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    #[track_caller]
    fn begins(&self, status: &str) {
        assert!(self.head.starts_with(status), "not {status}: {self:?}");
    }

    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
    }
}

/// The example with each of `changes`, all of which must be for something.
fn adapted(example: &str, changes: &[(&str, String)]) -> String {
    let path = root().join("deploy").join(example);
    let text = std::fs::read_to_string(path).expect("the example");
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{example} has no {from:?}");
        text.replace(from, to)
    })
}

impl Face {
    /// Two web processes are behind it, one of which is away.
    async fn nginx(site: &Site) -> Self {
        let folder = certified("nginx");
        let (http, https, away) = (free_port(), free_port(), free_port());
        let path = folder.path().display();
        let example = adapted(
            "nginx.conf",
            &[
                ("listen 80;", format!("listen 127.0.0.1:{http};")),
                ("    listen [::]:80;\n", String::new()),
                ("listen 443 ssl", format!("listen 127.0.0.1:{https} ssl")),
                ("    listen [::]:443 ssl http2;\n", String::new()),
                ("/etc/ssl/pool.example.com", path.to_string()),
                ("/var/lib/nginx", path.to_string()),
                (
                    "    server 127.0.0.1:8000",
                    format!(
                        "    server 127.0.0.1:{away} max_fails=2 fail_timeout=5s;\n    server {}",
                        site.address
                    ),
                ),
                // A slow machine must not make room for more.
                ("rate=20r/s", "rate=1r/m".to_owned()),
            ],
        );
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
            .concat();
        let all = format!(
            "daemon off;\nmaster_process off;\npid {path}/pid;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}{example}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, all).expect("folder");
        let mut command = Command::new(unpacked("nginx"));
        command.args(["-e", "stderr", "-p"]).arg(folder.path());
        command.arg("-c").arg(&file);
        Self::start(command, folder, http, https).await
    }

    async fn caddy(site: &Site) -> Self {
        let folder = certified("caddy");
        let (http, https, away) = (free_port(), free_port(), free_port());
        let path = folder.path().display();
        let example = adapted(
            "Caddyfile",
            &[
                (
                    "{\n\tservers {",
                    format!(
                        "{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {http}\n\
                         \thttps_port {https}\n\tservers {{"
                    ),
                ),
                (
                    "pool.example.com {",
                    format!("{NAME} {{\n\ttls {path}/fullchain.pem {path}/privkey.pem"),
                ),
                (
                    "reverse_proxy 127.0.0.1:8000",
                    format!("reverse_proxy 127.0.0.1:{away} {}", site.address),
                ),
            ],
        );
        let file = folder.path().join("Caddyfile");
        std::fs::write(&file, example).expect("folder");
        let mut command = Command::new(unpacked("caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]);
        command.arg(&file);
        for home in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(home, folder.path());
        }
        Self::start(command, folder, http, https).await
    }

    async fn start(command: Command, folder: Folder, http: u16, https: u16) -> Self {
        let log = folder.path().join("log");
        let mut process = Process::start("the face", &command, &log);
        let open = |port| std::net::TcpStream::connect(("127.0.0.1", port)).ok();
        wait_for(|| {
            process.assert_alive();
            open(http).and(open(https))
        })
        .await;
        Self {
            http,
            https,
            process,
            folder,
        }
    }

    /// `curl` that trusts the certificate and knows where the name is.
    fn curl(&self) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "*"])
            .args(["--interface", "127.0.0.7"])
            .arg("--cacert")
            .arg(self.folder.path().join("fullchain.pem"));
        for port in [self.http, self.https] {
            let place = format!("{NAME}:{port}:127.0.0.1");
            curl.args(["--resolve", &place]);
        }
        curl
    }

    fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.https)
    }

    /// Asks as a client at that address.
    async fn ask(&self, client: &str, path: &str, options: &[&str]) -> Answer {
        let url = self.url(path);
        self.ask_url(client, &url, options).await
    }

    async fn ask_url(&self, client: &str, url: &str, options: &[&str]) -> Answer {
        let mut curl = self.curl();
        curl.args(["--include", "--interface", client]);
        curl.args(options).arg(url);
        // The voters live in this thread.
        let work = tokio::task::spawn_blocking(move || succeeds(&mut curl));
        let said = work.await.expect("curl");
        let (head, body) = said.split_once("\r\n\r\n").expect("a head");
        Answer {
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }
}

/// A folder with a certificate, as certbot lays it.
fn certified(name: &str) -> Folder {
    let folder = Folder::new(name);
    let pair = tls::self_signed(&[NAME.to_owned()]).expect("a certificate");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("fullchain.pem", &pair.cert_pem).expect("folder");
    write("privkey.pem", pair.key_pem.expose()).expect("folder");
    folder
}

async fn site() -> Site {
    Site::with(Wish {
        voters: 2,
        pool: "min_voters = 2\n",
        web: "real_ip_header = \"X-Real-IP\"\ntrusted_proxies = [\"127.0.0.1\"]\n",
        ..Wish::default()
    })
    .await
}

/// What both faces do.
async fn serves_the_site(face: &Face, site: &Site) {
    let page = face.ask("127.0.0.7", "/", &[]).await;
    page.begins("http/2 200");
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    assert!(
        page.header("content-security-policy")
            .contains("default-src")
    );
    assert!(!page.header("server").contains('/'), "{page:?}");
    let plain = format!("http://{NAME}:{}/stats", face.http);
    let moved = face.ask_url("127.0.0.7", &plain, &[]).await;
    assert!(moved.head.starts_with("http/1.1 30"), "{moved:?}");
    let https = format!("https://{NAME}");
    assert!(moved.header("location").starts_with(&https), "{moved:?}");

    let asset = page.body.split('"').find(|it| it.starts_with("/assets/"));
    let asset = asset.expect("a page has a style");
    let gzip = [
        "-H",
        "accept-encoding: gzip",
        "--output",
        "/dev/null",
        "--dump-header",
        "-",
    ];
    let small = succeeds(face.curl().args(gzip).arg(face.url(asset))).to_lowercase();
    assert!(small.contains("content-encoding: gzip"), "{small}");
    assert!(small.contains("immutable"), "{small}");

    who_asks_is_known(face, site).await;
    news_come_at_once(face, site).await;
}

/// Web sees each client, and nobody can pretend to be another.
async fn who_asks_is_known(face: &Face, site: &Site) {
    let lies = ["-H", "X-Real-IP: 6.6.6.6", "-H", "X-Forwarded-For: 6.6.6.7"];
    face.ask("127.0.0.8", "/stats?mark=one", &lies).await;
    site.logged("client.ip=127.0.0.8").await;
    let log = site.log();
    assert!(!log.contains("client.ip=6.6.6"), "{log}");
    // An operator's address is no gift of the proxy, which has it.
    assert!(!log.contains("client.ip=127.0.0.1"), "{log}");
}

async fn news_come_at_once(face: &Face, site: &Site) {
    let news = face.folder.path().join("news");
    let mut curl = face.curl();
    curl.args(["--no-buffer", &face.url("/events")]);
    let mut listener = Process::start("a listener", &curl, &news);
    let hears = async |text: &str| {
        wait_for(|| read_log(&news).contains(text).then_some(())).await;
    };
    hears("event: block\ndata: {\"height\":200}\n\n").await;
    for voter in &site.voters {
        voter.fake.set_height(201);
        voter.fake.emit(&Event::Tickets { sequence: 0 });
    }
    hears("event: block\ndata: {\"height\":201}\n\n").await;
    listener.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_serves_the_site_within_limits() {
    let mut site = site().await;
    let mut face = Face::nginx(&site).await;
    serves_the_site(&face, &site).await;

    let body = format!("x={}", "y".repeat(100_000));
    let large = face.ask("127.0.0.7", "/signin", &["--data", &body]).await;
    large.begins("http/2 413");

    // One at once and a hundred more; then one a minute. Others are not hindered.
    let many = face.url("/healthz?[1-110]");
    let codes = [
        "--interface",
        "127.0.0.9",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}\n",
    ];
    let mut curl = face.curl();
    curl.args(codes).arg(many);
    let work = tokio::task::spawn_blocking(move || succeeds(&mut curl));
    let said = work.await.expect("curl");
    let refused = said.lines().filter(|line| *line == "429").count();
    assert!((8..=9).contains(&refused), "{said}");
    face.ask("127.0.0.7", "/healthz", &[])
        .await
        .begins("http/2 200");

    // What never changes is there while web is away.
    let page = face.ask("127.0.0.7", "/", &[]).await;
    let asset = page.body.split('"').find(|it| it.starts_with("/assets/"));
    let asset = asset.expect("a page has a style").to_owned();
    assert!(site.stop().await.success());
    face.ask("127.0.0.7", &asset, &[])
        .await
        .begins("http/2 200");
    face.ask("127.0.0.7", "/", &[]).await.begins("http/2 502");
    face.process.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_serves_the_site() {
    let site = site().await;
    let mut face = Face::caddy(&site).await;
    serves_the_site(&face, &site).await;
    face.process.stop();
}
