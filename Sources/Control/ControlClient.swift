import Features
import FlyingSocks
import Foundation
import Glibc
package import Traffic

/// Speaks to the agent behind a Unix socket.
///
/// Calls throw `AgentUnreachable` if nobody answers, and `ControlError` if the agent refuses or fails.
package struct ControlClient: ControlService {
    /// Where the agent is expected.
    package let socket: String
    private static let timeLimit: Duration = .seconds(15)

    /// A client for the socket; nothing is opened before the first call.
    package init(socket: String) { self.socket = socket }

    package func status() async throws -> StatusReport { try await get("status") }

    package func bans(_ query: BanQuery) async throws -> [BanReport] {
        try await (get("bans" + Self.query(query.parameters)) as BanList).bans
    }

    package func ban(_ request: BanRequest) async throws -> BanReport {
        try await send("POST", "bans", body: try Wire.encode(request))
    }

    package func unban(_ prefix: Prefix) async throws -> [BanReport] {
        try await (send("DELETE", "bans/" + Self.encode("\(prefix)")) as BanList).bans
    }

    package func allowed() async throws -> [AllowReport] { try await (get("allow") as AllowList).allowed }

    package func allow(_ request: AllowRequest) async throws -> AllowResult {
        try await send("POST", "allow", body: try Wire.encode(request))
    }

    package func disallow(_ prefix: Prefix) async throws -> AllowReport {
        try await send("DELETE", "allow/" + Self.encode("\(prefix)"))
    }

    package func modes() async throws -> ModeReport { try await get("mode") }

    package func setMode(_ request: ModeRequest) async throws -> ModeReport {
        try await send("POST", "mode", body: try Wire.encode(request))
    }

    package func report(since: Timestamp?) async throws -> NetworkReport {
        try await get("report" + Self.query([("since", since?.rfc3339)]))
    }

    package func batch(_ request: BatchRequest) async throws -> BatchResult {
        try await send("POST", "batch", body: try Wire.encode(request))
    }

    package func alerts(_ query: AlertQuery) async throws -> [AlertReport] {
        try await (get("alerts" + Self.query(query.parameters)) as AlertList).alerts
    }

    package func models() async throws -> [ModelReport] { try await (get("models") as ModelList).models }

    package func model(_ id: String) async throws -> ModelDocument {
        try await get("models/" + Self.encode(id))
    }

    package func promote(_ request: PromotionRequest) async throws -> ModelReport {
        try await send("POST", "models/promote", body: try Wire.encode(request))
    }

    package func challenge(_ document: ModelDocument) async throws -> ModelReport {
        try await send("POST", "models", body: try Wire.encode(document))
    }

    package func keys() async throws -> ModelKeys { try await get("keys") }

    package func judge(alert: Int64, _ request: FeedbackRequest) async throws -> AlertReport {
        try await send("POST", "alerts/\(alert)/feedback", body: try Wire.encode(request))
    }

    package func audit(since: Timestamp?, limit: Int) async throws -> [AuditReport] {
        let query = since.map { "since=\(Self.encode($0.rfc3339))&" } ?? ""
        return try await (get("audit?\(query)limit=\(limit)") as AuditList).lines
    }

    package func verifyAudit() async throws -> AuditVerdict { try await get("audit/verify") }

    package func explain(_ address: Address) async throws -> Explanation {
        try await get("explain?address=" + Self.encode("\(address)"))
    }

    package func settings() async throws -> [SettingReport] {
        try await (get("config") as SettingList).settings
    }

    package func reload() async throws -> [SettingReport] {
        try await (send("POST", "reload") as SettingList).settings
    }

    package func flows(_ query: FlowQuery) async throws -> [FlowReport] {
        let parameters = [
            ("source", query.source.map { "\($0)" }), ("limit", "\(query.limit)"),
            ("sort", query.order.rawValue),
        ]
        return try await (get("flows" + Self.query(parameters)) as FlowList).flows
    }

    package func top(_ query: TopQuery) async throws -> [TopEntry] {
        try await (get("top" + Self.query(query.parameters)) as TopList).entries
    }

    private func get<Document: Decodable>(_ path: String) async throws -> Document {
        try await send("GET", path)
    }

    private func send<Document: Decodable>(
        _ method: String, _ path: String, body: Data = Data()
    ) async throws -> Document {
        let head =
            "\(method) /v1/\(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n\r\n"
        let (status, answer) = try await exchange(Data(head.utf8) + body)
        guard (200..<300).contains(status) else {
            throw (try? Wire.decode(ErrorDocument.self, from: answer))?.error
                ?? ControlError(.failed, "the agent answered with status \(status)")
        }
        return try Wire.decode(Document.self, from: answer)
    }

    private func exchange(_ request: Data) async throws -> (status: Int, body: Data) {
        let pool = try await SocketPool<Poll>.client
        return try await withTimeLimit(Self.timeLimit) {
            let connection = try await connect(pool)
            defer { connection.close() }
            do {
                // A server that refuses a request may have answered and gone before it got all of it.
                try? await connection.write(request)
                return try await connection.readResponse(maximumBody: HTTPLimits.responseBody)
            } catch let error as SocketError {
                throw AgentUnreachable(socket: socket, reason: .hungUp(error.localizedDescription))
            }
        }
    }

    private func connect(_ pool: some AsyncSocketPool) async throws -> HTTPConnection {
        let descriptor = try Socket(domain: AF_UNIX, type: .stream)
        do {
            let client = try AsyncSocket(socket: descriptor, pool: pool)
            try await client.connect(to: .unix(path: socket))
            return HTTPConnection(socket: client)
        } catch {
            try? descriptor.close()
            guard case .failed(_, let code, let message) = error as? SocketError else { throw error }
            throw AgentUnreachable(socket: socket, reason: .init(code: code, message: message))
        }
    }

    /// `?name=value&...` of those that have a value.
    private static func query(_ parameters: [(name: String, value: String?)]) -> String {
        let pairs = parameters.compactMap { name, value in value.map { "\(name)=\(encode($0))" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// Percent-encoded, slashes and colons too.
    private static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: ".-")))
            ?? text
    }
}

/// Nobody answers at the socket.
package struct AgentUnreachable: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// There is no socket, or nobody listens at it.
        case notRunning
        /// The socket is there, but not for this user.
        case notPermitted
        /// The agent closed the connection.
        case hungUp(String)
        /// Anything else, in the system's words.
        case other(String)
    }

    package let socket: String
    package let reason: Reason

    package init(socket: String, reason: Reason) {
        self.socket = socket
        self.reason = reason
    }
}

extension AgentUnreachable.Reason {
    fileprivate init(code: Int32, message: String) {
        switch code {
        case ENOENT, ECONNREFUSED: self = .notRunning
        case EACCES, EPERM: self = .notPermitted
        default: self = .other(message)
        }
    }
}

extension ListQuery where Order: RawRepresentable<String> {
    fileprivate var parameters: [(name: String, value: String?)] {
        [
            ("since", since?.rfc3339), ("source", source.map { "\($0)" }), ("reason", reason),
            ("limit", limit.map { "\($0)" }), ("sort", order.rawValue),
        ]
    }
}

extension TopQuery {
    fileprivate var parameters: [(name: String, value: String?)] {
        [
            ("view", view.rawValue), ("source", source.map { "\($0)" }), ("limit", "\(limit)"),
            ("sort", order.rawValue),
        ]
    }
}
