import TestSupport
import Traffic

/// What rules are to do with packets, as plainly as it can be said: lists, searched from end to end.
struct RuleModel {
    var rules: [Rule] = []
    /// Packets and bytes that each rule has dropped, or would have.
    private(set) var dropped: [UInt32: Count] = [:]
    /// Theoretical arrival times of limits' next packets, in nanoseconds.
    private var arrivals: [UInt32: UInt64] = [:]
    /// Prefix length at which IPv6 sources count as exact.
    let ipv6Prefix: Int

    init(ipv6Prefix: Int) { self.ipv6Prefix = ipv6Prefix }

    /// Whether the packet passes; it is counted by the rules that would drop it.
    ///
    /// - Parameters:
    ///   - frame: the packet.
    ///   - wall: the time that expiries are given in.
    ///   - clock: the same moment on the program's clock, in nanoseconds.
    ///   - isAlive: whether the agent's heartbeat goes.
    /// - Returns: `false` if a rule drops it.
    mutating func passes(_ frame: Frame, wall: Timestamp, clock: UInt64, isAlive: Bool) -> Bool {
        let inForce = rules.filter { rule in
            (rule.expires.map { wall < $0 } ?? true) && (isAlive || rule.origin == .manual)
        }
        let matching = inForce.filter { Self.matches($0, frame) }
        if matching.contains(where: { $0.action == .allow }) { return true }
        let size = UInt64(frame.bytes.count)
        for layer in [Layer.manualDeny, .automaticDeny, .limit] {
            for rule in matching.filter({ Layer($0) == layer }).sorted(by: comesFirst) {
                if case .limit(let most) = rule.action, let rate = most.packets,
                    conforms(rule.id, interval: 1_000_000_000 / UInt64(rate), clock)
                {
                    continue
                }
                dropped[rule.id, default: Count()] += Count(packets: 1, bytes: size)
                if !rule.isShadowed { return false }
            }
        }
        return true
    }

    private enum Layer {
        case manualDeny, automaticDeny, limit

        init?(_ rule: Rule) {
            switch (rule.action, rule.origin) {
            case (.allow, _): return nil
            case (.limit, _): self = .limit
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
        }
    }

    /// Sources before services; exact sources before prefixes; the narrower before the wider.
    private func comesFirst(_ left: Rule, _ right: Rule) -> Bool { rank(left) < rank(right) }

    private func rank(_ rule: Rule) -> Int {
        switch rule.match {
        case .source(let prefix):
            let isExact = prefix.isSingleAddress || !prefix.address.isIPv4 && prefix.length == ipv6Prefix
            return (isExact ? 0 : 1000) - prefix.length
        case .scope(let scope):
            return 2000 - (scope.protocol == nil ? 0 : 1) - (scope.port == nil ? 0 : 1)
        }
    }

    /// A bucket one second deep, told by the time at which it would be empty.
    private mutating func conforms(_ id: UInt32, interval: UInt64, _ clock: UInt64) -> Bool {
        let arrival = max(arrivals[id] ?? 0, clock)
        guard arrival <= clock + 1_000_000_000 else { return false }
        arrivals[id] = arrival + interval
        return true
    }
}
