import Detection
import Features
package import Traffic

/// Which events are told and written down one by one, and which are only counted.
///
/// An attacker makes as many alerts and rules as he has names. Each cause (what was done for which reason, and whether the names
/// may be borrowed) has a budget, and all together have one; beyond, its events are summed up, in one line a minute for each
/// service that is attacked. So a flood neither fills the disk nor pushes out what came before it. What operators do, and what there
/// is little of, is always told.
package struct Digest: Sendable {
    /// What was counted of one cause within a minute.
    package struct Sum: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable { case alert, ban, limit, update, end }

        package var kind: Kind
        /// Group of features (`scan`, `volume` ...).
        package var reason: String
        /// What it was about, source or not; `nil` for several.
        package var service: Rule.Scope?
        package var count: Int
        /// Of rules that ended: what they had dropped.
        package var dropped = Count()

        package init(kind: Kind, reason: String, service: Rule.Scope?, count: Int) {
            (self.kind, self.reason, self.service, self.count) = (kind, reason, service, count)
        }
    }

    /// Tokens of one event each, so many at first and so many more a minute.
    private struct Bucket: Sendable {
        private var tokens: Double
        private let most: Double
        private let perMinute: Double
        private var filled: Timestamp?

        init(most: Double, perMinute: Double) {
            (tokens, self.most, self.perMinute) = (most, most, perMinute)
        }

        mutating func fill(at now: Timestamp) {
            let passed = filled.map { max((now - $0).seconds, 0) } ?? 0
            filled = now
            tokens = min(most, tokens + passed / 60 * perMinute)
        }

        func has(_ cost: Double) -> Bool { tokens >= cost }

        mutating func take(_ cost: Double) { tokens -= cost }
    }

    private struct Cause: Hashable, Sendable {
        var kind: Sum.Kind
        var reason: String
        var isProven: Bool

        init(_ kind: Sum.Kind, _ verdict: Verdict) {
            (self.kind, reason) = (kind, verdict.reason)
            isProven = verdict.entity.view == .destination || verdict.isTwoWay
        }

        init(_ kind: Sum.Kind, _ sanction: Sanction) {
            (self.kind, reason, isProven) = (kind, sanction.reason, Rank(sanction) > .forgeable)
        }
    }

    private struct Key: Hashable, Sendable {
        var kind: Sum.Kind
        var reason: String
        var service: Rule.Scope?
    }

    private static let span: Duration = .seconds(60)
    /// So many sums a minute name their service, all others share one for each reason.
    private static let mostServices = 32

    private var causes: [Cause: Bucket] = [:]
    /// For names that may be borrowed, and for all others: the former must not take the room of the latter.
    private var all = [Bucket(most: 200, perMinute: 4), Bucket(most: 600, perMinute: 15)]
    /// Rules whose beginning was told, by id: their end is, too.
    private var told: Set<UInt32> = []
    private var sums: [Key: Sum] = [:]
    private var lastSummed: Timestamp?

    package init() {}

    /// Sorts what happened: those to be told, in order, and those that are counted.
    package mutating func sort(_ events: [Event], at now: Timestamp) -> (told: [Event], counted: [Event]) {
        var (toldNow, counted): ([Event], [Event]) = ([], [])
        // An alert and the rule that it led to are one.
        var decided: [UInt32: Bool] = [:]
        for event in events {
            if isTold(event, &decided, at: now) { toldNow.append(event) } else { counted.append(event) }
        }
        return (toldNow, counted)
    }

    /// The sums of what was counted, once a minute; all of them if it `isLast`.
    package mutating func sums(at now: Timestamp, isLast: Bool = false) -> [Event] {
        if sums.isEmpty { return [] }
        if let lastSummed, !isLast, (.zero..<Self.span).contains(now - lastSummed) { return [] }
        lastSummed = now
        defer { sums = [:] }
        return sums.values.sorted {
            ($0.kind.rawValue, $0.reason, $1.count) < ($1.kind.rawValue, $1.reason, $0.count)
        }.map(Event.summed)
    }

    private mutating func isTold(
        _ event: Event, _ decided: inout [UInt32: Bool], at now: Timestamp
    ) -> Bool {
        switch event {
        case .alert(let alert):
            let verdict = alert.verdict
            // With a rule: its beginning and its end.
            let isTold = take(alert.ruleID == nil ? 1 : 3, of: Cause(.alert, verdict), at: now)
            if let id = alert.ruleID { decided[id] = isTold }
            if !isTold { count(.alert, verdict.reason, verdict.target.map(Rule.Scope.init)) }
            return isTold
        case .imposed(let sanction):
            let rule = sanction.rule
            guard rule.origin == .automatic else { return true }
            let kind: Sum.Kind = sanction.isLimit ? .limit : .ban
            let isTold = decided[rule.id] ?? take(2, of: Cause(kind, sanction), at: now)
            if isTold { told.insert(rule.id) } else { count(kind, sanction.reason, rule.match.service) }
            return isTold
        case .updated(let sanction):
            guard sanction.rule.origin == .automatic else { return true }
            let isTold = told.contains(sanction.rule.id) && take(1, of: Cause(.update, sanction), at: now)
            if !isTold { count(.update, sanction.reason, sanction.rule.match.service) }
            return isTold
        case .ended(let sanction, let ending):
            let isByHand = sanction.rule.origin == .manual || ending == .lifted || ending == .allowed
            let wasTold = told.remove(sanction.rule.id) != nil
            if isByHand || wasTold || take(1, of: Cause(.end, sanction), at: now) { return true }
            count(.end, sanction.reason, sanction.rule.match.service, dropped: sanction.dropped)
            return false
        default: return true
        }
    }

    private mutating func take(_ cost: Double, of cause: Cause, at now: Timestamp) -> Bool {
        let place = cause.isProven ? 1 : 0
        all[place].fill(at: now)
        var bucket = causes[cause] ?? Bucket(most: 200, perMinute: 3)
        bucket.fill(at: now)
        let isTold = bucket.has(cost) && all[place].has(cost)
        if isTold {
            bucket.take(cost)
            all[place].take(cost)
        }
        causes[cause] = bucket
        return isTold
    }

    private mutating func count(
        _ kind: Sum.Kind, _ reason: String, _ service: Rule.Scope?, dropped: Count = Count()
    ) {
        var key = Key(kind: kind, reason: reason, service: service)
        if sums[key] == nil, sums.count >= Self.mostServices { key.service = nil }
        var sum = sums[key] ?? Sum(kind: kind, reason: reason, service: key.service, count: 0)
        sum.count += 1
        sum.dropped += dropped
        sums[key] = sum
    }
}

extension Rule.Scope {
    fileprivate init(_ target: Target) {
        self.init(
            destination: target.address, protocol: target.port == nil ? nil : target.protocol,
            port: target.port)
    }
}

extension Digest.Sum {
    /// `1,234 more: scan, at 10.20.0.2 udp port 53`, without the comma.
    package var sentence: String {
        let what = service.map { "at \($0.serviceText)" }
        let drops = dropped.packets > 0 ? "dropped \(dropped.packets) packets" : nil
        return (["\(count) more: \(reason)", what, drops].compactMap(\.self) + ["within a minute"])
            .joined(separator: ", ")
    }
}
