//! Answers as the specification of GraphQL has them, where a field failed.
//!
//! The engine leaves a field out that failed, and gives fields in the order in which they were
//! ready. The specification (section 6.4.4) has null in its place, or, where the field may not be
//! null, in the place of what holds it; and (section 7.2.2) the order of the document. An object
//! whose fields are all skipped the engine gives as null: it is empty.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo};
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, QueryPathNode, QueryPathSegment, Response, ServerResult, Value};

use super::document::known::Known;

/// Makes the extension that completes the answers of a request.
pub struct Complete;

impl ExtensionFactory for Complete {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Completing::default())
    }
}

/// What is known of one request.
#[derive(Default)]
struct Completing {
    failed: Mutex<Failed>,
    /// Whether anything rises, so that nobody waits for the lock when all is well.
    rising: AtomicBool,
}

/// Where fields failed.
#[derive(Default)]
struct Failed {
    /// Places that are null instead.
    nulls: Vec<Path>,
    /// Places that may not be null, so that what holds them is.
    rising: Vec<Path>,
}

type Path = Vec<Step>;

/// A step into an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(Name),
    Index(usize),
}

#[async_graphql::async_trait::async_trait]
impl Extension for Completing {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        if response.data == Value::Null && response.errors.is_empty() {
            // Every field was skipped.
            response.data = Value::Object(Default::default());
        }
        let failed = std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner));
        self.rising.store(false, Ordering::SeqCst);
        complete(&mut response.data, failed);
        if let Some(known) = ctx.data_opt::<Arc<Known>>()
            && let Some(selected) = operation(&known.document, operation_name)
        {
            put_in_order(&mut response.data, &[selected], &known.document);
        }
        response
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let (node, may_be_null) = (info.path_node, !info.return_type.ends_with('!'));
        let found = match next.run(ctx, info).await {
            // An object of which every field was skipped.
            Ok(Some(Value::Null)) if !may_be_null => Ok(Some(Value::Object(Default::default()))),
            found => found,
        };
        if found.is_err() || self.rising.load(Ordering::SeqCst) {
            self.note(&path(node), may_be_null, found.is_err());
        }
        found
    }
}

impl Completing {
    /// Notes that a place failed, by itself or by what it holds.
    fn note(&self, place: &[Step], may_be_null: bool, failed: bool) {
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.rising.len();
        all.rising.retain(|below| !(below.len() > place.len() && below.starts_with(place)));
        if !failed && all.rising.len() == before {
            return;
        }
        let list = if may_be_null { &mut all.nulls } else { &mut all.rising };
        list.push(place.to_vec());
        self.rising.store(!all.rising.is_empty(), Ordering::SeqCst);
    }
}

fn path(node: &QueryPathNode<'_>) -> Path {
    let step = |segment: &QueryPathSegment<'_>| match segment {
        QueryPathSegment::Name(name) => Step::Field(Name::new(name)),
        QueryPathSegment::Index(index) => Step::Index(*index),
    };
    let mut steps = vec![step(&node.segment)];
    steps.extend(node.parents().map(|parent| step(&parent.segment)));
    steps.reverse();
    steps
}

/// Puts null where something failed.
fn complete(data: &mut Value, failed: Failed) {
    let Failed { mut nulls, rising } = failed;
    if !rising.is_empty() {
        *data = Value::Null;
        return;
    }
    // What is deeper first: what holds it may be null itself.
    nulls.sort_by_key(|place| std::cmp::Reverse(place.len()));
    for place in nulls {
        set_null(data, &place);
    }
}

fn set_null(value: &mut Value, place: &[Step]) {
    match place {
        [] => *value = Value::Null,
        [Step::Field(name), rest @ ..] => {
            // An object of which every field failed was left out as a whole.
            if *value == Value::Null {
                *value = Value::Object(Default::default());
            }
            if let Value::Object(fields) = value {
                set_null(fields.entry(name.clone()).or_insert(Value::Null), rest);
            }
        }
        [Step::Index(index), rest @ ..] => {
            if let Value::List(items) = value
                && let Some(item) = items.get_mut(*index)
            {
                set_null(item, rest);
            }
        }
    }
}

/// What an operation selects.
fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a SelectionSet> {
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => operation,
        DocumentOperations::Multiple(all) => match name {
            Some(name) => all.get(name)?,
            None => return None,
        },
    };
    Some(&operation.node.selection_set.node)
}

