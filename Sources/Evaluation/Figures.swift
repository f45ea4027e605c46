package import Models

/// The figures of a judgement, in the form in which they are printed.
package struct Figures: Encodable, Sendable {
    /// What was judged: a capture's name, or `all`.
    package var capture: String
    /// What judged: `alerts`, `blocks`, a baseline.
    package var detector: String
    package var attacks: Int
    package var detected: Int
    package var seenAtVictim: Int
    /// Found and all, by category.
    package var byCategory: [String: [Int]]
    package var recall, precision, f1: Double?
    package var recallInterval, precisionInterval: Interval?
    package var secondsToDetect50, secondsToDetect90: Double?
    package var falseAlarms: Int
    package var victimsBlamed: Int
    package var falseEntities: Int
    package var hours: Double
    package var falseAlarmsPerHour: Double
    package var falseAlarmsInterval: Interval?
    package var rocArea, prArea: Double?
    package var rocInterval: Interval?
    package var attackWindows: Int
    package var benignWindows: Int
    package var missed: [String]

    package init(_ judgement: Judgement, curves: Curves?, capture: String, detector: String) {
        let found = judgement.attacks.filter { $0.delay != nil }
        let alarms = judgement.falseAlarms + judgement.victimsBlamed
        self.capture = capture
        self.detector = detector
        attacks = judgement.attacks.count
        detected = found.count
        seenAtVictim = judgement.attacks.count { $0.isSeenAtVictim && $0.delay == nil }
        byCategory = Dictionary(grouping: judgement.attacks, by: \.label.category).mapValues { attacks in
            [attacks.count { $0.delay != nil }, attacks.count]
        }
        recall = attacks > 0 ? Double(detected) / Double(attacks) : nil
        precision = detected + alarms > 0 ? Double(detected) / Double(detected + alarms) : nil
        f1 = attacks == 0 ? nil : 0
        if let recall, let precision, recall + precision > 0 {
            f1 = 2 * recall * precision / (recall + precision)
        }
        recallInterval = .share(detected, of: attacks)
        precisionInterval = .share(detected, of: detected + alarms)
        let delays = found.compactMap(\.delay).sorted()
        secondsToDetect50 = Self.quantile(delays, 0.5)
        secondsToDetect90 = Self.quantile(delays, 0.9)
        falseAlarms = judgement.falseAlarms
        victimsBlamed = judgement.victimsBlamed
        falseEntities = judgement.falseEntities
        hours = judgement.hours
        falseAlarmsPerHour = hours > 0 ? Double(alarms) / hours : 0
        falseAlarmsInterval = .rate(alarms, in: hours)
        rocArea = curves?.rocArea
        prArea = curves?.prArea
        attackWindows = judgement.attackScores.count
        benignWindows = judgement.benignScores.count
        rocInterval = curves.flatMap {
            .area(
                $0.rocArea, positives: judgement.attackScores.count, negatives: judgement.benignScores.count)
        }
        missed = judgement.attacks.filter { $0.delay == nil }.map(\.label.name)
    }

    /// Found and all by category, in words.
    package var categories: String {
        byCategory.sorted { $0.key < $1.key }.map { "\($0) \($1[0])/\($1[1])" }.joined(separator: ", ")
    }

    /// Of attacks of which only single windows are known, nobody knows when they began.
    package mutating func forgetDelays() { (secondsToDetect50, secondsToDetect90) = (nil, nil) }

    /// Where only what was found is known, there is no recall, and nothing that would need one.
    package mutating func forgetMisses() {
        (recall, recallInterval, f1, rocArea, rocInterval, prArea) = (nil, nil, nil, nil, nil, nil)
    }

    /// Between neighbours by proportion, as most tools do.
    private static func quantile(_ sorted: [Double], _ part: Double) -> Double? {
        guard let last = sorted.last else { return nil }
        let place = part * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
    }
}
