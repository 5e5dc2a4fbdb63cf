//! Trying a mailbox: is it there, may we do in it what we must, does a file appear whole; nothing stays behind.

use std::sync::Arc;

use domain::socket::{Cause, Tried, Went};

use super::growing::growing;
use super::mailbox::{Folder, Mailbox, PutFault, is_plain};

/// The name of what a trial leaves for a moment: hidden, so that neither side takes it for a packet.
const NAME: &str = ".xiezhi-trial";
/// What stands in it.
const BYTES: &[u8] = b"xiezhi partner check; may be deleted\n";

/// All steps, in order; what follows on a bad one is left out.
pub(super) async fn try_out(mailbox: &Mailbox) -> Vec<Tried> {
    let mut steps = Vec::new();
    let found = mailbox.list(Folder::Upload, Arc::new(is_plain)).await;
    if mailbox.is_remote() {
        steps.push(server(found.as_ref().err().copied()));
    }
    match found {
        Ok(listed) => steps.push(tried(
            "mailbox",
            Went::Well,
            format!("邮箱存在；upload 中有 {} 个文件", listed.files.len()),
            format!("is there; {} file(s) lie in upload", listed.files.len()),
        )),
        Err(cause) => {
            if !(mailbox.is_remote() && is_of_the_server(cause)) {
                let (chinese, english) = absent(mailbox, cause);
                steps.push(tried("mailbox", Went::Badly, chinese, english));
            }
            return steps;
        }
    }
    steps.push(rights(mailbox).await);
    steps.push(rename(mailbox).await);
    // Whatever went wrong in between, nothing of ours stays.
    for folder in [Folder::Download, Folder::Upload, Folder::Taken, Folder::SetAside] {
        let _gone_or_never_there = mailbox.remove(folder, NAME).await;
        let _gone_or_never_there = mailbox.remove(folder, &growing(NAME)).await;
    }
    steps
}

fn tried(step: &'static str, went: Went, chinese: impl Into<String>, english: impl Into<String>) -> Tried {
    Tried { step, went, told: (chinese.into(), english.into()) }
}

/// Did it end before anybody looked into the box?
fn is_of_the_server(cause: Cause) -> bool {
    matches!(cause, Cause::Name | Cause::Address | Cause::Connect | Cause::ConnectTimeout | Cause::HostKey)
}

/// The server, its key, and our account there.
fn server(fault: Option<Cause>) -> Tried {
    match fault {
        Some(cause) if is_of_the_server(cause) => {
            let (chinese, english) = cause.told();
            tried("host key", Went::Badly, chinese, english)
        }
        _ => tried("host key", Went::Well, "服务器出示的密钥与文件一致", "the server showed the key of the file"),
    }
}

fn absent(mailbox: &Mailbox, cause: Cause) -> (String, String) {
    let (chinese, english) = match cause {
        Cause::Credential if mailbox.is_remote() => (
            "账号被拒绝或无权读取；请检查 options.sftp 中的用户、options.key 或 options.password",
            "our account is refused, or may not read; look at the user in options.sftp and at options.key or options.password",
        ),
        Cause::Credential => {
            ("无权读取该文件夹；请检查运行账户的权限", "this account may not read the folder; look at its rights")
        }
        _ if mailbox.is_remote() => (
            "服务器上没有该路径；请检查 options.sftp 的路径并请对方建立文件夹",
            "the server has no such path; look at the path in options.sftp and ask the partner to make the folder",
        ),
        _ => (
            "文件夹不存在或未挂载；请检查 options.folder 并先建立该伙伴的文件夹",
            "the folder is not there or not mounted; look at options.folder and make the partner's folder below it",
        ),
    };
    (chinese.to_owned(), format!("{english} ({})", cause.word()))
}

fn cause_of(fault: PutFault) -> Cause {
    match fault {
        PutFault::NotThere(cause) | PutFault::Unknown(cause) => cause,
        PutFault::Other => Cause::Schema,
    }
}

/// What is done in each folder, done once: left, read, moved, taken away.
async fn rights(mailbox: &Mailbox) -> Tried {
    let put = async |folder| mailbox.put(folder, NAME, BYTES.to_vec()).await.map_err(|fault| (folder, cause_of(fault)));
    let done = async {
        put(Folder::Download).await?;
        let read =
            mailbox.read(Folder::Download, NAME, BYTES.len()).await.map_err(|cause| (Folder::Download, cause))?;
        if read.as_deref() != Some(BYTES) {
            return Err((Folder::Download, Cause::Schema));
        }
        put(Folder::Taken).await?;
        put(Folder::Upload).await?;
        let to = (Folder::SetAside, NAME);
        mailbox.shift((Folder::Upload, NAME), to).await.map_err(|cause| (Folder::SetAside, cause))?;
        for folder in [Folder::Download, Folder::Taken, Folder::SetAside] {
            mailbox.remove(folder, NAME).await.map_err(|cause| (folder, cause))?;
        }
        Ok(())
    };
    match done.await {
        Ok(()) => tried(
            "rights",
            Went::Well,
            "可在 download、upload、taken、set_aside 中读写、移动和删除",
            "we may leave, read, move and delete in download, upload, taken and set_aside",
        ),
        Err((folder, cause)) => tried(
            "rights",
            Went::Badly,
            format!("在 {} 中不能读写、移动或删除；请检查权限与剩余空间", folder.name()),
            format!(
                "not all that must be done can be done in {} ({}); look at the rights and the space there",
                folder.name(),
                cause.word()
            ),
        ),
    }
}

/// A file that grows under one name and appears under another must never be seen half, nor take the place of one that stands there.
async fn rename(mailbox: &Mailbox) -> Tried {
    let moved = async {
        mailbox.put(Folder::Download, NAME, BYTES.to_vec()).await.map_err(cause_of)?;
        let is_whole = mailbox.read(Folder::Download, NAME, BYTES.len()).await?.as_deref() == Some(BYTES);
        let is_left = mailbox.has(Folder::Download, &growing(NAME)).await?;
        let second = mailbox.put(Folder::Download, NAME, b"another".to_vec()).await;
        let stands = mailbox.read(Folder::Download, NAME, BYTES.len()).await?.as_deref() == Some(BYTES);
        mailbox.remove(Folder::Download, NAME).await?;
        Ok::<bool, Cause>(is_whole && !is_left && stands && second == Err(PutFault::Other))
    };
    match moved.await {
        Ok(true) => tried(
            "rename",
            Went::Well,
            "文件先以临时名写完再更名，出现时即完整，且不覆盖已有文件",
            "a file appears whole under its name, leaves nothing under the other, and takes no other's place",
        ),
        Ok(false) => tried(
            "rename",
            Went::Badly,
            "更名后文件不完整、临时文件仍在或已有文件被覆盖；对方可能读到半个文件，请更换存储",
            "after a rename the file is not whole, stands twice or took another's place; the partner could read half a packet: use another storage",
        ),
        Err(cause) => tried(
            "rename",
            Went::Badly,
            "不能更名；请检查权限与存储",
            format!("a file cannot be renamed ({}); look at the rights and the storage", cause.word()),
        ),
    }
}
