import API
import Foundation
import NIOHTTP1

/// Limits on what a peer may send.
enum HTTPLimits {
    static let head = 16 * 1024
    static let requestBody = 16 * 1024 * 1024
    static let responseBody = 256 * 1024 * 1024
}

/// A request, taken apart.
struct HTTPRequest: Hashable, Sendable {
    var method: String
    /// Segments of the path, percent-decoded: `/v1/bans` is `["v1", "bans"]`.
    var path: [String] = []
    var query: [String: String] = [:]
    var body = Data()

    /// Takes apart what stands in the first line.
    init(_ head: HTTPRequestHead) throws(ControlError) {
        method = head.method.rawValue
        guard head.uri.hasPrefix("/") else { throw .notHTTP }
        let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        for segment in target[0].split(separator: "/") {
            guard let decoded = segment.removingPercentEncoding else { throw .notHTTP }
            path.append(decoded)
        }
        for pair in target.count > 1 ? target[1].split(separator: "&") : [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts[0].removingPercentEncoding,
                let value = parts.count > 1 ? parts[1].removingPercentEncoding : ""
            else { throw .notHTTP }
            query[name] = value
        }
    }
}

/// An answer.
struct HTTPResponse: Sendable {
    var status: Int
    var contentType = "application/json"
    /// Methods that the path takes, with status 405.
    var allow: [String] = []
    var body = Data()
    /// Gives what comes after the head bit by bit, instead of a body; the connection ends with it.
    var lines: (@Sendable (_ send: @Sendable (Data) async throws -> Void) async throws -> Void)?

    /// The head; each connection ends with its answer.
    var head: HTTPResponseHead {
        var fields: HTTPHeaders = [
            "Content-Type": contentType, "Cache-Control": "no-store", "Connection": "close",
        ]
        if lines == nil { fields.add(name: "Content-Length", value: "\(body.count)") }
        if !allow.isEmpty { fields.add(name: "Allow", value: allow.joined(separator: ", ")) }
        return HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
    }

    static func failure(_ error: ControlError, allow: [String] = []) -> HTTPResponse {
        // Strings cannot fail to be encoded.
        let body = (try? Wire.encode(ErrorDocument(error: error))) ?? Data()
        return HTTPResponse(status: error.status, allow: allow, body: body)
    }
}

/// An error as the body of an answer.
struct ErrorDocument: Codable {
    var error: ControlError
}

extension ControlError {
    static let notHTTP = ControlError(
        .invalid, "not an HTTP/1.1 request", hint: "try: curl --unix-socket SOCKET http://localhost/v1/status"
    )

    /// The HTTP status of the code.
    var status: Int {
        switch code {
        case .invalid: 400
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .refused: 409
        case .tooLarge: 413
        case .failed: 500
        case .unavailable: 503
        }
    }
}
