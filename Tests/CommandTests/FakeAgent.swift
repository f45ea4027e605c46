import Control
import Detection
import Foundation
import Policy
import Testing
import Traffic

/// An agent that has a policy, but neither packets nor a database.
actor FakeAgent: ControlService {
    private var policy: Policy

    init() throws {
        let gateway = ProtectedPrefix(prefix: try #require(Prefix("192.168.1.1")), reason: "gateway of eth0")
        policy = Policy(settings: PolicySettings(), mode: .enforce, protected: [gateway])
    }

    private var now: Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }

    /// What the policy refuses, as the API says it.
    private func translate<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let refusal as Refusal { throw ControlError(refusal) }
    }

    func status() async throws -> StatusReport { Samples.status }

    func bans(_ query: BanQuery) async throws -> [BanReport] {
        query.select(policy.sanctions).map(BanReport.init)
    }

    func batch(_ request: BatchRequest) async throws -> BatchResult {
        var changed = policy
        let (result, _) = try request.apply(to: &changed, at: now)
        if request.isTrial != true { policy = changed }
        return result
    }

    func ban(_ request: BanRequest) async throws -> BanReport {
        try translate {
            BanReport(try policy.ban(request.prefix, for: request.lasting, reason: request.reason, at: now).0)
        }
    }

    func unban(_ prefix: Prefix) async throws -> [BanReport] {
        try translate { try policy.unban(prefix, at: now).0.map(BanReport.init) }
    }

    func allowed() async throws -> [AllowReport] {
        policy.allowList.map(AllowReport.init) + policy.protected.map(AllowReport.init)
    }

    func allow(_ request: AllowRequest) async throws -> AllowResult {
        try translate {
            let (entry, lifted, _) = try policy.allow(
                request.prefix, for: request.lasting, reason: request.reason, at: now)
            return AllowResult(entry: AllowReport(entry), lifted: lifted.map(\.prefix))
        }
    }

    func disallow(_ prefix: Prefix) async throws -> AllowReport {
        try translate { AllowReport(try policy.disallow(prefix).0) }
    }

    func modes() async throws -> ModeReport { ModeReport(policy) }

    func setMode(_ request: ModeRequest) async throws -> ModeReport {
        _ = policy.setMode(request.mode, of: request.group)
        return ModeReport(policy)
    }

    func alerts(_ query: AlertQuery) async throws -> [AlertReport] {
        let since = query.since ?? Timestamp(nanoseconds: 0)
        return Array(Samples.alerts.filter { $0.time > since }.prefix(query.limit ?? .max))
    }

    func audit(since: Timestamp?, limit: Int) async throws -> [AuditReport] {
        [
            AuditReport(
                id: 1, time: now, who: "alice (uid 1000)", verb: "mode", subject: "agent", detail: "enforce")
        ]
    }

    func report(since: Timestamp?) async throws -> NetworkReport { Samples.report }

    func verifyAudit() async throws -> AuditVerdict { AuditVerdict(lines: 3, broken: 2, head: "00") }

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

    func judge(alert: Int64, _ request: FeedbackRequest) async throws -> AlertReport {
        guard var report = Samples.alerts.first(where: { $0.id == alert }) else {
            throw ControlError(.notFound, "there is no alert \(alert)")
        }
        report.feedback = request.feedback
        return report
    }

    func flows(_ query: FlowQuery) async throws -> [FlowReport] { Samples.flows }

    func settings() async throws -> [SettingReport] { [Samples.setting] }

    func reload() async throws -> [SettingReport] { [Samples.setting] }

    func top(_ query: TopQuery) async throws -> [TopEntry] { Array(Samples.top.prefix(query.limit)) }
}
