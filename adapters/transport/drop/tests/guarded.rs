//! Where the name of an SFTP server may lead: to public addresses, and near us only where the partner's file says so.

use std::time::Duration;

use domain::socket::{Cause, OptionFault};
use russh::keys::{PublicKey, decode_secret_key};

use super::boxes::{now, remote};
use super::server::{SftpServer, partner_options};
use crate::options::Reading;
use crate::transport::address::{Guard, Networks};
use crate::transport::drop::mailbox::{Folder, Mailbox};
use crate::transport::drop::options;
use crate::transport::drop::sftp::{Proof, SftpBox};

const NAME: &str = "front.bank.example";

/// A box on this server by a name that leads to this machine.
fn by_name(server: &SftpServer, networks: Networks) -> Mailbox {
    let [_, (_, host_key), (_, key)] = <[_; 3]>::try_from(server.options()).unwrap();
    let guard = Guard::new(vec![NAME.to_owned()], networks).with_lookup(vec!["127.0.0.1".parse().unwrap()]);
    let place = SftpBox {
        host: NAME.to_owned(),
        guard: Some(guard),
        port: server.port,
        user: server.user.clone(),
        proof: Proof::Key(std::sync::Arc::new(decode_secret_key(&key, None).unwrap())),
        host_key: PublicKey::from_openssh(host_key.trim()).unwrap(),
        root: server.root().to_str().unwrap().to_owned(),
        connect_timeout: Duration::from_secs(20),
        timeout: Duration::from_secs(60),
    };
    Mailbox::sftp(place, Duration::from_secs(60))
}

#[test]
fn a_name_that_leads_near_us_is_called_only_where_the_file_lists_the_network() {
    let server = SftpServer::start();
    std::fs::create_dir(server.root().join("taken")).unwrap();
    for (networks, wanted) in
        [(None, Err(Cause::Address)), (Some("127.0.0.0/8"), Ok(false)), (Some("10.0.0.0/8"), Err(Cause::Address))]
    {
        let networks = networks.map_or_else(Networks::default, |text| Networks::parse(text).unwrap());
        assert_eq!(now(by_name(&server, networks).has(Folder::Taken, "a.zip")), wanted);
    }
}

#[test]
fn the_guard_stands_before_every_name_of_a_file() {
    let server = SftpServer::start();
    let by = |host: &str| {
        let mut options = server.options();
        options[0].1 = options[0].1.replace("127.0.0.1", host);
        now(remote(&options, "bank", 20_000, 60_000).has(Folder::Taken, "a.zip"))
    };
    assert_eq!(by("localhost"), Ok(false), "this machine, said by its own name");
    // A name to us, an address to whoever looks it up.
    assert_eq!(by("127.1"), Err(Cause::Address));
}

fn faults(entries: &[(&'static str, String)]) -> Vec<(String, String)> {
    let options = partner_options(entries);
    let mut reading = Reading::begin(&options, &options::TABLE);
    assert!(options::read(&mut reading, &options, "bank").is_none());
    reading.faults.into_iter().map(|OptionFault { key, message, .. }| (key, message)).collect()
}

#[test]
fn addresses_of_nobody_and_networks_out_of_place_are_faults() {
    let server = SftpServer::start();
    for address in ["169.254.169.254", "100.100.100.200", "0.0.0.0", "[fe80::1]"] {
        let mut options = server.options();
        options[0].1 = format!("sftp://court@{address}/boxes");
        let faults = faults(&options);
        assert!(faults.len() == 1 && faults[0].0 == "sftp" && faults[0].1.contains("no partner has"), "{faults:?}");
    }
    let mut wide = server.options();
    wide.push(("networks", "0.0.0.0/0".to_owned()));
    assert_eq!(faults(&wide)[0].0, "networks");
    let folder = [("folder", "/boxes".to_owned()), ("networks", "10.0.0.0/8".to_owned())];
    assert_eq!(faults(&folder)[0].0, "networks");
}
