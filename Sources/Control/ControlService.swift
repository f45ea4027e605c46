import Policy
package import Traffic

/// What the control socket offers; the agent implements it.
///
/// Errors other than `ControlError` are answered as `failed`.
package protocol ControlService: Sendable {
    /// What the agent is, sees and does.
    func status() async throws -> StatusReport

    /// Bans and limits in force.
    func bans(_ query: BanQuery) async throws -> [BanReport]

    /// Bans a source by hand.
    ///
    /// - Throws: `ControlError` with code `refused` if the prefix is protected, allowed or too wide.
    func ban(_ request: BanRequest) async throws -> BanReport

    /// Lifts every ban and limit on exactly this prefix, whoever made it, and returns what it was; undone unless confirmed
    /// within so many seconds, if `confirm` says so.
    ///
    /// - Throws: `ControlError` with code `notFound` if there is none.
    func unban(_ prefix: Prefix, confirm: Double?) async throws -> [BanReport]

    /// The allow-list.
    func allowed() async throws -> [AllowReport]

    /// Adds to the allow-list, which lifts what the entry covers.
    func allow(_ request: AllowRequest) async throws -> AllowResult

    /// Takes an entry off the allow-list and returns what it was; undone unless confirmed within so many seconds, if
    /// `confirm` says so.
    ///
    /// - Throws: `ControlError` with code `notFound` if it is not there, `refused` if it stands in the
    ///   configuration or is protected automatically.
    func disallow(_ prefix: Prefix, confirm: Double?) async throws -> AllowReport

    /// What no rule is made on.
    func protected() async throws -> [ProtectReport]

    /// Protects a prefix by name, which lifts automatic rules on it.
    ///
    /// - Throws: `ControlError` with code `refused` if it is banned by hand or too wide.
    func protect(_ request: ProtectRequest) async throws -> ProtectResult

    /// Takes off what was protected by name, and returns what it was.
    ///
    /// - Throws: `ControlError` with code `notFound` if it is not protected, `refused` if it is by the agent itself.
    func unprotect(_ prefix: Prefix) async throws -> ProtectReport

    /// Changes that wait to be confirmed, the oldest first.
    func pending() async throws -> [PendingReport]

    /// Confirms changes, and returns them.
    ///
    /// - Throws: `ControlError` with code `notFound` if one of them does not wait, or none does.
    func confirm(_ request: ConfirmRequest) async throws -> [PendingReport]

    /// How far the agent goes by itself.
    func modes() async throws -> ModeReport

    /// Changes a mode at once.
    ///
    /// - Throws: `ControlError` with code `notFound` if there is no such group.
    func setMode(_ request: ModeRequest) async throws -> ModeReport

    /// What each mode would do on this network, from what was seen since a time (`nil`: seven days ago).
    func report(since: Timestamp?) async throws -> NetworkReport

    /// One change to many prefixes, or to none of them.
    ///
    /// - Throws: `ControlError` with the prefixes that stand in the way.
    func batch(_ request: BatchRequest) async throws -> BatchResult

    /// Alerts that are kept.
    func alerts(_ query: AlertQuery) async throws -> [AlertReport]

    /// Lines of the audit trail, newest first.
    func audit(_ query: AuditQuery) async throws -> [AuditReport]

    /// Whether the audit trail is what was written: a part of it, from the beginning or after another part.
    ///
    /// - Throws: `ControlError` with code `invalid` if the hash is none.
    func verifyAudit(after part: AuditPart?) async throws -> AuditVerdict

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
    func judge(alert: Int64, _ request: FeedbackRequest) async throws -> AlertReport

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
    /// Lifts every ban and limit on exactly this prefix.
    package func unban(_ prefix: Prefix) async throws -> [BanReport] {
        try await unban(prefix, confirm: nil)
    }

    /// Takes an entry off the allow-list.
    package func disallow(_ prefix: Prefix) async throws -> AllowReport {
        try await disallow(prefix, confirm: nil)
    }

    /// Every ban and limit in force, newest first.
    package func bans() async throws -> [BanReport] { try await bans(.all) }

    /// Alerts after `since` (all that are kept if `nil`), newest first, at most `limit`.
    package func alerts(since: Timestamp?, limit: Int) async throws -> [AlertReport] {
        try await alerts(AlertQuery(since: since, limit: limit, order: .time))
    }
}
