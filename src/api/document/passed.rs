//! Documents that fit the schema, as was found out before: the engine then need not check them
//! against its two dozen rules again.
//!
//! What it finds depends on the text alone if no variable stands anywhere but as the whole of an
//! argument of a mutation's own field, which does not weigh more for it. Whether the values fit
//! their types is looked at for each request. Whatever does not fit, or is not known, is left to
//! the engine, which says what is wrong with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextValidation};
use async_graphql::parser::types::{Directive, ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Positioned, ServerError, ServerResult, ValidationResult, Value, Variables};

use super::known::Known;

/// Makes the extension that remembers which documents passed.
pub struct Passed;

impl ExtensionFactory for Passed {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Passing::default())
    }
}

/// Of one request: whether its values fit a document whose result can be used again.
#[derive(Default)]
struct Passing(AtomicBool);

#[async_graphql::async_trait::async_trait]
impl Extension for Passing {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        if let Some(known) = ctx.data_opt::<Arc<Known>>() {
            let fit = known.given.as_ref().is_some_and(|given| given.fit(&ctx.schema_env.registry, variables));
            self.0.store(fit, Ordering::SeqCst);
        }
        next.run(ctx, query, variables).await
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let known = ctx.data_opt::<Arc<Known>>().filter(|_| self.0.load(Ordering::SeqCst));
        let Some(known) = known else { return next.run(ctx).await };
        match known.passed.get() {
            Some(passed) => Ok(*passed),
            None => {
                let passed = next.run(ctx).await?;
                // Another request with the same document may have been faster, with the same result.
                let _ = known.passed.set(passed);
                Ok(passed)
            }
        }
    }
}

/// The arguments that variables are given as: of which of the mutation's own fields, by its name
/// in the schema, which argument, which variable.
#[derive(Debug, PartialEq, Eq)]
pub struct Given(Vec<(String, String, String)>);

impl Given {
    /// Those of a document in which variables stand nowhere else; none otherwise.
    pub fn of(document: &ExecutableDocument) -> Option<Self> {
        let mut operations = document.operations.iter();
        let (Some((_, operation)), None) = (operations.next(), operations.next()) else { return None };
        let fragments_are_fixed = document
            .fragments
            .values()
            .all(|fragment| are_fixed(&fragment.node.directives) && is_fixed(&fragment.node.selection_set.node));
        let operation = &operation.node;
        if !fragments_are_fixed || !are_fixed(&operation.directives) {
            return None;
        }
        if operation.ty != OperationType::Mutation {
            return is_fixed(&operation.selection_set.node).then(|| Self(Vec::new()));
        }
        let mut given = Vec::new();
        for selection in &operation.selection_set.node.items {
            let Selection::Field(field) = &selection.node else { return None };
            let field = &field.node;
            if !are_fixed(&field.directives) || !is_fixed(&field.selection_set.node) {
                return None;
            }
            for (argument, value) in &field.arguments {
                // Printed, a variable is `$name`, and nothing else begins so.
                match value.node.to_string().strip_prefix('$') {
                    Some(variable) => {
                        given.push((field.name.node.to_string(), argument.node.to_string(), variable.to_owned()));
                    }
                    None if value.node.clone().into_const().is_none() => return None,
                    None => {}
                }
            }
        }
        Some(Self(given))
    }

    /// Whether the values of these arguments are of their types.
    fn fit(&self, registry: &Registry, variables: &Variables) -> bool {
        let mutations = registry.mutation_type.as_ref().and_then(|name| registry.types.get(name));
        self.0.iter().all(|(field, argument, variable)| {
            let field = mutations.and_then(|mutations| mutations.field_by_name(field));
            // What a field weighs may depend on its arguments.
            let field = field.filter(|field| field.compute_complexity.is_none());
            let argument = field.and_then(|field| field.args.get(argument));
            let value = variables.iter().find(|(name, _)| name.as_str() == variable);
            argument.zip(value).is_some_and(|(argument, (_, value))| fits(registry, &argument.ty, value))
        })
    }
}

