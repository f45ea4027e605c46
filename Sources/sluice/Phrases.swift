import API
import Terminal
import Traffic

// Words and times as all commands write them.

extension Timestamp {
    /// `2026-03-01 12:00:00 UTC`.
    var spoken: String { rfc3339.prefix(19).replacing("T", with: " ") + " UTC" }

    /// How long before `now`: `9m 40s ago`.
    func age(at now: Timestamp) -> String { (now - self).seconds.duration + " ago" }

    /// How long after `now`: `9m 40s`; `now` if it is over.
    func left(at now: Timestamp) -> String { self > now ? (self - now).seconds.duration : "now" }
}

extension BanReport {
    /// `ban`, `limit 1,000/s`; with `(shadow)` where it only counts.
    var spokenAction: String {
        // A rate of nothing is of what begins at services that do not answer.
        let rate = packetsPerSecond.map { $0 == 0 ? " to open" : " \($0.grouped)/s" } ?? ""
        let state = lacksRoom == true ? " (not in force: no room)" : isShadowed ? " (shadow)" : ""
        return action.rawValue + rate + state
    }

    var style: Style { lacksRoom == true ? .warning : isShadowed ? .faint : action == .ban ? .bad : .warning }
}

extension Explanation.State {
    var style: Style {
        switch self {
        case .allowed: .good
        case .blocked: .bad
        case .limited, .restricted, .shadowed: .warning
        case .passing: .plain
        }
    }
}
