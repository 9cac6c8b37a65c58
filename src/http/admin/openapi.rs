//! The description of these routes, made from their list.

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use super::{Given, ROUTES, Route};

/// `GET /admin/v1/openapi.json`.
pub(super) async fn describe() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

/// Returns the description.
pub(super) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Value::Object(methods) = entry {
            methods.insert(route.method.to_owned(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Torana, for operators and scripts",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Decimals are strings. Lists answer {items, next}; `next` is the `before` \
                (or `after`) of the next page. Every write needs `why`, is made in the name of its \
                token, and answers with the facts that became true.",
        },
        "servers": [{"url": "/admin/v1"}],
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": {
                "type": "object",
                "properties": {"error": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "detail": {"type": "string"}},
                }},
            }},
        },
        "paths": paths,
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": {"type": "string"},
        }));
    }
    let is_read = route.method == "get";
    if is_read {
        parameters.extend(route.takes.iter().map(|given| {
            json!({
                "name": given.name, "in": "query", "required": given.required,
                "description": given.means, "schema": {"type": given.kind},
            })
        }));
    }
    let mut operation = json!({
        "summary": route.does,
        "operationId": name(route),
        "parameters": parameters,
        "responses": responses(route),
    });
    if let (false, Value::Object(fields)) = (is_read, &mut operation) {
        fields.insert("requestBody".to_owned(), body(route.takes));
    }
    operation
}

fn body(takes: &[Given]) -> Value {
    let properties: Map<String, Value> = takes
        .iter()
        .map(|given| {
            let schema = json!({"type": given.kind, "description": given.means});
            (given.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = takes
        .iter()
        .filter(|given| given.required)
        .map(|given| given.name)
        .collect();
    json!({"required": true, "content": {"application/json": {"schema": {
        "type": "object", "additionalProperties": false,
        "properties": properties, "required": required,
    }}}})
}

fn responses(route: &Route) -> Value {
    let refused = |means: &str| {
        json!({"description": means, "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Error"},
        }}})
    };
    let mut all = Map::new();
    let done = if route.method == "get" {
        "what was asked for"
    } else {
        "what became true"
    };
    let schema = json!({"description": done, "content": {"application/json": {"schema": {"type": "object"}}}});
    all.insert("200".to_owned(), schema);
    all.insert("401".to_owned(), refused("no token that counts"));
    all.insert("422".to_owned(), refused("something given makes no sense"));
    all.insert("503".to_owned(), refused("the database is away; try again"));
    if route.path.contains("{id}") {
        all.insert("404".to_owned(), refused("there is no such thing"));
    }
    if route.method == "post" {
        all.insert("400".to_owned(), refused("the body is no JSON object"));
        all.insert(
            "409".to_owned(),
            refused("it is over, or not in a state for this"),
        );
    }
    Value::Object(all)
}

/// Returns a name for programs: `post_positions_exit`.
fn name(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '.'])
        .filter(|word| !word.is_empty() && *word != "{id}");
    let mut name = route.method.to_owned();
    for word in words {
        name.push('_');
        name.push_str(word);
    }
    if route.path.ends_with("{id}") {
        name.push_str("_by_id");
    }
    name
}