/// Whether directives hold no variable.
fn are_fixed(directives: &[Positioned<Directive>]) -> bool {
    let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
    arguments.into_iter().all(|(_, value)| value.node.clone().into_const().is_some())
}

/// Whether what is selected holds no variable. Fragments are looked at by themselves.
fn is_fixed(set: &SelectionSet) -> bool {
    set.items.iter().all(|selection| match &selection.node {
        Selection::Field(field) => {
            let Field { arguments, directives, selection_set, .. } = &field.node;
            let is_const = arguments.iter().all(|(_, value)| value.node.clone().into_const().is_some());
            is_const && are_fixed(directives) && is_fixed(&selection_set.node)
        }
        Selection::FragmentSpread(spread) => are_fixed(&spread.node.directives),
        Selection::InlineFragment(inline) => {
            are_fixed(&inline.node.directives) && is_fixed(&inline.node.selection_set.node)
        }
    })
}

/// Whether a value is surely of a type of the schema (GraphQL, section 3.10): false also where the
/// engine may find that it is.
fn fits(registry: &Registry, ty: &str, value: &Value) -> bool {
    let name = match MetaTypeName::create(ty) {
        MetaTypeName::NonNull(ty) => return *value != Value::Null && fits(registry, ty, value),
        MetaTypeName::List(ty) => {
            return match value {
                Value::List(items) => items.iter().all(|item| fits(registry, ty, item)),
                value => *value == Value::Null,
            };
        }
        MetaTypeName::Named(name) => name,
    };
    match (registry.types.get(name), value) {
        (_, Value::Null) => true,
        (Some(MetaType::Scalar { is_valid: Some(is_valid), .. }), value) => is_valid(value),
        (Some(MetaType::Enum { enum_values, .. }), Value::String(name)) => enum_values.contains_key(name.as_str()),
        (Some(MetaType::InputObject { input_fields, oneof: false, .. }), Value::Object(values)) => {
            let is_known = |name: &Name| input_fields.contains_key(name.as_str());
            values.keys().all(is_known)
                && input_fields.iter().all(|(name, field)| match values.get(name.as_str()) {
                    Some(value) => fits(registry, &field.ty, value),
                    None => !field.ty.ends_with('!'),
                })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn given(text: &str) -> Option<Vec<String>> {
        let given = Given::of(&parse_query(text).unwrap())?;
        Some(given.0.iter().map(|(field, argument, variable)| format!("{field}({argument}: ${variable})")).collect())
    }

    #[test]
    fn variables_stand_as_arguments_of_a_mutations_own_fields() {
        let good = "mutation M($i: I!, $j: J) { x: a(input: $i, b: 1) { c(first: 2) ...F } d(e: $j) } \
                    fragment F on P { g }";
        assert_eq!(given(good).unwrap(), ["a(input: $i)", "d(e: $j)"]);
        assert_eq!(given("{ a(b: \"$c\") @skip(if: true) { d } }").unwrap(), Vec::<String>::new());
        for elsewhere in [
            "query($i: I) { a(b: $i) }",
            "mutation($i: I) { a(b: [$i]) }",
            "mutation($i: I) { a(b: { c: $i }) }",
            "mutation($i: I) { a { b(c: $i) } }",
            "mutation($i: I) { a @skip(if: $i) }",
            "mutation($i: I) { a { b @skip(if: $i) } }",
            "mutation($i: I) { a { ... @skip(if: $i) { b } } }",
            "mutation($i: I) { a { ...F @skip(if: $i) } } fragment F on P { g }",
            "mutation($i: I) { a { ...F } } fragment F on P { g(h: $i) }",
            "mutation($i: I) { a { ...F } } fragment F on P @x(y: $i) { g }",
            "mutation($i: I) @x(y: $i) { a }",
            "mutation($i: I) { ...F } fragment F on M { a(b: $i) }",
            "mutation A($i: I) { a(b: $i) } mutation B { a(b: 1) }",
        ] {
            assert_eq!(given(elsewhere), None, "{elsewhere}");
        }
    }
}
