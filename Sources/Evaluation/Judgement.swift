import Features
import Traffic

/// What a detector said about captures, held against their labels.
///
/// - An attack is found by an alert on one of its addresses as a source, from its start to ten seconds after its end; where
///   the attackers are forged or too many, by one on a victim as a destination.
/// - A false alarm is an alert that no attack explains, one an address in a minute. A source alert on a victim during its
///   attack is the worst kind: it would shut out the victim.
/// - Attacks that cannot be seen in the capture count neither way.
package struct Judgement: Sendable {
    /// One attack.
    package struct Attack: Sendable {
        package var label: Label
        /// Seconds from its start to the first alert; `nil`: missed.
        package var delay: Double?
        /// Seen at the victim, while there was an attacker to name.
        package var isSeenAtVictim = false

        package init(label: Label, delay: Double? = nil) {
            self.label = label
            self.delay = delay
        }
    }

    package var attacks: [Attack] = []
    package var falseAlarms = 0
    package var victimsBlamed = 0
    /// Entities that false alarms were about.
    package var falseEntities = 0
    package var hours = 0.0
    /// Scores of windows of attackers (or of victims, where attackers are forged), and of windows while nothing went on.
    package var attackScores: [Double] = []
    package var benignScores: [Double] = []

    private static let grace = 10.0
    private static let repeatSpan = 60.0

    package init() {}

    /// Judges what lies in a span of a capture, in seconds since the epoch; what follows the last frame is in its last span.
    package init(_ record: Record, labels: [Label], in span: Range<Double>) {
        let start = span.lowerBound
        let end = span.upperBound < record.lastTime ? span.upperBound : .infinity
        let labels = labels.filter { $0.end >= start && $0.start < end }
        attacks = labels.map { Attack(label: $0) }
        hours = max(span.upperBound - start, 1e-9) / 3600
        judge(record.alerts.filter { $0.time >= start && $0.time < end })
        attacks.removeAll { !$0.label.isObservable }
        for window in record.windows where window.time >= start && window.time < end {
            add(window, labels)
        }
    }

    private mutating func judge(_ alerts: [Record.Alert]) {
        var latest: [Entity: Double] = [:]
        for alert in alerts.sorted(by: { $0.time < $1.time }) {
            let current = attacks.indices.filter { index in
                let label = attacks[index].label
                return label.start <= alert.time && alert.time <= label.end + Self.grace
            }
            if explain(alert, by: current) { continue }
            if current.contains(where: { !attacks[$0].label.isObservable }) { continue }
            if let last = latest[alert.entity], alert.time - last < Self.repeatSpan { continue }
            if latest[alert.entity] == nil { falseEntities += 1 }
            latest[alert.entity] = alert.time
            let isVictim =
                alert.entity.view == .source
                && current.contains { index in
                    attacks[index].label.victims != nil && attacks[index].label.isVictim(alert.entity.prefix)
                }
            if isVictim { victimsBlamed += 1 } else { falseAlarms += 1 }
        }
    }

    /// Notes which of the current attacks an alert is about; returns whether there is any.
    private mutating func explain(_ alert: Record.Alert, by current: [Int]) -> Bool {
        var isExplained = false
        for index in current {
            let label = attacks[index].label
            if label.isAttacker(alert.entity) {
                found(index, at: alert.time)
            } else if alert.entity.view == .destination, label.isVictim(alert.entity.prefix) {
                if label.attackers == nil {
                    found(index, at: alert.time)
                } else {
                    attacks[index].isSeenAtVictim = true
                }
            } else if alert.entity.view == .destination || label.attackers != nil
                || label.victims != nil && label.isVictim(alert.entity.prefix)
            {
                continue
            }
            // What is left is one of many forged or reflecting sources: right, but not what stops the attack.
            isExplained = true
        }
        return isExplained
    }

    private mutating func found(_ index: Int, at time: Double) {
        attacks[index].delay = attacks[index].delay ?? time - attacks[index].label.start
    }

    private mutating func add(_ window: Record.Window, _ labels: [Label]) {
        let current = labels.filter { $0.start <= window.time - 1 && window.time <= $0.end + 1 }
        if current.contains(where: { !$0.isObservable }) { return }
        let isAttack = current.contains { label in
            label.isAttacker(window.entity)
                || window.entity.view == .destination && label.attackers == nil
                    && label.isVictim(window.entity.prefix)
        }
        if isAttack {
            attackScores.append(window.score)
        } else if current.isEmpty {
            benignScores.append(window.score)
        }
    }

    /// Several captures, or several spans of one, as one.
    package static func += (left: inout Judgement, right: Judgement) {
        left.attacks += right.attacks
        left.falseAlarms += right.falseAlarms
        left.victimsBlamed += right.victimsBlamed
        left.falseEntities += right.falseEntities
        left.hours += right.hours
        left.attackScores += right.attackScores
        left.benignScores += right.benignScores
    }
}
