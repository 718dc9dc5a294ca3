//! The one table of options: it drives parsing, the errors and the guesses at what was meant.

use super::read::{self, Reader};

/// An option of `#[cache(...)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opt {
    Config,
    Backend,
    Threshold,
    Ttl,
    Idle,
    MaxEntries,
    MaxBytes,
    Policy,
    Persist,
    Ephemeral,
    Dir,
    Namespace,
    Version,
    Key,
    Ignore,
    Depends,
    CacheErr,
    CacheIf,
    TtlIf,
    Local,
    Associated,
    Companion,
    Crate,
}

/// How an option is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `name`
    Flag,
    /// `name = value`
    Value,
    /// `name(a, b)`
    Names,
    /// `name(expression, expression)`
    Expressions,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) option: Opt,
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// A right spelling, shown when the option is written wrongly.
    pub(crate) example: &'static str,
    /// What turns the value into a part of the settings.
    pub(crate) read: Reader,
    /// Names that people give it elsewhere.
    pub(crate) synonyms: &'static [&'static str],
}

const fn row(
    option: Opt,
    name: &'static str,
    shape: Shape,
    example: &'static str,
    read: Reader,
    synonyms: &'static [&'static str],
) -> Spec {
    Spec { option, name, shape, example, read, synonyms }
}

/// Every option there is, in the order of the documentation.
#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    row(Opt::Config, "config", Shape::Value, "config = for_ndarray()", read::config, &["with", "options", "settings"]),
    row(Opt::Backend, "backend", Shape::Value, "backend = disk", read::backend, &["store", "storage", "tier"]),
    row(Opt::Threshold, "threshold", Shape::Value, "threshold = \"1MiB\"", read::threshold, &["large", "split", "cutoff"]),
    row(Opt::Ttl, "ttl", Shape::Value, "ttl = \"10m\"", read::ttl, &["time", "time_to_live", "expire", "expires", "expiry", "expire_after", "max_age", "timeout", "duration"]),
    row(Opt::Idle, "idle", Shape::Value, "idle = \"10m\"", read::idle, &["tti", "time_to_idle"]),
    row(Opt::MaxEntries, "max_entries", Shape::Value, "max_entries = 10_000", read::max_entries, &["size", "capacity", "maxsize", "max_size", "max_capacity", "limit", "entries"]),
    row(Opt::MaxBytes, "max_bytes", Shape::Value, "max_bytes = \"256MiB\"", read::max_bytes, &["bytes", "memory_limit", "max_memory", "max_weight", "weight"]),
    row(Opt::Policy, "policy", Shape::Value, "policy = lru", read::policy, &["eviction", "eviction_policy", "evict"]),
    row(Opt::Persist, "persist", Shape::Flag, "persist", read::persist, &["persistent", "save", "durable"]),
    row(Opt::Ephemeral, "ephemeral", Shape::Flag, "ephemeral", read::ephemeral, &["transient", "temporary", "no_disk", "in_memory"]),
    row(Opt::Dir, "dir", Shape::Value, "dir = \"cache\"", read::dir, &["path", "folder", "directory", "cache_dir", "location"]),
    row(Opt::Namespace, "namespace", Shape::Value, "namespace = \"reports\"", read::namespace, &["ns", "prefix"]),
    row(Opt::Version, "version", Shape::Value, "version = 2", read::version, &["ver", "revision", "code"]),
    row(Opt::Key, "key", Shape::Value, "key = id", read::key, &["convert", "by", "hash", "key_fn"]),
    row(Opt::Ignore, "ignore", Shape::Names, "ignore(client)", read::ignore, &["skip", "exclude", "without", "except"]),
    row(Opt::Depends, "depends", Shape::Expressions, "depends(file(path))", read::depends, &["depend", "depends_on", "file", "files", "inputs", "watch"]),
    row(Opt::CacheErr, "cache_err", Shape::Flag, "cache_err", read::cache_err, &["cache_error", "cache_errors", "keep_err", "errors"]),
    row(Opt::CacheIf, "cache_if", Shape::Value, "cache_if = |value| value.is_some()", read::cache_if, &["if", "when", "condition", "keep_if", "filter"]),
    row(Opt::TtlIf, "ttl_if", Shape::Value, "ttl_if = |value| value.max_age", read::ttl_if, &["ttl_by", "ttl_fn", "ttl_of", "ttl_per_entry", "expire_if", "expires_if"]),
    row(Opt::Local, "local", Shape::Flag, "local", read::local, &["thread_local", "per_thread", "unsync"]),
    row(Opt::Associated, "associated", Shape::Flag, "associated", read::associated, &["assoc", "static", "in_impl"]),
    row(Opt::Companion, "companion", Shape::Value, "companion = other_name", read::companion, &["name", "rename"]),
    row(Opt::Crate, "crate", Shape::Value, "crate = path::to::omnicache", read::krate, &["krate", "crate_path"]),
];

