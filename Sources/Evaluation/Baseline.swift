package import Features
import Traffic

/// Plain detectors to compare with, on the same windows.
package struct Baseline: Sendable {
    /// What it does.
    package enum Kind: String, Sendable, CaseIterable {
        /// Distance from the median in median absolute deviations (B. Iglewicz, D. Hoaglin, 1993), of packets, bytes, SYNs and
        /// ports a second; the largest counts. Alarms beyond 3.5, or beyond all that was learned, whichever is more.
        case deviations = "k*MAD"
        /// The thresholds that FastNetMon is delivered with (`fastnetmon.conf`): 20,000 packets or 1,000 Mbit a second.
        case thresholds = "FastNetMon's thresholds"
    }

    private struct Scale {
        var median, deviation: Double
    }

    /// One entity's alarms are a minute apart, as the agent's are.
    private static let repeatSpan = 60.0

    package let kind: Kind
    package private(set) var record = Record()
    private var learned: [Entity.View: [[Double]]] = [:]
    private var scales: [Entity.View: [Scale]] = [:]
    private var limit = 1.0
    private var latest: [Entity: Double] = [:]

    package init(_ kind: Kind) {
        self.kind = kind
        if kind == .deviations { limit = 3.5 }
    }

    /// Takes in one window, at seconds since the epoch.
    ///
    /// Windows to learn from come first.
    package mutating func observe(_ window: Window, at time: Double, isLearning: Bool) {
        let values = Self.values(window)
        guard !isLearning else {
            if kind == .deviations { learned[window.entity.view, default: []].append(values) }
            return
        }
        fit()
        let score = score(values, window.entity.view)
        record.windows.append(Record.Window(time: time, entity: window.entity, score: score))
        guard score > limit, latest[window.entity].map({ time - $0 >= Self.repeatSpan }) ?? true else {
            return
        }
        latest[window.entity] = time
        record.alerts.append(Record.Alert(time: time, entity: window.entity, isBlock: true))
    }

    private static func values(_ window: Window) -> [Double] {
        [
            Double(window.packets), Double(window.bytes), Double(window.evidence.synPackets),
            Double(window.evidence.ports),
        ]
    }

    private func score(_ values: [Double], _ view: Entity.View) -> Double {
        switch kind {
        case .thresholds: max(values[0] / 20_000, values[1] * 8 / 1e9)
        case .deviations:
            zip(values, scales[view] ?? []).map { ($0 - $1.median) / $1.deviation }.max() ?? 0
        }
    }

    private mutating func fit() {
        guard !learned.isEmpty else { return }
        for (view, rows) in learned {
            scales[view] = (0..<4).map { column in
                let values = rows.map { $0[column] }.sorted()
                let median = values[values.count / 2]
                let deviations = values.map { abs($0 - median) }.sorted()
                // Never below one of what is counted, or a tenth of the median: most hosts do the same most of the time.
                return Scale(
                    median: median, deviation: max(1.4826 * deviations[deviations.count / 2], 0.1 * median, 1)
                )
            }
            limit = max(limit, rows.map { score($0, view) }.max() ?? 0)
        }
        learned = [:]
    }
}
