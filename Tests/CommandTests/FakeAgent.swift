import API
import Agent
import Control
import Detection
import Foundation
import Policy
import Testing
import Traffic

/// An agent that has a policy, but neither packets nor a database.
actor FakeAgent: ControlService {
    private var policy: Policy
    private var timesFollowed = 0
    /// On the allow-list.
    static let room = 6000

    init() throws {
        let gateway = ProtectedPrefix(prefix: try #require(Prefix("192.168.1.1")), reason: "gateway of eth0")
        policy = Policy(settings: PolicySettings(), mode: .enforce, protected: [gateway])
    }

    private var now: Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }

    func status() async throws -> StatusReport { Samples.status }

    func bans(_ query: BanQuery) async throws -> [BanReport] {
        query.select(policy.sanctions).map { BanReport($0, in: policy) }
    }

    private func change(
        _ order: Order, confirm: Double? = nil, isDryRun: Bool?
    ) throws -> ChangeResult {
        let before = policy
        let outcome = try change { policy in
            let done = try policy.carryOut(order, confirmWithin: confirm.map { .seconds($0) }, at: now)
            // As the kernel's tables do, this shows only when it is done.
            if policy.allowList.count > Self.room {
                throw ControlError(.refused, "no room for more than \(Self.room) entries", hint: "make room")
            }
            return done
        }
        defer { if isDryRun == true { policy = before } }
        return ChangeResult(order.action, outcome, in: policy, isDryRun: isDryRun == true)
    }

    /// A change as the agent makes it.
    private func change<Result>(_ body: (inout Policy) throws -> (Result, Changes)) throws -> Result {
        do {
            var changed = policy
            let (result, _) = try body(&changed)
            policy = changed
            return result
        } catch let refusal as Refusal {
            throw ControlError(refusal)
        } catch let refused as RefusedOrder {
            throw ControlError(refused)
        }
    }

    func ban(_ request: AddRequest) async throws -> ChangeResult {
        try change(Order(ban: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    func unban(_ request: RemoveRequest) async throws -> ChangeResult {
        try change(Order(unban: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    func allowed() async throws -> [AllowReport] {
        policy.allowList.map { AllowReport($0, in: policy) }
    }

    func allow(_ request: AddRequest) async throws -> ChangeResult {
        try change(Order(allow: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    func disallow(_ request: RemoveRequest) async throws -> ChangeResult {
        try change(Order(disallow: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    func protected() async throws -> [ProtectReport] { policy.protected.map(ProtectReport.init) }

    func protect(_ request: ProtectRequest) async throws -> ChangeResult {
        try change(Order(protect: request), isDryRun: request.dryRun)
    }

    func unprotect(_ request: UnprotectRequest) async throws -> ChangeResult {
        try change(Order(unprotect: request), isDryRun: request.dryRun)
    }

    func prove(_ request: ProveRequest) async throws -> BanReport {
        let sanction = try change { policy in
            try policy.prove(
                request.address, port: request.port, for: request.duration.map { .seconds($0) },
                reason: request.reason, at: now)
        }
        return BanReport(sanction)
    }

    func modes() async throws -> ModeReport { ModeReport(policy) }

    func setMode(_ request: ModeRequest) async throws -> ModeReport {
        try change { policy in
            let before = policy
            var changes = try policy.changeMode(to: request.mode, of: request.group)
            if let confirm = request.confirm {
                try policy.awaitConfirmation(
                    of: &changes, since: before, within: .seconds(confirm), at: now)
            }
            return ((), changes)
        }
        return ModeReport(policy)
    }

    func pending() async throws -> [PendingReport] { policy.pending.map(PendingReport.init) }

    func confirm(_ request: ConfirmRequest) async throws -> [PendingReport] {
        try change { try $0.confirm(request.changes, at: now) }.map(PendingReport.init)
    }

    func events(_ query: EventQuery) async throws -> [EventReport] { Samples.events.filter(query.matches) }

    /// Hangs up after each time; between the two times something happens.
    func followEvents(_ query: EventQuery) async throws -> AsyncThrowingStream<EventReport, any Error> {
        timesFollowed += 1
        guard timesFollowed <= 2 else { throw ControlError(.failed, "followed twice only") }
        let events = Samples.events + (timesFollowed == 2 ? [Samples.lateEvent] : [])
        return AsyncThrowingStream { stream in
            for event in events where query.matches(event) { stream.yield(event) }
            stream.finish()
        }
    }

    func alerts(_ query: AlertQuery) async throws -> [AlertReport] {
        let since = query.since ?? Timestamp(nanoseconds: 0)
        return Array(Samples.alerts.filter { $0.time > since }.prefix(query.limit ?? .max))
    }

    func audit(_ query: AuditQuery) async throws -> [AuditReport] {
        [
            AuditReport(
                id: 1, time: now, who: "alice (uid 1000)", verb: "mode", subject: "agent", detail: "enforce")
        ]
    }

    func report(since: Timestamp?) async throws -> NetworkReport { Samples.report }

    func verifyAudit(_ part: AuditPart) async throws -> AuditVerdict {
        AuditVerdict(lines: 2, broken: 2, last: 2, head: "00", newest: 9)
    }

    func explain(_ address: Address) async throws -> Explanation {
        Explanation(
            of: address, treatment: policy.treatment(of: address), cause: nil, current: nil, alerts: [])
    }

    func models() async throws -> [ModelReport] { Samples.models }

    func model(_ id: String) async throws -> ModelDocument { ModelDocument(data: Data([1, 2, 3])) }

    func promote(_ request: PromotionRequest) async throws -> ModelReport {
        guard let model = Samples.models.first(where: { $0.id == request.id ?? "site-1" }) else {
            throw ControlError(.notFound, "there is no model \(request.id ?? "")")
        }
        return model
    }

    func challenge(_ document: ModelDocument) async throws -> ModelReport { Samples.models[0] }

    func keys() async throws -> ModelKeys { ModelKeys(own: Samples.key, trusted: []) }

    func judge(_ request: FeedbackRequest) async throws -> AlertReport {
        guard var report = Samples.alerts.first(where: { $0.id == request.alert }) else {
            throw ControlError(.notFound, "there is no alert \(request.alert)")
        }
        report.feedback = request.feedback
        return report
    }

    func flows(_ query: FlowQuery) async throws -> [FlowReport] { Samples.flows }

    func settings() async throws -> SettingList { SettingList(settings: [Samples.setting], hash: "ab") }

    func reload() async throws -> [SettingReport] { [Samples.setting] }

    func top(_ query: TopQuery) async throws -> [TopEntry] { Array(Samples.top.prefix(query.limit)) }
}
