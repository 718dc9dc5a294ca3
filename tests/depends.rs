//! `depends(...)`: what is part of the key beside the arguments, the content of files above all.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Runs, block_on, fresh, lasting};
use omnicache::{CallExplanation, cache, file};

static LINES: Runs = Runs::new();

#[cache(depends(file(path)))]
fn lines(path: &Path) -> usize {
    LINES.note();
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn a_changed_file_is_a_miss_and_an_unchanged_one_a_hit() {
    let folder = fresh();
    let path = folder.path().join("input");
    assert_eq!(
        (lines(&path), lines(&path), LINES.count()),
        (0, 0, 1),
        "a file that is not there is a key too"
    );
    fs::write(&path, "a\nb").expect("it is written");
    assert_eq!((lines(&path), lines(&path), LINES.count()), (2, 2, 2));
    fs::write(&path, "a\nb\nc").expect("it is written");
    assert_eq!((lines(&path), lines(&path), LINES.count()), (3, 3, 3));
    fs::write(&path, "a\nb").expect("it is written");
    assert_eq!((lines(&path), LINES.count()), (2, 3), "its old content is the old key");
    assert_eq!(lines::explain_call(&path), CallExplanation::MemoryHit);
    assert!(lines::invalidate(&path));
    assert_eq!((lines(&path), LINES.count()), (2, 4));
    let copy = folder.path().join("copy");
    fs::copy(&path, &copy).expect("a copy");
    assert_eq!((lines(&copy), LINES.count()), (2, 5), "the path is an argument, and part of the key");
}

static SIZES: Runs = Runs::new();

#[cache(persist, dir = lasting(), max_entries = 1, key = file(&path), depends(unit, file(extra.join("extra"))))]
fn sizes(path: PathBuf, unit: u64, extra: &Path) -> u64 {
    let _ = extra;
    SIZES.note();
    fs::metadata(path).map_or(0, |metadata| metadata.len()) / unit
}

#[test]
fn dependencies_come_beside_a_key_and_on_disk() {
    let folder = fresh();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    fs::write(&one, [0; 100]).expect("it is written");
    fs::write(&two, [0; 100]).expect("it is written");
    assert_eq!(sizes(one.clone(), 10, folder.path()), 10);
    assert_eq!(sizes(two, 10, folder.path()), 10);
    assert_eq!(SIZES.count(), 1, "the content is the key, not the path");
    assert_eq!(sizes(one.clone(), 20, folder.path()), 5);
    assert_eq!(sizes(one.clone(), 10, folder.path()), 10);
    assert_eq!(SIZES.count(), 2, "one of them from disk");
    fs::write(folder.path().join("extra"), "changed").expect("it is written");
    assert_eq!(sizes(one, 10, folder.path()), 10);
    assert_eq!(SIZES.count(), 3);
}

struct Project {
    root: PathBuf,
}

static LOADS: Runs = Runs::new();

impl Project {
    #[cache(ignore(self), depends(file(self.root.join(name))))]
    async fn load(&self, name: &str) -> Option<String> {
        LOADS.note();
        fs::read_to_string(self.root.join(name)).ok()
    }
}

#[test]
fn methods_and_async_functions_depend_on_files_too() {
    let folder = fresh();
    let project = Project { root: folder.path().to_owned() };
    block_on(async {
        assert_eq!(project.load("x").await, None);
        fs::write(folder.path().join("x"), "x").expect("it is written");
        assert_eq!(project.load("x").await.as_deref(), Some("x"));
        assert!(Project::load_contains(&project, "x").await);
        fs::write(folder.path().join("x"), "y").expect("it is written");
        assert!(!Project::load_contains(&project, "x").await);
    });
    assert_eq!(LOADS.count(), 2);
}

static ENTRIES: Runs = Runs::new();

#[cache(depends(file(path)))]
fn entries(path: &Path) -> usize {
    ENTRIES.note();
    fs::read_dir(path).map_or(0, Iterator::count)
}

#[test]
fn a_folder_never_hits() {
    let folder = fresh();
    assert_eq!((entries(folder.path()), entries(folder.path()), ENTRIES.count()), (0, 0, 2));
}

/// A body that finds its file rewritten while it runs.
fn read_and_rewrite(path: &Path) -> String {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, "after").expect("it is written");
    before
}

#[cache(depends(file(path)))]
fn rewritten(path: &Path) -> String {
    read_and_rewrite(path)
}

#[cache(persist, dir = lasting(), key = file(path))]
fn rewritten_on_disk(path: &Path) -> String {
    read_and_rewrite(path)
}

#[cache(local, depends(file(path)))]
fn rewritten_locally(path: &Path) -> String {
    read_and_rewrite(path)
}

#[cache(persist, dir = lasting(), depends(file(path)))]
async fn rewritten_awaited(path: &Path) -> String {
    read_and_rewrite(path)
}

#[test]
fn what_a_body_read_while_its_file_changed_is_not_kept() {
    let folder = fresh();
    let path = folder.path().join("input");
    let before = || fs::write(&path, "before").expect("it is written");
    before();
    assert_eq!(rewritten(&path), "before");
    before();
    assert!(!rewritten::contains(&path) && !rewritten_on_disk::contains(&path));
    assert_eq!(rewritten_on_disk(&path), "before");
    before();
    assert!(!rewritten_on_disk::contains(&path));
    assert_eq!(rewritten_on_disk::refresh(&path), "before");
    before();
    assert!(!rewritten_on_disk::contains(&path));
    assert_eq!(rewritten_locally(&path), "before");
    before();
    assert!(!rewritten_locally::contains(&path));
    block_on(async {
        assert_eq!(rewritten_awaited(&path).await, "before");
        before();
        assert!(!rewritten_awaited::contains(&path).await);
        assert_eq!(rewritten_awaited::refresh(&path).await, "before");
        before();
        assert!(!rewritten_awaited::contains(&path).await);
    });
    for stats in [rewritten::stats(), rewritten_on_disk::stats(), rewritten_awaited::stats()] {
        assert_eq!((stats.misses, stats.stores, stats.errors), (1, 0, 0));
    }
    // By then the file has become what the body makes of it, and stays so.
    fs::write(&path, "after").expect("it is written");
    assert_eq!((rewritten(&path), rewritten::contains(&path)), ("after".to_owned(), true));
}

static TOUCHED: Runs = Runs::new();

#[cache(depends(file(path)))]
fn touched(path: &Path) -> usize {
    TOUCHED.note();
    let text = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, &text).expect("it is written");
    text.len()
}

#[test]
fn what_a_body_read_is_kept_if_the_file_was_merely_touched() {
    let folder = fresh();
    let path = folder.path().join("input");
    fs::write(&path, "text").expect("it is written");
    assert_eq!((touched(&path), touched(&path), TOUCHED.count()), (4, 4, 1));
}

#[cache(depends(file(path)))]
fn made(path: &Path) -> bool {
    let there = path.exists();
    fs::write(path, "made").expect("it is written");
    there
}

#[test]
fn a_file_that_comes_to_be_while_the_body_runs_has_changed() {
    let folder = fresh();
    let path = folder.path().join("input");
    assert!(!made(&path));
    fs::remove_file(&path).expect("it was made");
    assert!(!made::contains(&path));
    fs::write(&path, "made").expect("it is written");
    assert!(made(&path) && made::contains(&path));
}
