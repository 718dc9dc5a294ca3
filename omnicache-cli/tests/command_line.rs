//! The binary against stores that the library made: what it prints, in both forms, and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use omnicache_runtime::Codec;
use omnicache_runtime::store::{
    DiskStore, Identity, NewRecord, Place, RecordInfo, StoreKey, StoreOptions, Stored,
};
use serde_json::{Value, json};

/// A store with an inline entry and an array file in namespace `a`, and a blob in `b`.
struct Example {
    place: tempfile::TempDir,
}

/// Canonical bytes of `42_u64` and `"text"`, as `docs/format.md` and the library's keys have them.
fn arguments() -> Vec<u8> {
    let mut bytes = vec![6];
    bytes.extend_from_slice(&42_u64.to_le_bytes());
    bytes.push(17);
    bytes.extend_from_slice(&4_u64.to_le_bytes());
    bytes.extend_from_slice(b"text");
    bytes
}

fn put(store: &DiskStore, namespace: &str, code: u128, place: Place, payload: &[u8], ttl: Option<u64>) {
    let identity = Arc::new(Identity {
        namespace: namespace.into(),
        site: "krate::work".into(),
        path: "krate::work".into(),
        code,
        shape: 1,
    });
    let mut hasher = blake3::Hasher::new();
    hasher.update(namespace.as_bytes()).update(&arguments());
    let arguments_hash = *hasher.finalize().as_bytes();
    let hash = *hasher.update(&code.to_le_bytes()).finalize().as_bytes();
    let key = StoreKey {
        identity,
        hash,
        arguments: std::array::from_fn(|i| arguments_hash[i]),
        bytes: arguments(),
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let info = RecordInfo {
        codec: Codec::Raw,
        shell: vec![],
        cost: 1_500_000,
        stored_at: u64::try_from(now).unwrap(),
        ttl,
        packed: payload.len() > 40_000,
    };
    let stored = store.put(NewRecord {
        key: &key,
        info,
        place,
        size: payload.len() as u64,
        since: store.generation(&key.identity),
        refresh: false,
        write: &mut |out| {
            out.write_all(payload).unwrap();
            Ok(())
        },
    });
    assert!(matches!(stored.unwrap(), Stored::Kept { .. }));
}

impl Example {
    fn new() -> Self {
        let example = Self { place: tempfile::tempdir().unwrap() };
        let store = DiskStore::open(&StoreOptions::new(example.dir())).unwrap();
        put(&store, "a", 1, Place::Record, b"inline", None);
        put(&store, "a", 2, Place::ArrayFile("npy"), &[7; 3000], None);
        put(&store, "b", 1, Place::Record, &vec![8; 50_000], None);
        example
    }

    fn dir(&self) -> PathBuf {
        self.place.path().join("store")
    }

    fn path(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    /// Runs a command on the store.
    fn run(&self, arguments: &[&str]) -> Output {
        run(&self.dir(), arguments)
    }

    /// Runs a command, expects its exit code, and returns what it prints.
    fn text(&self, arguments: &[&str], code: i32) -> String {
        text(self.run(arguments), code)
    }

    /// The same with `--json`.
    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        serde_json::from_str(&self.text(&arguments, code)).unwrap()
    }

    fn array_file(&self) -> PathBuf {
        let listed = self.json(&["ls"], 0);
        let name = listed[1]["file"].as_str().unwrap().to_owned();
        self.dir().join("omnicache.v1").join(name)
    }
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_omnicache"))
        .args(arguments)
        .env("OMNICACHE_DIR", dir)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(output: Output, code: i32) -> String {
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    if out.is_empty() { err } else { out }
}

#[test]
fn stats_counts_in_all_and_by_namespace() {
    let example = Example::new();
    let stats = example.json(&["stats"], 0);
    assert_eq!(stats["entries"], 3);
    assert_eq!(stats["namespaces"][0]["namespace"], "a");
    assert_eq!(stats["namespaces"][0]["entries"], 2);
    assert_eq!(stats["namespaces"][1]["namespace"], "b");
    assert!(stats["bytes"].as_u64().unwrap() > 53_000);
    let text = example.text(&["stats"], 0);
    assert!(text.contains("3 entries, 52.") && text.lines().count() == 4, "{text}");
}

#[test]
fn ls_lists_with_arguments_and_show_tells_all_of_one() {
    let example = Example::new();
    let listed = example.json(&["ls"], 0);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(listed[0]["arguments"], "(42, \"text\")");
    assert_eq!(listed[0]["where"], "inline");
    assert_eq!(listed[1]["where"], "array");
    assert_eq!(listed[2]["where"], "blob");
    assert_eq!(example.json(&["ls", "--namespace", "b"], 0).as_array().unwrap().len(), 1);
    assert_eq!(example.json(&["ls", "--limit", "2"], 0).as_array().unwrap().len(), 2);
    let text = example.text(&["ls"], 0);
    assert!(text.contains("a: krate::work(42, \"text\")") && text.lines().count() == 3, "{text}");
    let hash = listed[1]["hash"].as_str().unwrap();
    assert_eq!(example.json(&["show", &hash[..10]], 0), listed[1]);
    let text = example.text(&["show", &hash[..10]], 0);
    for part in ["krate::work(42, \"text\")", hash, "arrays/", "1.5ms", "for ever", "2.9 KiB"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("zstd") && listed[1]["packed"] == false);
    let compressed = listed.as_array().unwrap().iter().find(|entry| entry["packed"] == true).unwrap();
    let text = example.text(&["show", compressed["hash"].as_str().unwrap()], 0);
    assert!(text.contains("compressed with zstd"), "{text}");
    example.text(&["show", "zz"], 2);
    let missing = if hash.starts_with("00000") { "11111" } else { "00000" };
    assert!(example.text(&["show", missing], 1).contains("no entry"));
}

#[test]
fn verify_exits_with_1_until_it_is_repaired() {
    let example = Example::new();
    assert_eq!(example.json(&["verify"], 0)["clean"], true);
    assert!(example.text(&["verify"], 0).contains("3 entries of 51.7 KiB checked: all is well"));
    fs::remove_file(example.array_file()).unwrap();
    let found = example.json(&["verify"], 1);
    assert_eq!((&found["clean"], &found["problems"][0]["kind"]), (&json!(false), &json!("payload")));
    assert_eq!(found["problems"][0]["repaired"], false);
    assert!(example.text(&["verify"], 1).contains("--repair"));
    assert_eq!(example.json(&["verify", "--repair"], 0)["problems"][0]["repaired"], true);
    assert_eq!(example.json(&["verify"], 0)["entries"], 2);
}

#[test]
fn verify_looks_at_a_damaged_index_without_replacing_it() {
    let example = Example::new();
    let index = example.dir().join("omnicache.v1/index.sqlite");
    fs::write(&index, b"no database at all").unwrap();
    for name in ["index.sqlite-wal", "index.sqlite-shm"] {
        let _ = fs::remove_file(example.dir().join("omnicache.v1").join(name));
    }
    assert_eq!(example.json(&["verify"], 1)["problems"][0]["kind"], "index");
    assert_eq!(fs::read(&index).unwrap(), b"no database at all");
    assert_eq!(example.json(&["doctor"], 1)["ok"], false);
    example.run(&["verify", "--repair"]);
    example.text(&["verify"], 0);
}

#[test]
fn gc_removes_old_versions_and_keeps_as_many_as_asked() {
    let example = Example::new();
    assert_eq!(example.json(&["gc", "--keep", "2"], 0)["superseded"], 0);
    let done = example.json(&["gc"], 0);
    assert_eq!((&done["superseded"], &done["expired"]), (&json!(1), &json!(0)));
    assert!(example.text(&["gc"], 0).contains("0 of old versions"));
    assert_eq!(example.json(&["stats"], 0)["entries"], 2);
    example.text(&["gc", "--keep", "0"], 2);
}

#[test]
fn clear_wants_yes_where_nobody_can_be_asked() {
    let example = Example::new();
    assert!(example.text(&["clear"], 2).contains("--yes"));
    assert_eq!(example.json(&["clear", "--namespace", "a", "--yes"], 0)["removed"], 2);
    assert_eq!(example.json(&["stats"], 0)["entries"], 1);
    assert!(example.text(&["clear", "--yes"], 0).contains("removed 1 entry"));
    assert_eq!(example.json(&["stats"], 0)["entries"], 0);
}

#[test]
fn an_export_is_imported_elsewhere() {
    let example = Example::new();
    let file = example.path("file");
    assert_eq!(example.json(&["export", &file], 0)["entries"], 3);
    assert!(
        example.text(&["export", &file], 1).contains("cannot be made"),
        "an existing file is not overwritten"
    );
    let other = example.path("other");
    let imported = text(run(Path::new(&other), &["import", &file, "--json"]), 0);
    assert_eq!(serde_json::from_str::<Value>(&imported).unwrap()["added"], 3);
    let again = text(run(Path::new(&other), &["import", &file]), 0);
    assert!(again.contains("0 entries") && again.contains("3 were there already"), "{again}");
    text(run(Path::new(&other), &["verify"]), 0);
    let one = example.path("one");
    assert_eq!(example.json(&["export", &one, "--namespace", "b"], 0)["entries"], 1);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 100]).unwrap();
    let cut = text(run(Path::new(&example.path("third")), &["import", &file]), 1);
    assert!(cut.contains("record 3") && cut.contains("cut short"), "{cut}");
}

