//! The form that every mutation's payload and user error has.

/// Makes a mutation's payload and its user error. The fields given are those of its own; each
/// is null unless the operation is recorded.
macro_rules! payload {
    (
        $(#[$payload_doc:meta])* $payload:ident;
        $(#[$error_doc:meta])* $error:ident;
        { $($(#[$doc:meta])* $field:ident: $ty:ty,)* }
    ) => {
        $(#[$error_doc])*
        #[derive(async_graphql::SimpleObject, Clone, Debug)]
        pub struct $error {
            /// The path in the input, numbers of lists from 0; null when it is about no field.
            pub field: Option<Vec<String>>,
            /// A sentence that says what is wrong, to be shown to a person.
            pub message: String,
            /// The stable code.
            pub code: $crate::api::mutation::refusal_code::RefusalCode,
        }

        impl From<$crate::api::mutation::fault::Fault> for $error {
            fn from(fault: $crate::api::mutation::fault::Fault) -> Self {
                Self { field: fault.field, message: fault.message, code: fault.code }
            }
        }

        $(#[$payload_doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            $($(#[$doc])* pub $field: Option<$ty>,)*
            /// Its place in the log; null until it is recorded.
            pub entry: Option<$crate::api::types::entry::Entry>,
            /// How far the operation is; null when the input could not be read as one. With
            /// `OPERATION_ID_REUSED` it is the operation that has the id, not this one.
            pub operation: Option<$crate::api::types::operation::Operation>,
            /// True when this operation id was recorded before with the same content: then
            /// everything here is the first answer again.
            pub replayed: bool,
            /// Every reason why it was not taken, at once; empty on success.
            pub user_errors: Vec<$error>,
        }

        impl From<$crate::api::mutation::way::Told> for $payload {
            fn from(told: $crate::api::mutation::way::Told) -> Self {
                Self {
                    $($field: None,)*
                    entry: told.entry,
                    operation: told.operation,
                    replayed: told.replayed,
                    user_errors: told.faults.into_iter().map(Into::into).collect(),
                }
            }
        }
    };
}

/// The part of reading an input that is the same for all: its id and stated time.
macro_rules! header {
    () => {
        fn id(&self) -> uuid::Uuid {
            self.operation_id.0
        }

        fn occurred_at(&self) -> Option<$crate::ledger::time::Millis> {
            self.occurred_at.map(|at| at.0)
        }
    };
}

pub(super) use {header, payload};
