import API
import Foundation

/// The API as an OpenAPI 3.1 document, made of the routes and of the documents themselves.
package enum OpenAPI {
    /// As `GET openapi.json` answers it.
    package static var text: String {
        get throws { String(decoding: try document(of: Route.all), as: UTF8.self) }
    }

    static func document(of routes: [Route]) throws -> Data {
        let error = Schema(of: ErrorDocument.self)
        var components = error.objects
        var paths: [String: [String: Any]] = [:]
        for route in routes {
            let path = "/v1/" + route.path.joined(separator: "/")
            paths[path, default: [:]][route.method.rawValue.lowercased()] = operation(route, error: error)
            for schema in [route.body, route.answer.map(Schema.init(of:))].compactMap(\.self) {
                components.merge(schema.objects) { $1 }
            }
        }
        let document: [String: Any] = [
            "openapi": "3.1.0",
            "info": [
                "title": "Sluice", "version": Version.current,
                "description": """
                Spoken over the agent's Unix socket. Times are RFC 3339 in UTC, durations are seconds, \
                counts are integers; a member that does not apply is absent. Within /v1 members and paths \
                may be added, and none changed.
                """,
            ],
            "servers": [["url": "http://localhost"]],
            "paths": paths,
            "components": ["schemas": components],
        ]
        return try JSONSerialization.data(
            withJSONObject: document, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    }

    private static func operation(_ route: Route, error: Schema) -> [String: Any] {
        let failure = content("Refused or misunderstood.", "application/json", error.json)
        let success = content(
            "Done.", route.contentType,
            route.answer.map { Schema(of: $0).json } ?? ["type": route.isText ? "string" : "object"])
        var operation: [String: Any] = [
            "summary": route.summary,
            "operationId": ([route.method.rawValue.lowercased()] + route.path).joined(separator: "-")
                .filter { $0.isLetter || $0 == "-" },
            "parameters": parameters(route),
            "responses": [
                route.method == .post ? "201" : "200": success, "4XX": failure,
                "503": content("The agent cannot answer now.", "application/json", error.json),
            ],
        ]
        if let body = route.body {
            let schema = ["application/json": ["schema": body.json]]
            operation["requestBody"] = ["required": true, "content": schema] as [String: Any]
        }
        return operation
    }

    private static func content(_ description: String, _ type: String, _ schema: [String: Any]) -> [String:
        Any]
    {
        ["description": description, "content": [type: ["schema": schema]]]
    }

    private static func parameters(_ route: Route) -> [[String: Any]] {
        func parameter(_ member: Schema.Member, in place: String) -> [String: Any] {
            let (summary, schema) = described[member.name] ?? ("As the lists have it.", nil)
            return [
                "name": member.name, "in": place, "description": summary,
                "required": place == "path" || member.isRequired, "schema": (schema ?? member.schema).json,
            ]
        }
        let inQuery = route.method == .get ? route.others : []
        return inQuery.map { parameter($0, in: "query") } + route.inPath.map { parameter($0, in: "path") }
    }

    /// What parameters mean, and what of their shape the type does not say.
    private static let described: [String: (summary: String, Schema?)] = [
        "since": ("Later ones only.", nil),
        "source": ("Those on a source that has an address in common with this.", nil),
        "reason": ("Those with exactly this reason.", nil),
        "limit": ("How many at most.", .integer(from: 1, through: ListLimits.most)),
        "kind": ("Those of this kind.", nil),
        "after": ("Lines after this one; none: from the first on.", .integer(from: 0, through: .max)),
        "hash": ("The hash that the line `after` must have.", nil),
        "address": ("Of either family.", nil),
        "view": ("Who sends, or who is sent to.", nil),
        "sort": ("Numbers and times greatest first, words from A to Z.", nil),
    ]
}

extension Route {
    /// What the body of a request is; `nil` where there is none.
    fileprivate var body: Schema? {
        method == .post && !others.isEmpty ? .object(name: name, others) : nil
    }
}
