//! A real SFTP server for one test: Debian's sshd as whoever runs the tests, on a free port of this machine, with keys of its own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use domain::Secret;
use domain::socket::{OptionText, PartnerOptions};

/// A running server; ends with its value.
pub(crate) struct SftpServer {
    pub(crate) port: u16,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) user: String,
    child: Child,
}

fn run(command: &mut Command) {
    let out = command.output().expect("the tool is installed: .ci/test installs what tests drive");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

fn key(path: &Path) {
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl SftpServer {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        key(&at("host"));
        key(&at("user"));
        std::fs::copy(at("user.pub"), at("authorized")).unwrap();
        std::fs::create_dir(at("box")).unwrap();
        // Root's sshd wants its empty folder, which a package's service would have made; others need none.
        drop(std::fs::create_dir_all("/run/sshd"));
        // Another program may take the port between our asking and its binding; then the next one is tried.
        for _ in 0..20 {
            let port = free_port();
            let config = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
                 PasswordAuthentication no\nPermitRootLogin yes\nLogLevel INFO\nSubsystem sftp internal-sftp\n",
                at("host").display(),
                at("authorized").display(),
            );
            std::fs::write(at("config"), config).unwrap();
            let mut sshd = Command::new("/usr/sbin/sshd");
            sshd.args(["-D", "-e", "-f"]).arg(at("config")).stderr(Stdio::piped());
            let mut child = sshd.spawn().expect("sshd is installed: .ci/test installs what tests drive");
            let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
            let listens = said.by_ref().map_while(Result::ok).any(|line| line.contains("Server listening"));
            if listens {
                // What it says later must go somewhere, or it waits for a reader.
                std::thread::spawn(move || said.for_each(drop));
                let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
                return Self { port, user: user.trim().to_owned(), child, folder };
            }
            drop(child.wait());
        }
        panic!("sshd found no free port");
    }

    /// The folder in which boxes stand.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("box")
    }

    /// The options of the SFTP side, without those of an adapter.
    pub(crate) fn options(&self) -> Vec<(&'static str, String)> {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        vec![
            ("sftp", format!("sftp://{}@127.0.0.1:{}{}", self.user, self.port, self.root().display())),
            ("host_key", read("host.pub")),
            ("key", read("user")),
        ]
    }
}

impl Drop for SftpServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Options with time-outs that no loopback exchange reaches.
pub(crate) fn partner_options(entries: &[(&str, String)]) -> PartnerOptions {
    let entry =
        |(key, text): &(&str, String)| ((*key).to_owned(), OptionText { text: Secret::new(text.clone()), line: 1 });
    PartnerOptions {
        entries: entries.iter().map(entry).collect(),
        connect_timeout_ms: 20_000,
        timeout_ms: 60_000,
        dialect: None,
    }
}
