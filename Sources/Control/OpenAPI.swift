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
            paths[path, default: [:]][route.method.lowercased()] = operation(route, error: error)
            for type in [route.body, route.document].compactMap({ $0 }) {
                components.merge(Schema(of: type).objects) { $1 }
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
            route.document.map { Schema(of: $0).json } ?? ["type": route.isText ? "string" : "object"])
        var operation: [String: Any] = [
            "summary": route.summary,
            "operationId": ([route.method.lowercased()] + route.path).joined(separator: "-")
                .filter { $0.isLetter || $0 == "-" },
            "parameters": parameters(route),
            "responses": [
                route.method == "POST" ? "201" : "200": success, "4XX": failure,
                "503": content("The agent cannot answer now.", "application/json", error.json),
            ],
        ]
        if let body = route.body {
            let schema = ["application/json": ["schema": Schema(of: body).json]]
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
        var result: [[String: Any]] = route.parameters.map { parameter in
            [
                "name": parameter.name, "in": "query", "description": parameter.summary,
                "required": parameter.isRequired, "schema": parameter.schema.json,
            ]
        }
        for segment in route.path where segment.hasPrefix("{") {
            let isPrefix = segment == Route.prefix
            result.append([
                "name": String(segment.dropFirst().dropLast()), "in": "path", "required": true,
                "schema": (isPrefix ? Schema.prefix : .string).json,
                "description": isPrefix
                    ? "An address or a prefix; its slash may be written as it is, or as %2F."
                    : "As the lists have it.",
            ])
        }
        return result
    }
}