#[test]
fn a_snapshot_is_restored_elsewhere() {
    let example = Example::new();
    let (saved, new) = (example.path("saved"), example.path("new"));
    assert_eq!(example.json(&["snapshot", &saved], 0)["entries"], 3);
    let restored = text(run(Path::new(&new), &["restore", &saved]), 0);
    assert!(restored.contains("3 entries of"), "{restored}");
    text(run(Path::new(&new), &["verify"]), 0);
    let occupied = text(run(Path::new(&new), &["restore", &saved]), 3);
    assert!(occupied.contains("is there already"), "{occupied}");
    let missing = text(run(Path::new(&example.path("newer")), &["restore", &example.path("nothing")]), 3);
    assert!(missing.contains("there is no store in"), "{missing}");
}

#[test]
fn doctor_finds_what_is_wrong_around_a_store() {
    let example = Example::new();
    let found = example.json(&["doctor"], 0);
    assert_eq!(found["ok"], true, "{found}");
    let names: Vec<_> =
        found["checks"].as_array().unwrap().iter().map(|check| check["check"].clone()).collect();
    assert_eq!(names, ["directory", "permissions", "file system", "free space", "index", "log", "limit"]);
    assert!(example.text(&["doctor"], 0).contains("ok      index: sound"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let root = example.dir().join("omnicache.v1");
        fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
        let text = example.text(&["doctor"], 1);
        assert!(text.contains("PROBLEM permissions: mode 777") && text.contains("chmod"), "{text}");
        assert!(example.text(&["stats"], 3).contains("can be written by other users"));
    }
    let nowhere = text(run(&example.place.path().join("nowhere"), &["doctor"]), 1);
    assert!(nowhere.contains("PROBLEM directory"), "{nowhere}");
}

#[test]
fn exit_codes_tell_usage_from_a_store_that_is_not_there() {
    let example = Example::new();
    example.text(&["nonsense"], 2);
    example.text(&[], 2);
    let nowhere = example.place.path().join("nowhere");
    for command in [&["stats"][..], &["ls"], &["verify"], &["gc"], &["clear", "--yes"], &["show", "00"]] {
        assert!(text(run(&nowhere, command), 3).contains("there is no store in"), "{command:?}");
        assert!(!nowhere.exists(), "{command:?} makes nothing");
    }
    let error: Value = serde_json::from_str(&text(run(&nowhere, &["stats", "--json"]), 3)).unwrap();
    assert_eq!(error["code"], 3);
    let help = example.text(&["--help"], 0);
    assert!(help.contains("Exit codes: 0 fine; 1 problems"), "{help}");
    let dir = example.dir().display().to_string();
    text(run(&nowhere, &["stats", "--dir", &dir]), 0);
}
