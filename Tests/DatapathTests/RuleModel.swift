import TestSupport
import Traffic

/// What rules are to do with packets, as plainly as it can be said: lists, searched from end to end.
struct RuleModel {
    var rules: [Rule] = []
    /// Packets and bytes that each rule has dropped, or would have.
    private(set) var dropped: [UInt32: Count] = [:]
    /// Theoretical arrival times of limits' next packets, by their number and by their bytes, in nanoseconds.
    private var arrivals: [UInt32: (packets: UInt64, bytes: UInt64)] = [:]
    /// What becomes of a packet.
    enum Fate: Hashable {
        case passes, dropped
        /// A beginning that has to be proven: answered, or dropped if its address has been asked enough.
        case asked
    }

    /// Sources that have proven their address; the tests begin no more connections than a proof is good for.
    private var proven: Set<Prefix> = []
    /// Sources that have nothing to prove.
    var known: Set<Prefix> = []

    /// Has a source prove its address, by a reset that no rule above those for proof drops.
    mutating func prove(by reset: Frame, wall: Timestamp, clock: UInt64, isAlive: Bool) {
        _ = fate(
            of: reset, wall: wall, clock: clock, isAlive: isAlive, layers: [.manualDeny, .automaticDeny])
        proven.insert(Self.place(of: reset.source))
    }

    /// What a proof is for.
    static func place(of source: Address) -> Prefix { Prefix(source, length: source.isIPv4 ? 32 : 64) }

    /// What becomes of the packet; it is counted by the rules that would not let it pass.
    ///
    /// - Parameters:
    ///   - frame: the packet.
    ///   - wall: the time that expiries are given in.
    ///   - clock: the same moment on the program's clock, in nanoseconds.
    ///   - isAlive: whether the agent's heartbeat goes.
    /// - Returns: what the first rule that decides says.
    mutating func fate(of frame: Frame, wall: Timestamp, clock: UInt64, isAlive: Bool) -> Fate {
        fate(of: frame, wall: wall, clock: clock, isAlive: isAlive, layers: Layer.allCases)
    }

    private mutating func fate(
        of frame: Frame, wall: Timestamp, clock: UInt64, isAlive: Bool, layers: [Layer]
    ) -> Fate {
        let inForce = rules.filter { rule in
            (rule.expires.map { wall < $0 } ?? true) && (isAlive || rule.origin == .manual)
        }
        let matching = inForce.filter { Self.matches($0, frame) }
        if matching.contains(where: { $0.action == .allow }) { return .passes }
        let size = UInt64(frame.bytes.count)
        let isKnown = known.contains(Self.place(of: frame.source))
        let hasProof = isKnown || proven.contains(Self.place(of: frame.source))
        for layer in layers {
            for rule in matching.filter({ Layer($0) == layer }).sorted(by: comesFirst) {
                if case .limit(let rate) = rule.action,
                    Self.isForStrangers(rule) && isKnown || conforms(rule.id, rate, size, clock)
                {
                    continue
                }
                if rule.kind == .prove, hasProof || !Self.begins(frame) { continue }
                dropped[rule.id, default: Count()] += Count(packets: 1, bytes: size)
                if !rule.isShadowed { return rule.kind == .prove ? .asked : .dropped }
            }
        }
        return .passes
    }

    /// Limits on everybody's traffic to somebody, if the agent made them.
    private static func isForStrangers(_ rule: Rule) -> Bool {
        guard case .scope(let scope) = rule.match else { return false }
        return rule.origin == .automatic && scope.source == nil
    }

    private static func begins(_ frame: Frame) -> Bool { frame.protocol == 6 && frame.tcpFlags & 18 == 2 }

    private enum Layer: CaseIterable {
        case manualDeny, automaticDeny, manualProve, automaticProve, manualLimit, automaticLimit

        init?(_ rule: Rule) {
            switch (rule.action, rule.origin) {
            case (.allow, _): return nil
            case (.prove, .manual): self = .manualProve
            case (.prove, .automatic): self = .automaticProve
            case (.limit, .manual): self = .manualLimit
            case (.limit, .automatic): self = .automaticLimit
            case (.deny, .manual): self = .manualDeny
            case (.deny, .automatic): self = .automaticDeny
            }
        }
    }

    private static func matches(_ rule: Rule, _ frame: Frame) -> Bool {
        switch rule.match {
        case .source(let prefix): prefix.contains(frame.source)
        case .scope(let scope):
            scope.destination == frame.destination
                && (scope.protocol.map { $0.rawValue == frame.protocol } ?? true)
                && (scope.port.map { $0 == frame.destinationPort } ?? true)
                && (scope.source.map { $0.contains(frame.source) } ?? true)
        }
    }

    /// Sources before scopes; the narrower before the wider, in scopes by service first.
    private func comesFirst(_ left: Rule, _ right: Rule) -> Bool { rank(left) < rank(right) }

    private func rank(_ rule: Rule) -> Int {
        switch rule.match {
        case .source(let prefix): return -prefix.length
        case .scope(let scope):
            let level = (scope.protocol == nil ? 0 : 1) + (scope.port == nil ? 0 : 1)
            return 2000 - 200 * level - (scope.source?.length ?? 0)
        }
    }

    /// Two buckets one second deep, told by the times at which they would be empty.
    private mutating func conforms(_ id: UInt32, _ rate: Rule.Rate, _ size: UInt64, _ clock: UInt64) -> Bool {
        let second: UInt64 = 1_000_000_000
        var due = arrivals[id] ?? (0, 0)
        due = (max(due.packets, clock), max(due.bytes, clock))
        guard max(due.packets, due.bytes) <= clock + second else { return false }
        if let packets = rate.packets { due.packets += second / UInt64(packets) }
        // In 1,024ths of a nanosecond a byte.
        if let bytes = rate.bytes { due.bytes += (((second << 10) / bytes) * size) >> 10 }
        arrivals[id] = due
        return true
    }
}