/// Words that are values, not options, with the option each is a value of.
pub(crate) const VALUES: &[(&str, &str)] = &[
    ("memory", "backend = memory"),
    ("disk", "backend = disk"),
    ("array", "backend = array"),
    ("hybrid", "backend = hybrid"),
    ("lru", "policy = lru"),
    ("lfu", "policy = lfu"),
    ("fifo", "policy = fifo"),
    ("random", "policy = random"),
    ("s3_fifo", "policy = s3_fifo"),
];

/// The row of the option that is spelt `name`.
pub(crate) fn find(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name)
}

/// The sentence for an unknown option, which is written like a call perhaps: a configuration where an option should be.
pub(crate) fn unknown(name: &str, is_call: bool) -> String {
    let config =
        || format!("`{name}` is no option of `#[cache]`: write a configuration as `config = {name}()`");
    if name.starts_with("for_") || is_call && name == "hybrid" {
        return config();
    }
    let meant = VALUES
        .iter()
        .find(|(word, _)| *word == name)
        .map(|(_, spelling)| *spelling)
        .or_else(|| TABLE.iter().find(|spec| spec.synonyms.contains(&name)).map(|spec| spec.example))
        .or_else(|| {
            crate::suggest::nearest(name, TABLE.iter().map(|spec| spec.name))
                .and_then(find)
                .map(|spec| spec.example)
        });
    if let Some(spelling) = meant {
        return format!("`{name}` is no option of `#[cache]`: did you mean `{spelling}`?");
    }
    if is_call {
        return config();
    }
    let names: Vec<_> = TABLE.iter().map(|spec| spec.name).collect();
    format!("`{name}` is no option of `#[cache]`: use one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(name: &str) -> String {
        unknown(name, false)
    }

    #[test]
    fn a_configuration_is_told_from_an_option() {
        for helper in ["for_ndarray", "hybrid", "large_results"] {
            assert!(unknown(helper, true).ends_with(&format!("`config = {helper}()`")));
        }
        assert!(meant("for_ndarray").ends_with("`config = for_ndarray()`"));
        assert!(meant("hybrid").contains("`backend = hybrid`"));
        assert!(unknown("ignored", true).contains("`ignore(client)`"), "that is nearer");
    }

    #[test]
    fn a_misspelt_option_is_guessed() {
        assert!(meant("tll").contains("did you mean `ttl = \"10m\"`?"));
        assert!(meant("max_entires").contains("`max_entries = 10_000`"));
        assert!(meant("ignored").contains("`ignore(client)`"));
    }

    #[test]
    fn a_synonym_is_known() {
        assert!(meant("size").contains("`max_entries = 10_000`"));
        assert!(meant("capacity").contains("`max_entries = 10_000`"));
        assert!(meant("time").contains("`ttl = \"10m\"`"));
        assert!(meant("ttl_fn").contains("`ttl_if = |value| value.max_age`"));
        assert!(meant("disk").contains("`backend = disk`"));
        assert!(meant("lru").contains("`policy = lru`"));
    }

    #[test]
    fn a_strange_word_gets_the_list() {
        assert!(meant("xyzzyplugh").contains("config, backend, threshold"));
    }

    #[test]
    fn no_name_or_synonym_means_two_options() {
        let mut words: Vec<&str> = TABLE.iter().flat_map(|spec| spec.synonyms.iter().copied()).collect();
        words.extend(TABLE.iter().map(|spec| spec.name));
        words.extend(VALUES.iter().map(|(word, _)| *word));
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
