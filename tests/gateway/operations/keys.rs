//! Keys that are lost, open to others, or handed over by a service manager.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::bench::{Gateway, Spec, look, xiezhi};

fn refused(gateway: &mut Gateway) -> String {
    gateway.try_start().expect_err("it started")
}

#[test]
fn a_lost_master_key_is_told_by_check_and_by_serve_and_none_is_made_in_its_place() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let id = gateway.submit(&look(&[0])).id;
    gateway.wait_finished(&id);
    gateway.stop();
    let key = gateway.config.join("secrets/master.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    assert!(refused(&mut gateway).contains("master.key"));
    assert!(!key.exists(), "a fresh key would open nothing");
    let told = xiezhi(&["check", "--config", gateway.config.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("was made with it; put it back"), "{told:?}");
    std::fs::write(&key, format!("{}\n", "11".repeat(32))).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refused(&mut gateway).contains("put back the master key that this data was made with"));
    std::fs::write(&key, kept).unwrap();
    gateway.start();
    assert_eq!(gateway.view(&id).state(), "finished");
}

#[test]
fn lost_data_keys_are_refused_and_none_are_made_in_their_place() {
    let mut gateway = Gateway::with(vec![Spec::called("bank-a")]);
    let id = gateway.submit(&look(&[0])).id;
    gateway.wait_finished(&id);
    gateway.stop();
    let (keys, aside) = (gateway.data.join("keys"), gateway.root.path().join("keys.aside"));
    std::fs::rename(&keys, &aside).unwrap();
    let trail = gateway.data.join("trail");
    let kept = gateway.root.path().join("trail.aside");
    std::fs::rename(&trail, &kept).unwrap();
    let told = refused(&mut gateway);
    assert!(told.contains("there are none; restore the folder"), "{told}");
    assert!(!keys.exists(), "fresh keys would open nothing, and sign as somebody else");
    std::fs::rename(&aside, &keys).unwrap();
    drop(std::fs::remove_dir_all(&trail));
    std::fs::rename(&kept, &trail).unwrap();
    gateway.start();
    assert_eq!(gateway.view(&id).state(), "finished");
}

/// systemd opens a credential to its service by an access-control list, whose mask shows as the bits of the group.
#[test]
fn a_master_key_that_systemd_hands_over_may_show_bits_of_the_group() {
    let folder = tempfile::TempDir::new().unwrap();
    let handed = folder.path().join("credentials");
    std::fs::create_dir(&handed).unwrap();
    let key = handed.join("master.key");
    std::fs::write(&key, format!("{}\n", "2f".repeat(32))).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o440)).unwrap();
    let config = folder.path().join("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("gateway.toml"), format!("[master_key]\nfile = \"{}\"\n", key.display())).unwrap();
    let check = |directory: Option<&std::path::Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(["check", "--config"]).arg(&config).env_remove("CREDENTIALS_DIRECTORY").stdin(Stdio::null());
        if let Some(directory) = directory {
            command.env("CREDENTIALS_DIRECTORY", directory);
        }
        command.output().unwrap()
    };
    let told = check(None);
    assert!(!told.status.success() && String::from_utf8_lossy(&told.stdout).contains("others may read it"), "{told:?}");
    assert!(!check(Some(&config)).status.success(), "only what lies in the directory is handed over");
    assert!(check(Some(&handed)).status.success());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&key, "short\n").unwrap();
    assert!(String::from_utf8_lossy(&check(Some(&handed)).stdout).contains("64 hex digits"));
}
