import Features
import Traffic

/// Something that can be said of a window for certain, without any model.
struct Finding: Hashable {
    var reason: String
    var tier: Verdict.Tier
    /// The measure over its bound: a finding from 1 on.
    var excess: Double
    /// Feature that shows it best.
    var feature: Feature
    /// For how many seconds it has lasted, of what is measured by that.
    var lasted: Double?

    /// The reason of who hides what it sends.
    static let evasion = "evasion"

    /// Which flows it is about.
    var blame: Blame {
        switch reason {
        case "volume": .oneWay
        case "scan": .failure
        // Held open without being served, or never completed.
        case "connections": feature == .tcpRepeat60 ? .call : .halfOpen
        case "repetition": feature == .loginRepeat60 || feature == .loginRepeat600 ? .login : .call
        default: .beginning
        }
    }

    /// Whether it would be one by proven connections alone, in which nobody can speak in another's name.
    ///
    /// Connections that others of the same name complete prove nothing about those that are not.
    func isProven(by facts: Evidence) -> Bool {
        switch blame {
        case .login: excess * Double(facts.provenLogins) >= 100
        case .call: excess * Double(facts.provenCalls) >= 100
        case .beginning, .failure, .halfOpen, .oneWay: false
        }
    }
}

/// What findings depend on beside the window.
struct FindingScope {
    var seesBothWays: Bool
    /// Whether there is a model of this site that may judge.
    var isLearned: Bool
    var budget: FindingBudget
    /// What was told of the entity and is no news: it stands in nothing's way.
    var told: [Finding] = []
}

/// What is certain enough to be said on the first day of an installation.
///
/// Each number has its reason beside it. All count what the entity began itself, so that a victim which answers is never
/// meant.
struct PlainFindings {
    /// What comes closest to a finding so far, or goes furthest beyond; findings that block come first.
    private var closest: Finding?
    private let facts: Evidence
    private let scope: FindingScope

    /// What comes closest to a finding about a window, or goes furthest beyond.
    static func closest(in window: Window, scope: FindingScope) -> Finding? {
        var findings = PlainFindings(facts: window.evidence, scope: scope)
        switch window.entity.view {
        case .source:
            findings.considerUnfinished()
            findings.considerFloods()
            findings.considerScans()
            findings.considerRepetitions()
            findings.considerTunnels()
            findings.considerHidden()
        case .destination: findings.considerVictims()
        }
        return findings.closest
    }

    private init(facts: Evidence, scope: FindingScope) {
        self.facts = facts
        self.scope = scope
    }

    private var seesBothWays: Bool { scope.seesBothWays }

    private mutating func consider(
        _ reason: String, _ tier: Verdict.Tier, _ excess: Double, _ feature: Feature, lasted: Double? = nil
    ) {
        guard excess > 0 else { return }
        let isTold = scope.told.contains { $0.reason == reason && $0.feature == feature }
        guard tier == .block || !isTold else { return }
        let excess = tier == .block ? excess : excess / scope.budget.factor(of: feature)
        if let closest {
            let blocks = (
                old: closest.tier == .block && closest.excess >= 1, new: tier == .block && excess >= 1
            )
            guard blocks.new == blocks.old ? excess > closest.excess : blocks.new else { return }
        }
        closest = Finding(reason: reason, tier: tier, excess: excess, feature: feature, lasted: lasted)
    }

    private mutating func considerUnfinished() {
        // Connections held open without a request that could be served; browsers hold six to a host.
        consider("connections", .block, facts.unserved / 150, .tcpRepeat60)
        consider("connections", .alert, facts.unserved / 50, .tcpRepeat60)
        // Connections that were begun and never used. A load generator opens hundreds a second too, but completes
        // them within a round trip; waiting 200 ms tells them apart. 2,000 at once are none anyhow.
        guard facts.halfOpen * 5 >= facts.tcpPackets * 4 else { return }
        consider(
            "connections", .block, max(Double(facts.halfOpenWaiting) / 300, Double(facts.halfOpen) / 2_000),
            .newFlows)
    }

