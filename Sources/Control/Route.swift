import API
import Foundation

/// An endpoint as the server has it: what answers a request there.
struct Route: Sendable {
    let method: Method
    /// Segments behind `/v1/`; `{id}` takes any.
    let path: [String]
    let summary: String
    /// What may stand in a request.
    let members: [Schema.Member]
    /// Name of the request's type.
    let name: String
    /// Of the answer; `nil` where it is no document of ours.
    let answer: (any (Codable & SendableMetatype).Type)?
    let contentType: String
    let respond: @Sendable (any ControlService, HTTPRequest) async throws -> HTTPResponse

    private init<Request: Codable & Sendable, Answer: Codable & Sendable>(
        _ endpoint: Endpoint<Request, Answer>, contentType: String,
        _ respond: @escaping @Sendable (any ControlService, Request) async throws -> HTTPResponse
    ) {
        let shape = Schema(of: Request.self)
        method = endpoint.method
        path = endpoint.path
        summary = endpoint.summary
        members = shape.members
        name = shape.name
        answer = Answer.self
        self.contentType = contentType
        let reader = RequestReader<Request>(method: method, path: path, members: members)
        self.respond = { service, request in try await respond(service, try reader.read(request)) }
    }

    /// An endpoint that is answered with a document.
    init<Request: Codable & Sendable, Answer: Codable & Sendable>(
        _ endpoint: Endpoint<Request, Answer>,
        _ answer: @escaping @Sendable (any ControlService, Request) async throws -> Answer
    ) {
        let status = endpoint.method == .post ? 201 : 200
        self.init(endpoint, contentType: "application/json") { service, request in
            HTTPResponse(status: status, body: try Wire.encode(try await answer(service, request)))
        }
    }

    /// An endpoint that is answered with documents as they come, line by line.
    init<Request: Codable & Sendable, Answer: Codable & Sendable>(
        lines endpoint: Endpoint<Request, Answer>,
        _ answer:
            @escaping @Sendable (any ControlService, Request) async throws
            -> AsyncThrowingStream<Answer, any Error>
    ) {
        self.init(endpoint, contentType: "application/jsonl") { service, request in
            let documents = try await answer(service, request)
            var response = HTTPResponse(status: 200, contentType: "application/jsonl")
            response.lines = { send in
                for try await document in documents {
                    try await send(try Wire.encode(document) + Data("\n".utf8))
                }
            }
            return response
        }
    }

    /// What is answered with bytes of another kind, and is for other programs than ours.
    init(
        _ path: String, _ summary: String, contentType: String,
        _ answer: @escaping @Sendable (any ControlService) async throws -> Data
    ) {
        method = .get
        self.path = [path]
        self.summary = summary
        members = []
        name = ""
        self.answer = nil
        self.contentType = contentType
        respond = { service, _ in
            HTTPResponse(status: 200, contentType: contentType, body: try await answer(service))
        }
    }

    var isText: Bool { contentType.hasPrefix("text/") }

    /// Members that stand in the path.
    var inPath: [Schema.Member] { members.filter { path.contains("{\($0.name)}") } }
    /// Those that stand elsewhere.
    var others: [Schema.Member] { members.filter { !path.contains("{\($0.name)}") } }

    /// Whether the segments behind `/v1/` are this path.
    func matches(_ segments: ArraySlice<String>) -> Bool {
        segments.count == path.count && zip(segments, path).allSatisfy { $0 == $1 || $1.hasPrefix("{") }
    }
}
