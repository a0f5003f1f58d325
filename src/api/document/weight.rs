//! How much a document asks for, once every fragment is spread out.
//!
//! Fragments that spread one another twice double with each step: 600 bytes can stand for
//! millions of fields. Each fragment is summed up once, so weighing takes no longer than reading.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError};

use crate::limits;

use super::super::error::TOO_COMPLEX;
use super::{invalid, refusal};

/// The fields of a connection that have its rows counted.
const COUNTING: [&str; 2] = ["totalCount", "totalCountExact"];

/// What stands in a selection set, with its fragments spread out. Sums stop at the largest number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    /// Fields, spreads and inline fragments.
    selections: u64,
    /// Fields with an alias.
    aliases: u64,
    /// Fields that have a list counted.
    counts: u64,
    /// Fields of the set itself.
    fields: u64,
    /// Fields within each other.
    depth: usize,
    /// Selection sets within each other.
    nesting: usize,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.counts = self.counts.saturating_add(other.counts);
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
    }
}

/// Refuses a document that asks for too much or too deep, or whose fragments go in a circle. All
/// operations count, since the engine checks all of them. Otherwise they are given by name, each
/// with how many fields it has at its root.
pub fn check(document: &ExecutableDocument) -> Result<Vec<(Option<String>, u64)>, ServerError> {
    let fields = |(name, sum): (Option<&str>, Sum)| (name.map(str::to_owned), sum.fields);
    Ok(sums(document)?.into_iter().map(fields).collect())
}

fn sums(document: &ExecutableDocument) -> Result<Vec<(Option<&str>, Sum)>, ServerError> {
    let mut scales = Scales { fragments: &document.fragments, known: HashMap::new() };
    let mut operations = Vec::new();
    let mut whole = Sum::default();
    let mut at = Pos::default();
    for (name, operation) in document.operations.iter() {
        let sum = scales.set(&operation.node.selection_set, 0)?;
        whole.add(sum);
        at = operation.pos;
        operations.push((name.map(Name::as_str), sum));
    }
    // Also what no operation spreads: the engine follows it too.
    for (name, fragment) in &document.fragments {
        scales.fragment(name, fragment.pos, 0)?;
    }
    let most = limits::DOCUMENT_OPERATIONS_MAX;
    if operations.len() > most {
        return Err(too_complex(&format!("a document has at most {most} operations"), at));
    }
    let most = limits::SELECTIONS_MAX;
    if whole.selections > most {
        return Err(too_complex(&format!("this asks for more than {most} fields, fragments spread out"), at));
    }
    let most = limits::ALIASES_MAX;
    if whole.aliases > most {
        return Err(too_complex(&format!("this has more than {most} aliases, fragments spread out"), at));
    }
    let most = limits::COUNTS_MAX;
    if whole.counts > most {
        return Err(too_complex(&format!("this has more than {most} lists counted, fragments spread out"), at));
    }
    let most = limits::QUERY_DEPTH_MAX;
    if whole.depth > most {
        return Err(too_complex(&format!("fields nest at most {most} deep"), at));
    }
    if whole.nesting > limits::SELECTION_NESTING_MAX {
        return Err(nested_too_deep(at));
    }
    Ok(operations)
}

/// A subscription follows one thing (GraphQL, section 5.2.4.1); the engine would follow several
/// at once, and ignores fragments at the root.
pub fn check_subscription(operation: &OperationDefinition, pos: Pos) -> Result<(), ServerError> {
    match operation.selection_set.node.items.as_slice() {
        // What the schema says of itself is nothing to follow (section 6.2.3.1).
        [Positioned { node: Selection::Field(field), pos }] if field.node.name.node.starts_with("__") => {
            Err(invalid("a subscription follows a field of the schema, not what it says of itself", *pos))
        }
        [Positioned { node: Selection::Field(_), .. }] => Ok(()),
        _ => Err(invalid("a subscription has exactly one field at its root, and no fragment", pos)),
    }
}

/// The error of a document that asks for too much.
pub fn too_complex(message: &str, pos: Pos) -> ServerError {
    refusal(TOO_COMPLEX, message, Some(pos))
}

fn nested_too_deep(pos: Pos) -> ServerError {
    let most = limits::SELECTION_NESTING_MAX;
    too_complex(&format!("fields and fragments nest at most {most} deep"), pos)
}