    private mutating func considerFloods() {
        // `ping` sends one packet a second, a monitor of 300 hosts some hundred; ping -f thousands.
        consider("volume", .block, Double(facts.icmpPackets) / 400, .packets)
        // Packets that nobody answers. Lines of logs and metrics are longer than 128 bytes with their headers or fewer than
        // 500 a second; media streams are long. Between, what is allowed grows with the length squared: one byte more
        // must not make a flood ten times as large innocent. Where no answers are seen at all, the acknowledgements of a
        // QUIC download look the same, some thousand a second.
        let length = Double(facts.unansweredBytes) / Double(max(1, facts.unansweredPackets))
        guard seesBothWays || length <= 128 else { return }
        // Those vary in length by a byte or two, while what a flood's tool sends is all of a length.
        let isUniform = facts.unansweredDeviation < 0.01
        let most = seesBothWays || isUniform ? min(max(500 * length * length / 16_384, 500), 5_000) : 5_000
        consider("volume", .block, Double(facts.unansweredPackets) / most, .packets)
    }

    private mutating func considerScans() {
        // Services that refuse or are silent, each tried for the first time, and nearly nothing else.
        guard facts.failedServices60 * 4 >= facts.novelServices60 * 3 else { return }
        consider("scan", .block, facts.failedServices60 / 40, .novel60)
        consider("scan", .alert, facts.failedServices60 / 20, .novel60)
    }

    private mutating func considerRepetitions() {
        // People log in a few times a minute; scripts that do it more often do not do so for ten minutes.
        consider(
            "repetition", .block, max(facts.loginRepeat60 / 20, facts.loginRepeat600 / 60), .loginRepeat60)
        consider(
            "repetition", .alert, max(facts.loginRepeat60 / 10, facts.loginRepeat600 / 25), .loginRepeat600)
        // Logins that are all alike: a probe of a monitor comes once a minute.
        consider("repetition", .alert, facts.alikeLogins600 / 12, .loginRepeat600)
        // Requests that are all alike and so are the short answers, each on a connection of its own: health checks and pollers
        // come every second at most.
        consider("repetition", .alert, facts.alikeRepeat60 / 60, .tcpRepeat60)
        // Calls to one service outside that few others call, as even as a clock's and all alike. Devices that are being set up
        // ask like that for a minute or so whether they are done; of a service that was not called in ten minutes or more
        // of watching, a minute is enough. What was there all the time while this network was learned belongs to it.
        let steady = max(facts.steadySeconds, scope.isLearned ? 0 : facts.habitualSeconds)
        consider("repetition", .alert, steady / 240, .regularity, lasted: steady)
        consider(
            "repetition", .alert, facts.newSteadySeconds / 60, .regularity, lasted: facts.newSteadySeconds)
    }

    /// Hosts have no use for more than eight extension headers (RFC 8504 5.3), and what stands behind them is not seen.
    private mutating func considerHidden() {
        consider(Finding.evasion, .alert, Double(facts.hiddenPackets) / 10, .packets)
    }

    private mutating func considerTunnels() {
        // Names longer than 90 characters, ten a minute, and more than a stray one among those of many users.
        guard facts.longQueries60 * 20 >= facts.dnsQueries60 else { return }
        consider("exfiltration", .alert, facts.longQueries60 / 10, .dnsExcess60)
    }

    private mutating func considerVictims() {
        // A crowd of real clients completes its connections, so that few are half open at any time.
        if facts.othersAreHalfOpen, facts.peers >= 50 {
            consider(
                "connections", .block,
                max(Double(facts.othersHalfOpenWaiting) / 500, Double(facts.othersHalfOpen) / 4_000),
                .newFlows)
        }
        // Packets that nobody asked for, from many hosts at once.
        if seesBothWays || facts.asidePackets > 0, facts.peers >= 50 {
            consider("volume", .block, Double(facts.othersOneWayPackets) / 1_000, .packets)
        }
        // Answers that nobody asked for. Where questions are seen, late answers of a few servers are all there is. Where they are
        // not, a resolver or a crawler gets as many; but not from a thousand packets a second on without any other traffic.
        let reflected = Double(facts.reflectedPackets)
        if seesBothWays {
            if facts.peers >= 20 { consider("volume", .block, reflected / 300, .packets) }
            if facts.peers >= 10 { consider("volume", .alert, reflected / 50, .packets) }
        } else if facts.peers >= 20 {
            consider("volume", .alert, reflected / 1_000, .packets)
        }
    }
}
