//! Where a scenario's promises stand in its text, for tools that point at lines.

use toml::de::{DeTable, DeValue};

/// The lines of the promises' names (or of the promises, where a name is missing), in their order, counted from 1.
pub fn promise_lines(text: &str) -> Vec<usize> {
    let (document, _) = DeTable::parse_recoverable(text);
    let line = |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
    let promises = document.get_ref().iter().find(|(key, _)| key.get_ref() == "promise").map(|(_, value)| value);
    let Some(DeValue::Array(promises)) = promises.map(toml::Spanned::get_ref) else { return Vec::new() };
    let of = |promise: &toml::Spanned<DeValue<'_>>| {
        let name = match promise.get_ref() {
            DeValue::Table(table) => table.iter().find(|(key, _)| key.get_ref() == "name").map(|(key, _)| key.span()),
            _ => None,
        };
        line(name.unwrap_or_else(|| promise.span()).start)
    };
    promises.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::promise_lines;

    #[test]
    fn promises_are_found_where_they_stand() {
        let text =
            "name = \"a\"\n\n[[promise]]\nmetric = \"x\"\nname = \"one\"\n# between\n[[promise]]\nname = \"two\"\n";
        assert_eq!(promise_lines(text), [5, 8]);
        assert_eq!(promise_lines("promise = [{ name = \"one\" },\n{ name = \"two\" }]"), [1, 2]);
        assert_eq!(promise_lines("name = \"a\""), [] as [usize; 0]);
        assert_eq!(promise_lines("= no toml"), [] as [usize; 0]);
    }
}
