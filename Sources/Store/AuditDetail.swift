import Detection
import Policy
import Traffic

/// What the audit trail keeps of a rule: enough to judge the decision later, without any other table.
struct AuditDetail: Encodable {
    struct Feature: Encodable {
        var name: String
        var value, usual, share: Double
    }

    /// What the verdict said.
    struct Evidence: Encodable {
        var score, threshold: Double
        var model: String
        var features: [Feature]
    }

    var rule: UInt32
    var match, reason, summary: String
    var isShadowed: Bool
    var group: String?
    var packetsPerSecond: UInt32?
    var bytesPerSecond: UInt64?
    /// Of a rule that asks for proof.
    var beginningsPerSecond: UInt32?
    var asks: Bool?
    var proven: UInt64?
    /// Seconds since the epoch.
    var expires: Double?
    /// How often in a row, if the next one is longer for that.
    var offence: Int?
    var droppedPackets, droppedBytes: UInt64
    var ending: String?
    var alert: Int64?
    /// Hash of the configuration that it was decided under.
    var configuration: String?
    var evidence: Evidence?

    init(_ sanction: Sanction, ending: Event.Ending?, alert: Alert?) {
        rule = sanction.rule.id
        match = sanction.rule.match.text
        (reason, summary) = (sanction.reason, sanction.summary)
        isShadowed = sanction.rule.isShadowed
        group = sanction.group
        if case .limit(let rate) = sanction.rule.action {
            (packetsPerSecond, bytesPerSecond) = (rate.packets, rate.bytes)
        }
        if case .prove(let proof) = sanction.rule.action {
            (beginningsPerSecond, asks) = (proof.beginnings, proof.asks)
            proven = sanction.challenge?.proven
        }
        expires = sanction.rule.expires?.seconds
        offence = sanction.offence > 0 ? sanction.offence : nil
        (droppedPackets, droppedBytes) = (sanction.dropped.packets, sanction.dropped.bytes)
        self.ending = ending?.rawValue
        self.alert = sanction.alertID
        configuration = sanction.configuration
        evidence = (alert?.verdict).map { verdict in
            Evidence(
                score: verdict.score, threshold: verdict.threshold, model: verdict.model,
                features: verdict.features.map {
                    Feature(name: $0.name, value: $0.value, usual: $0.usual, share: $0.share)
                })
        }
    }
}

/// What the audit trail keeps of a change that makes or ends no rule.
struct ChangeDetail: Encodable {
    /// In the words of who asked for it.
    var reason: String?
    /// What was done.
    var summary: String?
    /// Seconds since the epoch: of an entry its end, of a change that waits when it is undone.
    var expires: Double?
    /// How many lines like this one it stands for.
    var count: Int?
    /// Hash of the configuration in use.
    var configuration: String?
}
