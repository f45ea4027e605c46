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

    package func unban(_ prefix: Prefix, confirm: Double?) async throws -> [BanReport] {
        let path = "bans/" + Self.encode("\(prefix)") + Self.query([("confirm", confirm.map { "\($0)" })])
        return try await (send("DELETE", path) as BanList).bans
    }

    package func allowed() async throws -> [AllowReport] { try await (get("allow") as AllowList).allowed }

    package func allow(_ request: AllowRequest) async throws -> AllowResult {
        try await send("POST", "allow", body: try Wire.encode(request))
    }

    package func disallow(_ prefix: Prefix, confirm: Double?) async throws -> AllowReport {
        let path = "allow/" + Self.encode("\(prefix)") + Self.query([("confirm", confirm.map { "\($0)" })])
        return try await send("DELETE", path)
    }

    package func protected() async throws -> [ProtectReport] {
        try await (get("protect") as ProtectList).protected
    }

    package func protect(_ request: ProtectRequest) async throws -> ProtectResult {
        try await send("POST", "protect", body: try Wire.encode(request))
    }

    package func unprotect(_ prefix: Prefix) async throws -> ProtectReport {
        try await send("DELETE", "protect/" + Self.encode("\(prefix)"))
    }

    package func pending() async throws -> [PendingReport] {
        try await (get("pending") as PendingList).pending
    }

    package func confirm(_ request: ConfirmRequest) async throws -> [PendingReport] {
        try await (send("POST", "confirm", body: try Wire.encode(request)) as PendingList).pending
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

    package func audit(_ query: AuditQuery) async throws -> [AuditReport] {
        try await (get("audit" + Self.query(query.parameters)) as AuditList).lines
    }

    package func verifyAudit(after part: AuditPart?) async throws -> AuditVerdict {
        try await get(
            "audit/verify" + Self.query([("after", part.map { "\($0.line)" }), ("hash", part?.hash)]))
    }

    package func explain(_ address: Address) async throws -> Explanation {
        try await get("explain?address=" + Self.encode("\(address)"))
    }

    package func settings() async throws -> SettingList { try await get("config") }

    package func reload() async throws -> [SettingReport] {
        try await (send("POST", "reload") as SettingList).settings
    }

    package func events(_ query: EventQuery) async throws -> [EventReport] {
        try await (get("events" + Self.query(query.parameters)) as EventList).events
    }

    package func followEvents(
        _ query: EventQuery
    ) async throws -> AsyncThrowingStream<EventReport, any Error> {
        let connection = try await connect(try await SocketPool<Poll>.client)
        let head = "GET /v1/events/stream\(Self.query(query.parameters)) HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: EventReport.self)
        let reading = Task {
            defer { connection.close() }
            do {
                try await connection.write(Data(head.utf8))
                let (status, rest) = try await connection.readLines(maximumLine: 1 << 20) {
                    continuation.yield(try Wire.decode(EventReport.self, from: $0))
                }
                guard status == 200 else { throw Self.error(status, rest) }
                throw AgentUnreachable(socket: socket, reason: .ended)
            } catch let error as SocketError {
                let reason = AgentUnreachable.Reason.hungUp(error.localizedDescription)
                continuation.finish(throwing: AgentUnreachable(socket: socket, reason: reason))
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in reading.cancel() }
        return stream
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
            throw Self.error(status, answer)
        }
        return try Wire.decode(Document.self, from: answer)
    }

    private static func error(_ status: Int, _ answer: Data) -> ControlError {
        (try? Wire.decode(ErrorDocument.self, from: answer))?.error
            ?? ControlError(.failed, "the agent answered with status \(status)")
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
        /// What it was to tell without an end has ended: it has stopped.
        case ended
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

extension TrailQuery {
    fileprivate var parameters: [(name: String, value: String?)] {
        [
            ("since", since?.rfc3339), ("source", source.map { "\($0)" }), ("reason", reason),
            ("kind", kind?.rawValue), ("limit", limit > 0 ? "\(limit)" : nil),
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
