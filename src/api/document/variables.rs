//! Whether the values of variables fit their types, as far as the document alone tells
//! (GraphQL, section 6.1.2, CoerceVariableValues). Types of the schema are checked by the engine
//! where the variables are used; it would execute without a value that is required.

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::{ServerError, Value, Variables};

use super::super::error::BAD_USER_INPUT;
use super::refusal;

/// Refuses an operation that needs a value which is missing, null or of another kind.
pub fn check(operation: &OperationDefinition, values: &Variables) -> Result<(), ServerError> {
    for definition in &operation.variable_definitions {
        let (name, ty) = (&definition.node.name.node, &definition.node.var_type.node);
        let value = values.get(name).or_else(|| definition.node.default_value());
        let fits = match value {
            None => ty.nullable,
            Some(value) => fits(ty, value),
        };
        if !fits {
            let what = if value.is_none() { "is missing" } else { "does not fit" };
            let message = format!("the value of the variable `${name}` of type `{ty}` {what}");
            return Err(refusal(BAD_USER_INPUT, message, Some(definition.pos)));
        }
    }
    Ok(())
}

fn fits(ty: &Type, value: &Value) -> bool {
    match (&ty.base, value) {
        (_, Value::Null) => ty.nullable,
        (BaseType::List(inner), Value::List(items)) => items.iter().all(|item| fits(inner, item)),
        // One value stands for a list of one (section 3.11).
        (BaseType::List(inner), one) => fits(inner, one),
        (BaseType::Named(name), value) => match name.as_str() {
            "Int" => {
                matches!(value, Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()))
            }
            "Float" => matches!(value, Value::Number(_)),
            "Boolean" => matches!(value, Value::Boolean(_)),
            "String" => matches!(value, Value::String(_)),
            "ID" => matches!(value, Value::String(_)) || matches!(value, Value::Number(number) if !number.is_f64()),
            _ => true,
        },
    }
}
