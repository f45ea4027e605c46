package import Traffic

// What rules cost, for whoever chooses a mode.
extension Policy {
    /// What automatic rules stopped since the last call, or in shadow would have, by group (`nil`: those in none).
    package mutating func takeTolls() -> [String?: Toll] {
        defer { tolls = [:] }
        return tolls
    }

    /// What of a reading belongs to each group (`nil`: to none), but for what rules dropped.
    package func traffic(in reading: Reading) -> [String?: Count] {
        var rest = Count(packets: reading.totals.frames, bytes: reading.totals.bytes)
        guard !groups.isEmpty else { return [nil: rest] }
        var found: [String?: Count] = [:]
        for sample in reading.samples {
            guard let place = grouping.place(from: sample.key.source, to: sample.key.destination) else {
                continue
            }
            let part = Count(packets: sample.packets, bytes: sample.bytes)
            found[groups[place].name, default: Count()] += part
            rest.packets -= min(rest.packets, part.packets)
            rest.bytes -= min(rest.bytes, part.bytes)
        }
        found[nil] = rest
        return found
    }

    /// Takes down what a rule has stopped since it was last looked at.
    mutating func charge(_ stopped: Count, to standing: inout Standing.Content, at now: Timestamp) {
        let sanction = standing.sanction
        // Who is asked and answers goes on: that is no toll.
        guard sanction.rule.origin == .automatic, sanction.rule.kind != .prove, stopped.packets > 0,
            !isCountedByWider(sanction)
        else {
            return
        }
        var toll = Toll()
        toll.enforced = stopped
        toll.limited = stopped
        if !sanction.isLimit {
            let rate = settings(of: sanction.group).limitPacketsPerSecond
            toll.limited.packets = standing.limit.excess(of: stopped.packets, rate: rate, at: now)
            let share = Double(toll.limited.packets) / Double(stopped.packets)
            toll.limited.bytes = UInt64(Double(stopped.bytes) * share)
        }
        if sanction.isOnKnown { (toll.enforcedOfKnown, toll.limitedOfKnown) = (toll.enforced, toll.limited) }
        tolls[sanction.group.flatMap { groupModes[$0] == nil ? nil : $0 }, default: Toll()] += toll
    }

    /// Whether a shadowed rule's packets go on to a wider one, which counts them, too.
    private func isCountedByWider(_ sanction: Sanction) -> Bool {
        guard sanction.rule.isShadowed, case .source(let prefix) = sanction.rule.match else { return false }
        return sanctions(coveringSource: prefix).contains {
            $0.prefix != prefix && $0.rule.isShadowed && $0.rule.kind == .deny && $0.rule.origin == .automatic
        }
    }
}
