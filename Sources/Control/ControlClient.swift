package import API
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
package import Traffic

/// Speaks to the agent behind a Unix socket.
///
/// Calls throw `AgentUnreachable` if nobody answers, and `ControlError` if the agent refuses or fails.
package struct ControlClient: ControlService {
    /// Where the agent is expected.
    package let socket: String
    private static let timeLimit: Duration = .seconds(15)
    /// A little longer than the agent takes for a change at most.
    private static let changeLimit: Duration = .seconds(65)
    /// Longest line of a stream.
    private static let maximumLine = 1 << 20

    /// A client for the socket; nothing is opened before the first call.
    package init(socket: String) { self.socket = socket }

    /// Asks an endpoint.
    private func ask<Request, Answer>(
        _ endpoint: Endpoint<Request, Answer>, _ request: Request
    ) async throws -> Answer {
        let (head, body) = try endpoint.message(request)
        let limit = endpoint.method == .get ? Self.timeLimit : Self.changeLimit
        let (status, answer) = try await withTimeLimit(limit) {
            try await exchange(head, body) { inbound in
                var (status, answer) = (0, Data())
                for try await part in inbound {
                    switch part {
                    case .head(let head): status = Int(head.status.code)
                    case .body(let bytes):
                        answer += Data(bytes.readableBytesView)
                        guard answer.count <= HTTPLimits.responseBody else { throw Self.tooLong }
                    case .end: return (status, answer)
                    }
                }
                throw AgentUnreachable(socket: socket, reason: .hungUp("it closed the connection"))
            }
        }
        guard (200..<300).contains(status) else { throw Self.error(status, answer) }
        return try Wire.decode(Answer.self, from: answer)
    }

    /// Follows an endpoint that is answered line by line.
    private func follow<Request, Answer>(
        _ endpoint: Endpoint<Request, Answer>, _ request: Request
    ) throws -> AsyncThrowingStream<Answer, any Error> {
        let (head, body) = try endpoint.message(request)
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Answer.self)
        let reading = Task {
            do {
                try await exchange(head, body) { inbound in
                    var (status, buffer) = (0, Data())
                    do {
                        for try await part in inbound {
                            switch part {
                            case .head(let head): status = Int(head.status.code)
                            case .body(let bytes): buffer += Data(bytes.readableBytesView)
                            case .end: break
                            }
                            guard status == 200 else { continue }
                            while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                                let line = Data(buffer[..<end])
                                if !line.isEmpty {
                                    continuation.yield(try Wire.decode(Answer.self, from: line))
                                }
                                buffer = Data(buffer[(end + 1)...])
                            }
                            guard buffer.count <= Self.maximumLine else { throw Self.tooLong }
                        }
                    } catch let error where status == 200 && (error is IOError || error is HTTPParserError) {
                        // Killed, an agent does not end what it tells.
                    }
                    guard status == 200 else { throw Self.error(status, buffer) }
                    throw AgentUnreachable(socket: socket, reason: .ended)
                }
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in reading.cancel() }
        return stream
    }

    private static let tooLong = ControlError(.failed, "the agent's answer is too long")

    private static func error(_ status: Int, _ answer: Data) -> ControlError {
        (try? Wire.decode(ErrorDocument.self, from: answer))?.error
            ?? ControlError(.failed, "the agent answered with status \(status)")
    }

    /// Sends a request, and gives `read` what is answered.
    private func exchange<Value: Sendable>(
        _ head: HTTPRequestHead, _ body: Data,
        _ read: @Sendable (NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> Value
    ) async throws -> Value {
        let channel = try await connect()
        do {
            return try await channel.executeThenClose { inbound, outbound in
                do {
                    try await outbound.write(.head(head))
                    if !body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
                    try await outbound.write(.end(nil))
                } catch  where !(error is CancellationError) {
                    // A server that refuses a request may have answered before it got all of it.
                }
                return try await read(inbound)
            }
        } catch let error as IOError {
            throw AgentUnreachable(socket: socket, reason: .hungUp(error.localizedDescription))
        } catch HTTPParserError.invalidEOFState {
            throw AgentUnreachable(socket: socket, reason: .hungUp("it closed the connection"))
        } catch is HTTPParserError {
            throw ControlError(.failed, "the answer is not HTTP")
        }
    }

    private func connect() async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
        while true {
            do {
                return try await ClientBootstrap(group: EventLoops.shared)
                    .connect(unixDomainSocketPath: socket) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHTTPClientHandlers()
                            return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                        }
                    }
            } catch let error as IOError where error.errnoCode == EAGAIN {
                // Others stand in the queue before the socket, which the agent sees to.
                try await Task.sleep(for: .milliseconds(20))
            } catch let error as IOError {
                throw AgentUnreachable(
                    socket: socket, reason: .init(code: error.errnoCode, message: error.localizedDescription))
            }
        }
    }
}

