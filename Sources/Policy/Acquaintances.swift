import Detection
import Features
import Traffic

/// Sources that have had answered connections for a while, and raised no verdict: those whom a mistake would hurt.
struct Acquaintances: Hashable, Sendable {
    private struct Past: Hashable, Sendable {
        var first: Timestamp
        var last: Timestamp
        /// Decayed mean of its packets a second, over ten minutes of its own windows.
        var packets: Double
    }

    /// Known after this long: who has just come may be the next address of an attacker.
    static let known: Duration = .seconds(10)
    /// Known well after this long: what circuit breakers watch over.
    static let wellKnown: Duration = .seconds(600)
    private static let memory: Duration = .seconds(3600)
    private static let most = 1 << 16

    private var past: [Prefix: Past] = [:]
    private var nextPrune: Timestamp?

    /// Takes in the windows of one turn; of nobody new, unless it `isOpen`.
    mutating func meet(_ windows: [ScoredWindow], isOpen: Bool = true, at now: Timestamp) {
        for window in windows where window.isTwoWay && window.entity.view == .source {
            let packets = Double(window.packets)
            if var old = past[window.entity.prefix] {
                old.packets += (packets - old.packets) * min(max((now - old.last).seconds, 0), 1) / 600
                old.last = max(old.last, now)
                past[window.entity.prefix] = old
            } else if isOpen, past.count < Self.most {
                past[window.entity.prefix] = Past(first: now, last: now, packets: packets)
            }
        }
        prune(at: now)
    }

    /// Moves what is remembered along with a clock that was set.
    mutating func move(by step: Duration) {
        for prefix in past.keys {
            past[prefix]?.first += step
            past[prefix]?.last += step
        }
        nextPrune += step
    }

    /// Forgets a source that has raised a verdict.
    mutating func drop(_ prefix: Prefix) { past[prefix] = nil }

    /// Whether somebody known, other than those that `isExcepted`, has an address in the prefix.
    func isAnybody(in prefix: Prefix, except isExcepted: (Prefix) -> Bool) -> Bool {
        past.contains {
            $0.key.overlaps(prefix) && $0.value.last - $0.value.first >= Self.known && !isExcepted($0.key)
        }
    }

    /// Everybody known, with the packets a second that they usually send.
    var all: [(prefix: Prefix, packets: Double)] {
        past.compactMap { $0.value.last - $0.value.first >= Self.known ? ($0.key, $0.value.packets) : nil }
    }

    /// Number of well-known sources, and what they send in all.
    var wellKnown: (sources: Int, packets: Double) {
        past.values.reduce(into: (0, 0)) { sum, past in
            guard past.last - past.first >= Self.wellKnown else { return }
            sum.0 += 1
            sum.1 += past.packets
        }
    }

    /// Packets a second that a well-known source usually sends; `nil` for others.
    func usualPackets(of prefix: Prefix) -> Double? {
        past[prefix].flatMap { $0.last - $0.first >= Self.wellKnown ? $0.packets : nil }
    }

    private mutating func prune(at now: Timestamp) {
        if let nextPrune, now < nextPrune, nextPrune - now <= Self.memory { return }
        nextPrune = now + .seconds(60)
        past = past.filter { _, past in
            let age: Duration = now - past.last
            return age >= .zero - Self.memory && age <= Self.memory
        }
    }
}
