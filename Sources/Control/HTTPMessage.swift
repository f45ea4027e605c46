import Foundation

// As much of HTTP/1.1 (RFC 9112) as a local socket needs: one request a connection, bodies with a
// Content-Length. FlyingFox's own server reads head lines of any length, drains bodies that are too long, and
// hangs up on what it cannot parse; here each has a limit and an answer. Its sockets are what this runs on.

/// Limits on what a peer may send.
enum HTTPLimits {
    static let head = 16 * 1024
    static let requestBody = 256 * 1024
    /// Of a request that is answered before its end.
    static let discarded = 1024 * 1024
    static let responseBody = 256 * 1024 * 1024
}

/// A request, taken apart.
struct HTTPRequest: Hashable, Sendable {
    var method: String
    /// Segments of the path, percent-decoded: `/v1/bans` is `["v1", "bans"]`.
    var path: [String]
    var query: [String: String] = [:]
    var body = Data()
}

/// An answer.
struct HTTPResponse: Sendable {
    var status: Int
    var contentType = "application/json"
    /// Methods that the path takes, with status 405.
    var allow: [String] = []
    var body: Data
    /// Gives what comes after the head bit by bit, instead of a body; the connection ends with it.
    var lines: (@Sendable (_ send: @Sendable (Data) async throws -> Void) async throws -> Void)?

    /// The bytes to send; the connection ends with them, or with `lines`.
    var encoded: Data {
        var head = "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Status")\r\n"
        head += "Content-Type: \(contentType)\r\nCache-Control: no-store\r\n"
        if lines == nil { head += "Content-Length: \(body.count)\r\n" }
        if !allow.isEmpty { head += "Allow: \(allow.joined(separator: ", "))\r\n" }
        return Data((head + "Connection: close\r\n\r\n").utf8) + body
    }

    private static let phrases = [
        200: "OK", 201: "Created", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 409: "Conflict", 413: "Content Too Large", 500: "Internal Server Error",
        503: "Service Unavailable",
    ]
}

/// The part of a message before the body.
struct HTTPHead: Hashable, Sendable {
    /// `GET /v1/status HTTP/1.1` or `HTTP/1.1 200 OK`, at its spaces.
    var startLine: [String]
    /// By name in lower case; of repeated fields the last.
    private var fields: [String: String] = [:]

    /// Reads the lines before the empty one.
    init(_ bytes: some Collection<UInt8>) throws(ControlError) {
        // Some clients end lines with "\n" alone (RFC 9112 section 2.2).
        let lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            String(bytes: $0, encoding: .utf8)
        }
        startLine = lines.first?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        for line in lines.dropFirst().map({ $0.trimmingCharacters(in: .whitespaces) }) where line != "\r" {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw .notHTTP }
            let name = parts[0].lowercased()
            let value = parts[1].trimmingCharacters(in: .whitespacesAndNewlines)
            // Two different lengths are how requests get smuggled (RFC 9112 section 6.3).
            if name == "content-length", let other = fields[name], other != value { throw .notHTTP }
            fields[name] = value
        }
    }

    /// Length of the body that follows, at most `maximum`; `nil` where the message does not say.
    func bodyLength(atMost maximum: Int) throws(ControlError) -> Int? {
        guard fields["transfer-encoding"] == nil else {
            throw ControlError(.invalid, "chunked bodies are not supported", hint: "send a Content-Length")
        }
        guard let field = fields["content-length"] else { return nil }
        guard field.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(field) else {
            throw .notHTTP
        }
        guard length <= maximum else {
            throw ControlError(.tooLarge, "the body has \(length) bytes, more than \(maximum)")
        }
        return length
    }

    /// The request that this head begins.
    func request(body: Data) throws(ControlError) -> HTTPRequest {
        guard startLine.count == 3, startLine[2].hasPrefix("HTTP/1."), startLine[1].hasPrefix("/") else {
            throw .notHTTP
        }
        let target = startLine[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var request = HTTPRequest(method: startLine[0], path: [], body: body)
        for segment in target[0].split(separator: "/") {
            guard let decoded = segment.removingPercentEncoding else { throw .notHTTP }
            request.path.append(decoded)
        }
        for pair in target.count > 1 ? target[1].split(separator: "&") : [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts[0].removingPercentEncoding,
                let value = parts.count > 1 ? parts[1].removingPercentEncoding : ""
            else { throw .notHTTP }
            request.query[name] = value
        }
        return request
    }
}

extension ControlError {
    static let notHTTP = ControlError(
        .invalid, "not an HTTP/1.1 request", hint: "try: curl --unix-socket SOCKET http://localhost/v1/status"
    )
}
