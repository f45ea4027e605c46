import Traffic

/// What one host sends to another by datagrams that no flow back answers port by port.
struct Monologue {
    /// Nanoseconds.
    var last: Int64
    /// In its latest reading, over all such flows.
    var packets: UInt64

    /// A host that was silent for longer has not answered.
    static let patience: Int64 = 2_000_000_000
    /// An answer has at least so many times fewer packets: somebody who is flooded sends back less.
    static let most: UInt64 = 10

    static func worth(_ monologue: Monologue) -> Int64 { monologue.last }
}

extension WindowBuilder {
    /// Takes two monologues towards each other for one conversation: calls whose streams have a port each, TFTP.
    mutating func matchMonologues() {
        guard seesBothWays, let frame = frames.last else { return }
        let flows = frame.entries.indices.filter { index in
            let sample = frame.samples[index]
            return sample.key.protocol == .udp && sample.packets > 1 && isUnanswered(frame.entries[index])
        }
        for index in flows {
            let packets = frame.samples[index].packets
            let key = monologue(
                from: frame.entries[index].sourceHash, to: frame.entries[index].destinationHash)
            guard let slot = monologues.slot(of: key) else {
                _ = monologues.insert(key, Monologue(last: now, packets: packets), worth: Monologue.worth)
                continue
            }
            let sum =
                monologues.values[slot].last == now ? monologues.values[slot].packets &+ packets : packets
            monologues.values[slot] = Monologue(last: now, packets: sum)
        }
        for index in flows {
            let entry = frame.entries[index]
            guard
                let mine = monologues.slot(of: monologue(from: entry.sourceHash, to: entry.destinationHash)),
                let back = monologues.slot(of: monologue(from: entry.destinationHash, to: entry.sourceHash)),
                now - monologues.values[back].last <= Monologue.patience,
                monologues.values[back].packets >= monologues.values[mine].packets / Monologue.most
            else { continue }
            mark(EntryPosition(reading: frame.number, index: UInt32(index)), .isAnswered)
        }
    }

    private func monologue(from source: UInt64, to destination: UInt64) -> UInt64 {
        StableHash.combine(source, destination)
    }
}