/// Puts the fields of an answer in the order in which the document selects them.
fn put_in_order(value: &mut Value, selected: &[&SelectionSet], document: &ExecutableDocument) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| put_in_order(item, selected, document)),
        Value::Object(fields) => {
            let mut order = Order::default();
            for set in selected {
                order.collect(set, document, &mut HashSet::new());
            }
            // Those before a place are where they belong already.
            let mut place = 0;
            for (name, below) in &order.names {
                let Some(from) = fields.get_index_of(*name) else { continue };
                fields.move_index(from, place);
                place += 1;
                if let Some(value) = fields.get_mut(*name)
                    && !below.is_empty()
                {
                    put_in_order(value, below, document);
                }
            }
        }
        _ => {}
    }
}

/// The names that sets of fields have in an answer, in order, with what is selected below each.
#[derive(Default)]
struct Order<'a> {
    names: Vec<(&'a Name, Vec<&'a SelectionSet>)>,
    places: HashMap<&'a Name, usize>,
}

impl<'a> Order<'a> {
    /// Adds a set. Each fragment counts once; which type it is on does not matter, since only
    /// fields that are there are moved.
    fn collect(&mut self, set: &'a SelectionSet, document: &'a ExecutableDocument, seen: &mut HashSet<&'a Name>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let (name, below) = (&field.node.response_key().node, &field.node.selection_set.node);
                    let place = *self.places.entry(name).or_insert(self.names.len());
                    if place == self.names.len() {
                        self.names.push((name, Vec::new()));
                    }
                    self.names[place].1.extend((!below.items.is_empty()).then_some(below));
                }
                Selection::InlineFragment(fragment) => {
                    self.collect(&fragment.node.selection_set.node, document, seen);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if seen.insert(name)
                        && let Some(fragment) = document.fragments.get(name)
                    {
                        self.collect(&fragment.node.selection_set.node, document, seen);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn places(texts: &[&str]) -> Vec<Path> {
        let step = |text: &str| text.parse().map_or_else(|_| Step::Field(Name::new(text)), Step::Index);
        texts.iter().map(|text| text.split('.').map(step).collect()).collect()
    }

    fn completed(data: serde_json::Value, nulls: &[&str], rising: &[&str]) -> serde_json::Value {
        let mut data = Value::from_json(data).unwrap();
        complete(&mut data, Failed { nulls: places(nulls), rising: places(rising) });
        data.into_json().unwrap()
    }

    #[test]
    fn what_failed_is_null_and_what_holds_it_may_be_null_too() {
        let data = || json!({ "a": { "b": [{ "c": 1 }, null] } });
        assert_eq!(completed(data(), &["a.b.0.d"], &[]), json!({ "a": { "b": [{ "c": 1, "d": null }, null] } }));
        assert_eq!(completed(data(), &["a.b.1.c"], &[]), json!({ "a": { "b": [{ "c": 1 }, { "c": null }] } }));
        assert_eq!(completed(data(), &["a", "a.b.0.d"], &[]), json!({ "a": null }));
        assert_eq!(completed(data(), &["a.b.0.d"], &["e"]), json!(null));
        assert_eq!(completed(json!(null), &["a", "b"], &[]), json!({ "a": null, "b": null }));
    }

    #[test]
    fn a_failure_rises_to_the_next_place_that_may_be_null() {
        let completing = Completing::default();
        let [field, item, list] = places(&["a.b.0.c", "a.b.0", "a.b"]).try_into().unwrap();
        completing.note(&field, false, true);
        completing.note(&places(&["a.x"])[0], true, false);
        completing.note(&item, false, false);
        completing.note(&list, true, false);
        let failed = completing.failed.into_inner().unwrap();
        assert_eq!((failed.nulls, failed.rising), (vec![list], Vec::new()));
    }

    #[test]
    fn fields_are_in_the_order_of_the_document() {
        let document = parse_query(
            "query A { x: log { d e } ...F a { l { two one } } } query B { b a } \
             fragment F on Query { f g x { c } ... on Query { h } ...F }",
        )
        .unwrap();
        let mut data = Value::from_json(json!({
            "a": { "l": [{ "one": 1, "two": 2 }, null] }, "h": 1, "g": 1, "f": 1, "x": { "c": 1, "e": 1, "d": 1 },
        }))
        .unwrap();
        put_in_order(&mut data, &[operation(&document, Some("A")).unwrap()], &document);
        let text = r#"{"x":{"d":1,"e":1,"c":1},"f":1,"g":1,"h":1,"a":{"l":[{"two":2,"one":1},null]}}"#;
        assert_eq!(serde_json::to_string(&data).unwrap(), text);
        let mut data = Value::from_json(json!({ "a": 1, "b": 2 })).unwrap();
        put_in_order(&mut data, &[operation(&document, Some("B")).unwrap()], &document);
        let Value::Object(fields) = data else { panic!("no object") };
        assert_eq!(fields.keys().map(Name::as_str).collect::<Vec<_>>(), ["b", "a"]);
    }
}
