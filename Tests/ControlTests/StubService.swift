import API
import Control
import Foundation
import Traffic

/// Answers with a little of everything, and remembers what it was asked.
actor StubService: ControlService {
    private(set) var calls: [String] = []
    private(set) var callers: [Caller] = []
    /// Calls of which nobody waits for the answer any more.
    private(set) var givenUp: [String] = []
    private var failure: (any Error)?
    private var delay: Duration = .zero
    private var followed: AsyncThrowingStream<EventReport, any Error>?

    static let time = Timestamp(nanoseconds: 1_700_000_000_250_000_000)

    func fail(with error: any Error) { failure = error }
    func wait(_ duration: Duration) { delay = duration }

    private func note(_ call: String) async throws {
        calls.append(call)
        if let caller = Caller.current { callers.append(caller) }
        do {
            try await Task.sleep(for: delay)
        } catch {
            givenUp.append(call)
            throw error
        }
        if let failure { throw failure }
    }

    func status() async throws -> StatusReport {
        try await note("status")
        var totals = Totals()
        totals.flow = Count(packets: 990, bytes: 99_000)
        totals.aside = Count(packets: 10, bytes: 1000)
        totals.dropped = Count(packets: 5, bytes: 300)
        totals.malformations[.headerLength] = Count(packets: 3, bytes: 180)
        return StatusReport(
            version: "1.2.3", mode: .shadow, learning: StatusReport.Learning(progress: 0.5, remaining: 60),
            started: Self.time, uptime: 3600,
            interfaces: [StatusReport.Interface(name: "eth0", attach: "native")],
            traffic: StatusReport.Traffic(totals),
            rates: StatusReport.Rates(
                packetsPerSecond: 100, bytesPerSecond: 10_000, droppedPerSecond: 1,
                packetsHistory: [1, 2, 3],
                droppedHistory: [0, 0, 1]),
            counts: StatusReport.Counts(entities: 7, bans: 2, limits: 1, allowed: 3, alerts: 4),
            model: StatusReport.Model(
                id: "ae-\"1\"", isBuiltIn: false, trained: Self.time, age: 60, thresholds: ["source": 3.5]),
            heartbeatAge: 0.2, memory: 34_000_000, kernelMemory: 42_500_000)
    }

    func bans(_ query: BanQuery) async throws -> [BanReport] {
        try await note("bans \(query.words)")
        return []
    }

    func ban(_ request: AddRequest) async throws -> ChangeResult { try await change("ban", request) }

    func unban(_ request: RemoveRequest) async throws -> ChangeResult { try await change("unban", request) }

    private func change(_ verb: String, _ request: AddRequest) async throws -> ChangeResult {
        let within = request.confirm.map { " within \($0)" } ?? ""
        try await note(
            "\(verb) \(request.prefixes.words) \(request.duration ?? 0) \(request.reason ?? "-")\(within)")
        return Self.result(request.prefixes)
    }

    private func change(_ verb: String, _ request: RemoveRequest) async throws -> ChangeResult {
        try await note("\(verb) \(request.prefixes.words)" + (request.confirm.map { " within \($0)" } ?? ""))
        return Self.result(request.prefixes)
    }

    func allowed() async throws -> [AllowReport] {
        try await note("allowed")
        return []
    }

    func allow(_ request: AddRequest) async throws -> ChangeResult { try await change("allow", request) }

    func disallow(_ request: RemoveRequest) async throws -> ChangeResult {
        try await change("disallow", request)
    }

    func protected() async throws -> [ProtectReport] {
        try await note("protected")
        return []
    }

    func protect(_ request: ProtectRequest) async throws -> ChangeResult {
        try await note("protect \(request.prefixes.words) \(request.reason ?? "-")")
        return Self.result(request.prefixes)
    }

    func unprotect(_ request: UnprotectRequest) async throws -> ChangeResult {
        try await note("unprotect \(request.prefixes.words)")
        return Self.result(request.prefixes)
    }

    func pending() async throws -> [PendingReport] {
        try await note("pending")
        return [Self.change]
    }

    func confirm(_ request: ConfirmRequest) async throws -> [PendingReport] {
        try await note("confirm \(request.changes.map { "\($0)" } ?? "-")")
        return [Self.change]
    }

    func events(_ query: EventQuery) async throws -> [EventReport] {
        try await note("events \(query.words)")
        return []
    }

    func followEvents(_ query: EventQuery) async throws -> AsyncThrowingStream<EventReport, any Error> {
        try await note("follow \(query.words)")
        return followed ?? AsyncThrowingStream { $0.finish() }
    }

    func follow(_ stream: AsyncThrowingStream<EventReport, any Error>) { followed = stream }

    func modes() async throws -> ModeReport {
        try await note("modes")
        return ModeReport(
            groups: [.init(mode: .enforce, configured: .shadow)], trip: nil)
    }

    func prove(_ request: ProveRequest) async throws -> BanReport {
        try await note("prove \(request.address) \(request.port.map { "\($0)" } ?? "-")")
        return BanReport(
            prefix: Prefix(request.address), action: .prove, origin: .manual, isShadowed: false,
            since: Self.time, expires: nil,
            target: TargetReport(address: request.address, protocol: .tcp, port: request.port),
            packetsPerSecond: nil, dropped: Count(), lastHit: nil, reason: request.reason ?? "manual",
            summary: "by hand", ruleID: 1, alertID: nil)
    }

    func setMode(_ request: ModeRequest) async throws -> ModeReport {
        try await note("mode \(request.mode) \(request.group ?? "-")")
        return ModeReport(
            groups: [.init(mode: request.mode, configured: .shadow)], trip: nil)
    }

    func alerts(_ query: AlertQuery) async throws -> [AlertReport] {
        try await note("alerts \(query.words)")
        return []
    }

    func audit(_ query: AuditQuery) async throws -> [AuditReport] {
        let (since, source) = (query.since?.rfc3339 ?? "-", query.source.map { "\($0)" } ?? "-")
        try await note(
            "audit \(since) \(source) \(query.reason ?? "-") \(query.kind?.rawValue ?? "-") \(query.limit ?? 0)"
        )
        return []
    }

    func report(since: Timestamp?) async throws -> NetworkReport {
        try await note("report \(since?.rfc3339 ?? "-")")
        return NetworkReport(since: Self.time, groups: [])
    }

    func verifyAudit(_ part: AuditPart) async throws -> AuditVerdict {
        try await note("verify \(part.after.map { "\($0) \(part.hash ?? "-")" } ?? "-")")
        let last = (part.after ?? 0) + 3
        return AuditVerdict(lines: 3, last: last, head: "0\(last)", newest: 9)
    }

    func explain(_ address: Address) async throws -> Explanation {
        try await note("explain \(address)")
        return Explanation(address: address, state: .passing, summary: "no rule matches")
    }

    func flows(_ query: FlowQuery) async throws -> [FlowReport] {
        try await note("flows \(query.source.map { "\($0)" } ?? "-") \(query.limit) \(query.order)")
        return []
    }

    func settings() async throws -> SettingList {
        try await note("settings")
        return SettingList(settings: [], hash: "ab")
    }

    func reload() async throws -> [SettingReport] {
        try await note("reload")
        return [SettingReport(key: "mode", value: "limit", origin: "file f:1", isReloadable: true)]
    }

    func top(_ query: TopQuery) async throws -> [TopEntry] {
        let source = query.source.map { "\($0)" } ?? "-"
        try await note("top \(query.view.rawValue) \(source) \(query.limit) \(query.order)")
        return []
    }

    func models() async throws -> [ModelReport] {
        try await note("models")
        return [Self.model]
    }

    func model(_ id: String) async throws -> ModelDocument {
        try await note("model \(id)")
        return ModelDocument(data: Data([1, 2, 3]))
    }

    func promote(_ request: PromotionRequest) async throws -> ModelReport {
        try await note("promote \(request.id ?? "-")")
        return Self.model
    }

    func challenge(_ document: ModelDocument) async throws -> ModelReport {
        try await note("challenge \(document.data.count)")
        return Self.model
    }

    func keys() async throws -> ModelKeys {
        try await note("keys")
        return ModelKeys(own: "ab", trusted: ["cd"])
    }

    func judge(_ request: FeedbackRequest) async throws -> AlertReport {
        try await note("judge \(request.alert) \(request.feedback)")
        throw ControlError(.notFound, "there is no alert \(request.alert)")
    }

    private static let model = ModelReport(
        id: "site-1", role: "champion", trained: time, since: time, note: "the first", size: 3, trial: nil)

    private static func result(_ prefixes: [Prefix]) -> ChangeResult {
        ChangeResult(count: prefixes.count, lifted: 0, bans: prefixes.map(report), pending: change)
    }

    static func report(_ prefix: Prefix) -> BanReport {
        BanReport(
            prefix: prefix, action: .ban, origin: .manual, isShadowed: false, since: time,
            expires: time + .milliseconds(1500), target: nil, packetsPerSecond: nil, dropped: Count(),
            lastHit: nil, reason: "manual", summary: "banned by hand", ruleID: 7, alertID: nil)
    }

    private static let change = PendingReport(
        id: 3, made: time, deadline: time + .seconds(60), summary: "mode enforce")
}

extension [Prefix] {
    fileprivate var words: String { map(\.description).joined(separator: ",") }
}

extension ListQuery {
    fileprivate var words: String {
        let values = [since?.rfc3339, source.map { "\($0)" }, reason, limit.map { "\($0)" }]
        return (values.map { $0 ?? "-" } + ["\(order)"]).joined(separator: " ")
    }
}

extension EventQuery {
    fileprivate var words: String {
        let values = [since?.rfc3339, source.map { "\($0)" }, reason, kind?.rawValue]
        return (values.map { $0 ?? "-" } + ["\(limit ?? 0)"]).joined(separator: " ")
    }
}