extension Endpoint {
    /// A request as HTTP.
    fileprivate func message(_ request: Request) throws -> (HTTPRequestHead, body: Data) {
        let data = try Wire.encode(request)
        let isWhole = method == .post && !path.contains { $0.hasPrefix("{") }
        var members = isWhole ? [:] : try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        let segments = path.map { segment in
            segment.hasPrefix("{")
                ? members.removeValue(forKey: String(segment.dropFirst().dropLast())).map { "\($0)".encoded }
                    ?? ""
                : segment
        }
        var uri = "/v1/" + segments.joined(separator: "/")
        var body = Data()
        switch method {
        case .get:
            let pairs = members.sorted { $0.key < $1.key }.map { "\($0.key)=\("\($0.value)".encoded)" }
            if !pairs.isEmpty { uri += "?" + pairs.joined(separator: "&") }
        case .post: body = isWhole ? data : try JSONSerialization.data(withJSONObject: members)
        }
        var head = HTTPRequestHead(version: .http1_1, method: .init(rawValue: method.rawValue), uri: uri)
        head.headers = ["Host": "localhost", "Content-Length": "\(body.count)"]
        return (head, body)
    }
}

extension String {
    /// Percent-encoded, slashes and colons too.
    fileprivate var encoded: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: ".-"))) ?? self
    }
}

extension ControlClient {
    package func status() async throws -> StatusReport { try await ask(Endpoints.status, Nothing()) }

    package func bans(_ query: BanQuery) async throws -> [BanReport] {
        try await ask(Endpoints.bans, query).bans
    }

    package func ban(_ request: AddRequest) async throws -> ChangeResult {
        try await ask(Endpoints.ban, request)
    }

    package func unban(_ request: RemoveRequest) async throws -> ChangeResult {
        try await ask(Endpoints.unban, request)
    }

    package func allowed() async throws -> [AllowReport] {
        try await ask(Endpoints.allowed, Nothing()).allowed
    }

    package func allow(_ request: AddRequest) async throws -> ChangeResult {
        try await ask(Endpoints.allow, request)
    }

    package func disallow(_ request: RemoveRequest) async throws -> ChangeResult {
        try await ask(Endpoints.disallow, request)
    }

    package func protected() async throws -> [ProtectReport] {
        try await ask(Endpoints.protected, Nothing()).protected
    }

    package func protect(_ request: ProtectRequest) async throws -> ChangeResult {
        try await ask(Endpoints.protect, request)
    }

    package func unprotect(_ request: UnprotectRequest) async throws -> ChangeResult {
        try await ask(Endpoints.unprotect, request)
    }

    package func pending() async throws -> [PendingReport] {
        try await ask(Endpoints.pending, Nothing()).pending
    }

    package func confirm(_ request: ConfirmRequest) async throws -> [PendingReport] {
        try await ask(Endpoints.confirm, request).pending
    }

    package func modes() async throws -> ModeReport { try await ask(Endpoints.modes, Nothing()) }

    package func prove(_ request: ProveRequest) async throws -> BanReport {
        try await ask(Endpoints.prove, request)
    }

    package func setMode(_ request: ModeRequest) async throws -> ModeReport {
        try await ask(Endpoints.setMode, request)
    }

    package func report(since: Timestamp?) async throws -> NetworkReport {
        try await ask(Endpoints.report, ReportQuery(since: since))
    }

    package func alerts(_ query: AlertQuery) async throws -> [AlertReport] {
        try await ask(Endpoints.alerts, query).alerts
    }

    package func judge(_ request: FeedbackRequest) async throws -> AlertReport {
        try await ask(Endpoints.judge, request)
    }

    package func models() async throws -> [ModelReport] {
        try await ask(Endpoints.models, Nothing()).models
    }

    package func model(_ id: String) async throws -> ModelDocument {
        try await ask(Endpoints.model, ModelQuery(id: id))
    }

    package func promote(_ request: PromotionRequest) async throws -> ModelReport {
        try await ask(Endpoints.promote, request)
    }

    package func challenge(_ document: ModelDocument) async throws -> ModelReport {
        try await ask(Endpoints.challenge, document)
    }

    package func keys() async throws -> ModelKeys { try await ask(Endpoints.keys, Nothing()) }

    package func audit(_ query: AuditQuery) async throws -> [AuditReport] {
        try await ask(Endpoints.audit, query).lines
    }

    package func verifyAudit(_ part: AuditPart) async throws -> AuditVerdict {
        try await ask(Endpoints.verifyAudit, part)
    }

    package func explain(_ address: Address) async throws -> Explanation {
        try await ask(Endpoints.explain, ExplainQuery(address: address))
    }

    package func settings() async throws -> SettingList { try await ask(Endpoints.settings, Nothing()) }

    package func reload() async throws -> [SettingReport] {
        try await ask(Endpoints.reload, Nothing()).settings
    }

    package func events(_ query: EventQuery) async throws -> [EventReport] {
        try await ask(Endpoints.events, query).events
    }

    package func followEvents(
        _ query: EventQuery
    ) async throws -> AsyncThrowingStream<EventReport, any Error> {
        try follow(Endpoints.followEvents, query)
    }

    package func flows(_ query: FlowQuery) async throws -> [FlowReport] {
        try await ask(Endpoints.flows, query).flows
    }

    package func top(_ query: TopQuery) async throws -> [TopEntry] {
        try await ask(Endpoints.top, query).entries
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
