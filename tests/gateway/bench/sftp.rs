//! A real SFTP server for one test: Debian's sshd as whoever runs the tests, on a free port, with keys of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server; ends with its value.
pub struct Sftp {
    pub port: u16,
    folder: tempfile::TempDir,
    user: String,
    child: Child,
}

fn key(path: &Path) {
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path).status();
    assert!(made.expect("ssh-keygen is installed: .ci/test installs what tests drive").success());
}

impl Sftp {
    pub fn start() -> Self {
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
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
                 PasswordAuthentication no\nPermitRootLogin yes\nMaxStartups 100\nLogLevel INFO\nSubsystem sftp internal-sftp\n",
                at("host").display(),
                at("authorized").display(),
            );
            std::fs::write(at("config"), config).unwrap();
            let mut sshd = Command::new("/usr/sbin/sshd");
            sshd.args(["-D", "-e", "-f"]).arg(at("config")).stderr(Stdio::piped());
            let mut child = sshd.spawn().expect("sshd is installed: .ci/test installs what tests drive");
            let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
            if said.by_ref().map_while(Result::ok).any(|line| line.contains("Server listening")) {
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
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("box")
    }

    /// The lines of `[options]` that lead to it; the key stands in `secrets/sftp.key`.
    pub fn options(&self) -> String {
        let host = std::fs::read_to_string(self.folder.path().join("host.pub")).unwrap();
        format!(
            "sftp = \"sftp://{}@127.0.0.1:{}{}\"\nhost_key = \"{}\"\nkey = \"file:secrets/sftp.key\"\n",
            self.user,
            self.port,
            self.root().display(),
            host.trim()
        )
    }

    /// The user's private key.
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("user")).unwrap()
    }
}

impl Drop for Sftp {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
