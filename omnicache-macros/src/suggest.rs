//! Finds what a misspelt word was meant to be.

/// The one of `known` that is nearest to `word`, if it is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase().replace('-', "_");
    // A third of the letters may be wrong: more than that is another word.
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in 0..=left.len() {
        for j in 0..=right.len() {
            if i == 0 || j == 0 {
                rows[i][j] = i + j;
                continue;
            }
            let cost = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["ttl", "idle", "max_entries", "max_bytes", "persist"];
        assert_eq!(nearest("tll", known), Some("ttl"));
        assert_eq!(nearest("max_entires", known), Some("max_entries"));
        assert_eq!(nearest("MAX-BYTES", known), Some("max_bytes"));
        assert_eq!(nearest("persists", known), Some("persist"));
    }

    #[test]
    fn a_far_word_is_not_guessed_at() {
        assert_eq!(nearest("banana", ["ttl", "idle"]), None);
        assert_eq!(nearest("x", ["ttl", "idle"]), None);
    }

    #[test]
    fn swapped_neighbours_count_once() {
        assert_eq!(distance("tlt", "ttl"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
