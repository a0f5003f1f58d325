//! The schema, put together, and its text.

use async_graphql::{ID, SDLExportOptions, Schema as Engine, SchemaBuilder};

use crate::limits;

use super::answer::Complete;
use super::document::passed::Passed;
use super::error::Coded;
use super::mutation::Mutation;
use super::mutation::user_error::UserError;
use super::query::Query;
use super::subscription::Subscription;

/// What the engine does not say of its own scalar.
const ID_DESCRIPTION: &str = "What a thing is named by: opaque, unique over the whole chain, with a prefix of three \
                              letters that says what it names. Where a party, programme or operation is asked for, its UUID \
                              or code is taken as well; see there.";

/// The schema of this interface.
pub type Schema = Engine<Query, Mutation, Subscription>;

/// The schema. What a request works with comes with it, as [`super::request::Api`].
pub fn schema() -> Schema {
    builder().finish()
}

/// The text of the schema, sorted, as `schema.graphql` holds it.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .use_space_ident();
    builder().finish().sdl_with_options(options)
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Engine::build(Query::default(), Mutation::default(), Subscription)
        .register_output_type::<UserError>()
        .limit_recursive_depth(limits::SELECTION_NESTING_MAX)
        .override_output_type_description::<ID>(ID_DESCRIPTION)
        .limit_depth(limits::QUERY_DEPTH_MAX)
        .limit_complexity(limits::QUERY_COMPLEXITY_MAX)
        .extension(Complete)
        .extension(Coded)
        .extension(Passed)
}
