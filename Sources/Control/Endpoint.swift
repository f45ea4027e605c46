/// One thing that can be asked of the agent: where, how, with what, and what answers.
///
/// Server, client and OpenAPI document are made of the same ones (`Endpoints`). A request's members are written into the path
/// where that names them (`{id}`); the others go into the query of a GET, and into the body of a POST.
package struct Endpoint<Request: Codable & Sendable, Answer: Codable & Sendable>: Sendable {
    let method: Method
    /// Segments behind `/v1/`.
    let path: [String]
    let summary: String

    init(_ method: Method, _ path: String, _ summary: String) {
        self.method = method
        self.path = path.split(separator: "/").map(String.init)
        self.summary = summary
    }
}

/// How something is asked: what only asks is a GET, what changes something a POST.
enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
}
