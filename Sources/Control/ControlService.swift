package import API
package import Traffic

/// What the control socket offers; the agent implements it.
///
/// Errors other than `ControlError` are answered as `failed`.
package protocol ControlService: Sendable {
    /// What the agent is, sees and does.
    func status() async throws -> StatusReport

    /// Bans and limits in force.
    func bans(_ query: BanQuery) async throws -> [BanReport]

    /// Bans sources by hand.
    ///
    /// - Throws: `ControlError` with code `refused` and the prefixes that are protected, allowed or too wide.
    func ban(_ request: AddRequest) async throws -> ChangeResult

    /// Lifts every ban and limit on exactly these prefixes, whoever made it.
    func unban(_ request: RemoveRequest) async throws -> ChangeResult

    /// The allow-list.
    func allowed() async throws -> [AllowReport]

    /// Adds to the allow-list, which lifts what the entries cover.
    func allow(_ request: AddRequest) async throws -> ChangeResult

    /// Takes entries off the allow-list.
    ///
    /// - Throws: `ControlError` with code `refused` and those that stand in the configuration or are protected automatically.
    func disallow(_ request: RemoveRequest) async throws -> ChangeResult

    /// What no rule is made on.
    func protected() async throws -> [ProtectReport]

    /// Protects prefixes by name, which lifts automatic rules on them.
    ///
    /// - Throws: `ControlError` with code `refused` and those that are banned by hand or too wide.
    func protect(_ request: ProtectRequest) async throws -> ChangeResult

    /// Takes off what was protected by name.
    ///
    /// - Throws: `ControlError` with code `refused` and those that the agent itself protects.
    func unprotect(_ request: UnprotectRequest) async throws -> ChangeResult

    /// Changes that wait to be confirmed, the oldest first.
    func pending() async throws -> [PendingReport]

    /// Confirms changes, and returns them.
    ///
    /// - Throws: `ControlError` with code `notFound` if one of them does not wait, or none does.
    func confirm(_ request: ConfirmRequest) async throws -> [PendingReport]

    /// How far the agent goes by itself.
    func modes() async throws -> ModeReport

    /// Has those prove their address who begin TCP connections to one.
    ///
    /// - Throws: `ControlError` `.invalid`.
    func prove(_ request: ProveRequest) async throws -> BanReport
    /// Changes a mode at once.
    ///
    /// - Throws: `ControlError` with code `notFound` if there is no such group.
    func setMode(_ request: ModeRequest) async throws -> ModeReport

    /// What each mode would do on this network, from what was seen since a time (`nil`: seven days ago).
    func report(since: Timestamp?) async throws -> NetworkReport

    /// Alerts that are kept.
    func alerts(_ query: AlertQuery) async throws -> [AlertReport]

    /// Lines of the audit trail, newest first.
    func audit(_ query: AuditQuery) async throws -> [AuditReport]

    /// Whether the audit trail is what was written: a part of it, from the beginning or after another part.
    ///
    /// - Throws: `ControlError` with code `invalid` if the hash is none.
    func verifyAudit(_ part: AuditPart) async throws -> AuditVerdict

    /// What happens to packets from `address`, and why.
    func explain(_ address: Address) async throws -> Explanation

    /// Every model that is kept, the one trained last first.
    func models() async throws -> [ModelReport]

    /// The file of a model.
    ///
    /// - Throws: `ControlError` with code `notFound` if it is not kept.
    func model(_ id: String) async throws -> ModelDocument

    /// Puts a model that is kept in use at once.
    ///
    /// - Throws: `ControlError` with code `refused` if it cannot be read or is not signed by a trusted key.
    func promote(_ request: PromotionRequest) async throws -> ModelReport

    /// Puts a model on trial beside the one in use.
    ///
    /// - Throws: `ControlError` with code `refused` if it cannot be read or is not signed by a trusted key, or
    ///   there is none in use.
    func challenge(_ document: ModelDocument) async throws -> ModelReport

    /// Whose models are taken.
    func keys() async throws -> ModelKeys

    /// Takes an operator's word on an alert; a false alarm's ban is lifted.
    ///
    /// - Throws: `ControlError` with code `notFound` if it is not kept.
    func judge(_ request: FeedbackRequest) async throws -> AlertReport

    /// The configuration in use, every key of it.
    func settings() async throws -> SettingList

    /// Reads the configuration again, and takes it over as a whole or not at all; returns what changed.
    ///
    /// - Throws: `ControlError` with code `refused` if it has mistakes, or changes what needs a restart.
    func reload() async throws -> [SettingReport]

    /// The last events, the oldest first.
    func events(_ query: EventQuery) async throws -> [EventReport]

    /// Events as they happen, until the agent ends or the reader goes.
    ///
    /// - Throws: `ControlError` with code `unavailable` if too many follow already.
    func followEvents(_ query: EventQuery) async throws -> AsyncThrowingStream<EventReport, any Error>

    /// The busiest flows of the latest reading.
    func flows(_ query: FlowQuery) async throws -> [FlowReport]

    /// The busiest entities now.
    func top(_ query: TopQuery) async throws -> [TopEntry]
}

extension ControlService {
    /// Every ban and limit in force, newest first.
    package func bans() async throws -> [BanReport] { try await bans(.all) }

    /// Alerts after `since` (all that are kept if `nil`), newest first, at most `limit`.
    package func alerts(since: Timestamp?, limit: Int) async throws -> [AlertReport] {
        try await alerts(AlertQuery(since: since, limit: limit, order: .time))
    }
    /// Verifies the whole audit trail, part by part; `report` is called after each with what is known so far.
    package func verifyAudit(reporting report: (AuditVerdict) -> Void) async throws -> AuditVerdict {
        var verdict = try await verifyAudit(AuditPart())
        while verdict.broken == nil, verdict.last < verdict.newest {
            report(verdict)
            var next = try await verifyAudit(AuditPart(after: verdict.last, hash: verdict.head))
            next.lines += verdict.lines
            verdict = next
        }
        return verdict
    }
}
