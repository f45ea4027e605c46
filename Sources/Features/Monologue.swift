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

    var worth: Int64 { last }
}

extension WindowBuilder {
    /// Takes two monologues towards each other for one conversation: calls whose streams have a port each, TFTP.
    mutating func matchMonologues() {
        guard seesBothWays else { return }
        let flows = datagrams.filter { isUnanswered(log[$0]) }
        for position in flows {
            let packets = log[position].packets
            let key = monologue(from: log[position].sourceHash, to: log[position].destinationHash)
            guard let slot = monologues.slot(of: key) else {
                monologues.put(
                    key, Monologue(last: now, packets: packets),
                    in: monologues.vacancy(for: key) { monologues[$0].worth })
                continue
            }
            let sum = monologues[slot].last == now ? monologues[slot].packets &+ packets : packets
            monologues[slot] = Monologue(last: now, packets: sum)
        }
        for position in flows {
            let (source, destination) = (log[position].sourceHash, log[position].destinationHash)
            guard let mine = monologues.slot(of: monologue(from: source, to: destination)),
                let back = monologues.slot(of: monologue(from: destination, to: source)),
                now - monologues[back].last <= Monologue.patience,
                monologues[back].packets >= monologues[mine].packets / Monologue.most
            else { continue }
            mark(position, .isAnswered)
        }
    }

    private func monologue(from source: UInt64, to destination: UInt64) -> UInt64 {
        StableHash.combine(source, destination)
    }
}