struct Scales<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// The fragments met so far; nothing while one is being weighed.
    known: HashMap<&'a str, Option<Sum>>,
}

impl<'a> Scales<'a> {
    /// Weighs a selection set that stands in `level` others.
    fn set(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Result<Sum, ServerError> {
        if level > limits::SELECTION_NESTING_MAX {
            return Err(nested_too_deep(set.pos));
        }
        let mut sum = Sum::default();
        for selection in &set.node.items {
            let mut one = match &selection.node {
                Selection::Field(field) => {
                    let mut within = self.set(&field.node.selection_set, level + 1)?;
                    within.aliases = within.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    let is_count = COUNTING.contains(&field.node.name.node.as_str());
                    within.counts = within.counts.saturating_add(u64::from(is_count));
                    let is_leaf = field.node.selection_set.node.items.is_empty();
                    let nesting = if is_leaf { 0 } else { within.nesting + 1 };
                    Sum { fields: 1, depth: within.depth + 1, nesting, ..within }
                }
                Selection::FragmentSpread(spread) => {
                    let within = self.fragment(&spread.node.fragment_name.node, selection.pos, level + 1)?;
                    Sum { nesting: within.nesting + 1, ..within }
                }
                Selection::InlineFragment(inline) => {
                    let within = self.set(&inline.node.selection_set, level + 1)?;
                    Sum { nesting: within.nesting + 1, ..within }
                }
            };
            one.selections = one.selections.saturating_add(1);
            sum.add(one);
        }
        Ok(sum)
    }

    /// Weighs a fragment once. One that is not defined weighs nothing: the engine names it.
    fn fragment(&mut self, name: &'a Name, pos: Pos, level: usize) -> Result<Sum, ServerError> {
        match self.known.get(name.as_str()) {
            Some(Some(sum)) => return Ok(*sum),
            Some(None) => return Err(invalid(format!("the fragment `{name}` spreads itself"), pos)),
            None => {}
        }
        let Some(fragment) = self.fragments.get(name) else { return Ok(Sum::default()) };
        self.known.insert(name.as_str(), None);
        let sum = self.set(&fragment.node.selection_set, level)?;
        self.known.insert(name.as_str(), Some(sum));
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn sum(text: &str) -> Sum {
        sums(&parse_query(text).unwrap()).unwrap()[0].1
    }

    fn refused(text: &str) -> String {
        check(&parse_query(text).unwrap()).unwrap_err().message
    }

    #[test]
    fn what_is_spread_twice_counts_twice() {
        let text = "{ a { ...F } x: b { ... on T { ...F } } } fragment F on T { c y: d { e } }";
        assert_eq!(
            sum(text),
            Sum { selections: 2 + 1 + 3 + 2 + 3, aliases: 3, counts: 0, fields: 2, depth: 3, nesting: 4 }
        );
    }

    #[test]
    fn fragments_that_double_are_refused_and_not_counted_one_by_one() {
        let doubling: String =
            (0..30).map(|n| format!("fragment F{n} on Q {{ ...F{next} ...F{next} }} ", next = n + 1)).collect();
        let text = format!("{{ ...F0 }} {doubling} fragment F30 on Q {{ a }}");
        assert!(refused(&text).contains("fragments spread out"), "{}", refused(&text));
    }

    #[test]
    fn lists_that_are_counted_are_counted_once_for_each_place_they_stand_in() {
        let times = |count: u64| (0..count).map(|n| format!("a{n}: hops {{ ...F }} ")).collect::<String>();
        let text = |count: u64| format!("{{ {} }} fragment F on C {{ totalCount n: totalCountExact }}", times(count));
        assert_eq!(sum(&text(limits::COUNTS_MAX / 2)).counts, limits::COUNTS_MAX);
        assert!(refused(&text(limits::COUNTS_MAX / 2 + 1)).contains("lists counted"));
    }

    #[test]
    fn circles_and_long_chains_of_fragments_end() {
        assert!(refused("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }").contains("spreads itself"));
        assert!(refused("{ a } fragment A on Q { b { ...A } }").contains("spreads itself"), "also where none is used");
        let chain: String = (0..500).map(|n| format!("fragment F{n} on Q {{ ...F{} }} ", n + 1)).collect();
        for text in [format!("{{ ...F0 }} {chain}"), format!("{{ a }} {chain}")] {
            assert!(refused(&text).contains("nest at most"));
        }
    }
}
