import Detection
import Foundation
import Policy
import Traffic

/// What the audit trail keeps of a rule, as JSON: enough to judge the decision later, without any other table.
///
/// Of a list of bans there are a hundred thousand at once, so it is written by hand: an encoder takes longer for one than the
/// database for its row.
enum AuditDetail {
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

    /// Members by name; those that say nothing are left out.
    static func text(
        of sanction: Sanction, ending: Event.Ending?, alert: Alert?, _ encoder: JSONEncoder
    ) throws -> String {
        var rate: Rule.Rate?
        if case .limit(let most) = sanction.rule.action { rate = most }
        var text = JSONText()
        text.add("alert", sanction.alertID)
        text.add("bytesPerSecond", rate?.bytes)
        text.add("configuration", sanction.configuration)
        text.add("droppedBytes", sanction.dropped.bytes)
        text.add("droppedPackets", sanction.dropped.packets)
        text.add("ending", ending?.rawValue)
        if let alert {
            text.add("evidence", json: try encoder.encode(Evidence(alert.verdict)))
        }
        // Seconds since the epoch.
        text.add("expires", sanction.rule.expires?.seconds)
        text.add("group", sanction.group)
        text.add("isShadowed", sanction.rule.isShadowed)
        text.add("match", sanction.rule.match.text)
        // How often in a row, if the next one is longer for that.
        text.add("offence", sanction.offence > 0 ? sanction.offence : nil)
        text.add("packetsPerSecond", rate?.packets)
        text.add("reason", sanction.reason)
        text.add("rule", sanction.rule.id)
        text.add("summary", sanction.summary)
        return text.closed
    }
}

extension AuditDetail.Evidence {
    fileprivate init(_ verdict: Verdict) {
        score = verdict.score
        threshold = verdict.threshold
        model = verdict.model
        features = verdict.features.map {
            AuditDetail.Feature(name: $0.name, value: $0.value, usual: $0.usual, share: $0.share)
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
    /// Hash of the configuration in use.
    var configuration: String?
}

extension Rule.Match {
    /// `192.0.2.7`, `192.0.2.7 to 198.51.100.5 udp port 53`, `to 198.51.100.5`.
    fileprivate var text: String {
        guard case .scope(let scope) = self else { return "\(prefix)" }
        let service =
            "\(scope.destination)" + (scope.protocol.map { " \($0)" } ?? "")
            + (scope.port.map { " port \($0)" } ?? "")
        return (scope.source.map { "\($0) " } ?? "") + "to \(service)"
    }
}
