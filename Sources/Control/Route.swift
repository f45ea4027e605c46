import Foundation

/// One thing that can be asked of the agent: where, how, and what answers.
///
/// `Routes.swift` has them all; the server answers by that table, and the OpenAPI document is made of it.
struct Route: Sendable {
    let method: String
    /// Segments behind `/v1/`; `{id}` takes any, `{prefix}` at the end an address or a prefix.
    let path: [String]
    let summary: String
    let parameters: [Parameter]
    /// Of the body; `nil` where there is none.
    let body: (any (Codable & SendableMetatype).Type)?
    /// Of the answer; `nil` where it is no document of ours.
    let document: (any (Codable & SendableMetatype).Type)?
    let contentType: String
    let respond: @Sendable (any ControlService, HTTPRequest) async throws -> HTTPResponse

    /// A route that is answered with a document.
    ///
    /// `answer` gets a request whose parameters have known names, and nothing else checked.
    init<Document: Codable & SendableMetatype>(
        _ method: String, _ path: String, _ summary: String, parameters: [Parameter] = [],
        body: (any (Codable & SendableMetatype).Type)? = nil,
        _ answer: @escaping @Sendable (any ControlService, HTTPRequest) async throws -> Document
    ) {
        self.method = method
        self.path = path.split(separator: "/").map(String.init)
        self.summary = summary
        self.parameters = parameters
        self.body = body
        document = Document.self
        contentType = "application/json"
        respond = { service, request in
            let document = try await answer(service, request)
            return HTTPResponse(status: method == "POST" ? 201 : 200, body: try Wire.encode(document))
        }
    }

    /// A route that is answered with documents as they come, line by line.
    init<Document: Codable & Sendable>(
        _ method: String, _ path: String, _ summary: String, parameters: [Parameter],
        _ answer:
            @escaping @Sendable (any ControlService, HTTPRequest) async throws
            -> AsyncThrowingStream<Document, any Error>
    ) {
        self.method = method
        self.path = path.split(separator: "/").map(String.init)
        self.summary = summary
        self.parameters = parameters
        body = nil
        document = Document.self
        contentType = "application/jsonl"
        respond = { service, request in
            let documents = try await answer(service, request)
            var response = HTTPResponse(status: 200, contentType: "application/jsonl", body: Data())
            response.lines = { send in
                for try await document in documents {
                    try await send(try Wire.encode(document) + Data("\n".utf8))
                }
            }
            return response
        }
    }

    /// A route that is answered with bytes of another kind.
    init(
        _ method: String, _ path: String, _ summary: String, contentType: String,
        _ answer: @escaping @Sendable (any ControlService, HTTPRequest) async throws -> Data
    ) {
        self.method = method
        self.path = path.split(separator: "/").map(String.init)
        self.summary = summary
        parameters = []
        body = nil
        document = nil
        self.contentType = contentType
        respond = { service, request in
            HTTPResponse(status: 200, contentType: contentType, body: try await answer(service, request))
        }
    }

    var isText: Bool { contentType.hasPrefix("text/") }

    /// Whether the segments behind `/v1/` are this path.
    func matches(_ segments: ArraySlice<String>) -> Bool {
        var segments = segments
        // `10.0.0.0%2F8` is one segment, `10.0.0.0/8` two.
        if path.last == Self.prefix, segments.count == path.count + 1 { segments.removeLast() }
        guard segments.count == path.count else { return false }
        return zip(segments, path).allSatisfy { $0 == $1 || $1.hasPrefix("{") }
    }

    /// Stands for an address or a prefix in a path.
    static let prefix = "{prefix}"
}

/// A parameter of a query.
struct Parameter: Sendable {
    let name: String
    let summary: String
    let isRequired: Bool
    /// As JSON Schema.
    let schema: Schema

    init(_ name: String, _ summary: String, _ schema: Schema, isRequired: Bool = false) {
        self.name = name
        self.summary = summary
        self.schema = schema
        self.isRequired = isRequired
    }
}
