import Features

/// Finds out what would have had to be otherwise for there to be no verdict.
struct Counterfactual {
    /// What would have been harmless.
    struct Bounds {
        /// By feature, on its scale; empty if there would be a verdict on what is usual, too.
        var values: [Int: Float] = [:]
        /// Part of the way to what is usual, 0...1, that all other features would have had to go as well; `nil` where they
        /// may stay as they were.
        var others: Double?
    }

    let window: Window
    let opinions: Opinions
    /// What is taken off the score of the entity.
    let usualScore: Double
    /// The entity's mean score over a minute, as far as it counts.
    let lasting: Double
    let bars: Bars
    /// What the verdict's score is beyond.
    let threshold: Double
    let scope: FindingScope

    /// Values of the leading features with which there would have been no verdict.
    ///
    /// Of a finding, first so much less of all that is counted, in proportion, that there is none. Then, if the score alone
    /// would still do, as few as possible of the leading features are moved, all by the same part of the way to what is usual,
    /// and no further than needed; or, where those are not enough, all features.
    ///
    /// - Parameters:
    ///   - row: the window's features.
    ///   - finding: what the verdict rests on, if it is no score.
    ///   - leading: indices of features, those that made the most of the verdict first.
    ///   - usual: what is usual of each feature, on the same scale.
    /// - Returns: values of those among the leading ones that would have had to be others.
    func bounds(_ row: [Float], finding: Finding? = nil, leading: [Int], usual: [Float]) -> Bounds {
        var (row, window) = (row, window)
        let isEcho = isEcho(row)
        var bounds: [Int: Float] = [:]
        if let finding {
            let less = Self.least { self.finding(in: self.window.scaled(by: 1 - $0)) == nil }
            window = window.scaled(by: 1 - less)
            let (index, scale) = (
                finding.feature.rawValue, FeatureSchema.description(of: finding.feature).scale
            )
            row[index] = Float(scale.feature(of: (1 - less) * scale.quantity(of: Double(row[index]))))
            bounds[index] = row[index]
        }
        func isHarmless(_ row: [Float]) -> Bool { !hasVerdict(row, window, isEcho: isEcho) }
        if isHarmless(row) { return Bounds(values: bounds) }
        let others = leading.filter { bounds[$0] == nil }
        for features in others.indices.map({ Array(others[...$0]) }) + [Array(row.indices)] {
            func moved(by part: Double) -> [Float] {
                var other = row
                for feature in features { other[feature] += Float(part) * (usual[feature] - other[feature]) }
                return other
            }
            guard isHarmless(moved(by: 1)) else { continue }
            let part = Self.least { isHarmless(moved(by: $0)) }
            let other = moved(by: part)
            for feature in features where leading.contains(feature) { bounds[feature] = other[feature] }
            return Bounds(values: bounds, others: features.count == row.count ? part : nil)
        }
        return Bounds()
    }

    private func isEcho(_ row: [Float]) -> Bool {
        opinions.judge(features: row).first.map { Echo.isAll(of: $0.group, in: row[...]) } ?? false
    }

    private func finding(in window: Window) -> Finding? {
        PlainFindings.closest(in: window, scope: scope).flatMap { $0.excess >= 1 ? $0 : nil }
    }

    private func hasVerdict(_ row: [Float], _ window: Window, isEcho: Bool) -> Bool {
        guard let opinion = opinions.judge(features: row).first else { return false }
        let score = isEcho ? 0 : max(0, opinion.score - usualScore)
        return score >= threshold
            || bars.decide(
                score: score, lasting: lasting, opinion: opinion, window: window, finding: finding(in: window)
            ) != nil
    }

    /// The least part of the way, 0...1, from which on something holds, to 1/1,024; it holds at 1.
    private static func least(_ holds: (Double) -> Bool) -> Double {
        var (least, most) = (0.0, 1.0)
        for _ in 0..<10 {
            let middle = (least + most) / 2
            if holds(middle) { most = middle } else { least = middle }
        }
        return most
    }
}

extension Window {
    /// The same doings, but only a part (0...1) of them.
    fileprivate func scaled(by part: Double) -> Window {
        var window = self
        window.packets = UInt64(Double(packets) * part)
        window.bytes = UInt64(Double(bytes) * part)
        for count in [
            \Evidence.initiatedPackets, \.synPackets, \.halfOpen, \.halfOpenWaiting, \.tcpPackets,
            \.unansweredPackets, \.unansweredBytes, \.icmpPackets, \.largestHalfOpen, \.oneWayPackets,
            \.largestOneWayFlow, \.reflectedPackets, \.noticePackets, \.asidePackets,
        ] {
            window.evidence[keyPath: count] = UInt64(Double(evidence[keyPath: count]) * part)
        }
        for count in [
            \Evidence.novelServices60, \.failedServices60, \.loginRepeat60, \.loginRepeat600, \.alikeRepeat60,
            \.alikeLogins600, \.steadySeconds, \.newSteadySeconds, \.habitualSeconds, \.dnsQueries60,
            \.longQueries60, \.unserved,
        ] {
            window.evidence[keyPath: count] *= part
        }
        for count in [\Evidence.failedServices, \.peers, \.ports, \.served] {
            window.evidence[keyPath: count] = Int(Double(evidence[keyPath: count]) * part)
        }
        return window
    }
}
