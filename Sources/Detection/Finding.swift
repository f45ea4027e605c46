import Features

/// Something that can be said of a window for certain, without any model.
struct Finding: Hashable {
    var reason: String
    var tier: Verdict.Tier
    /// The measure over its bound; 1 or more.
    var excess: Double
    /// Feature that shows it best.
    var feature: Feature
}

/// What is certain enough to be said on the first day of an installation.
///
/// Each number has its reason beside it. All count what the entity began itself, so that a victim which answers is never
/// meant.
enum PlainFindings {
    /// The strongest finding about a source's window.
    static func find(in window: Window, seesBothWays: Bool) -> Finding? {
        switch window.entity.view {
        case .source: findAboutSource(window.evidence, seesBothWays: seesBothWays)
        case .destination: findAboutDestination(window.evidence, seesBothWays: seesBothWays)
        }
    }

    private static func findAboutSource(_ facts: Evidence, seesBothWays: Bool) -> Finding? {
        var findings: [Finding] = []
        func add(_ reason: String, _ tier: Verdict.Tier, _ excess: Double, _ feature: Feature) {
            if excess >= 1 {
                findings.append(Finding(reason: reason, tier: tier, excess: excess, feature: feature))
            }
        }
        // Connections that were begun and never used. A load generator opens hundreds a second too, but completes
        // them within a round trip; waiting 200 ms tells them apart. 2,000 at once are none anyhow.
        if facts.halfOpen * 5 >= facts.tcpPackets * 4 {
            let halfOpen = max(Double(facts.halfOpenWaiting) / 300, Double(facts.halfOpen) / 2_000)
            add("connections", .block, halfOpen, .newFlows)
        }
        // Packets that nobody answers. Small ones: lines of logs and metrics are longer than 128 bytes with their headers
        // or fewer than 500 a second, and media streams are long. Where no answers are seen at all, the acknowledgements
        // of a QUIC download look the same, some thousand a second.
        let isSmall = facts.unansweredBytes <= facts.unansweredPackets &* 128
        let most = isSmall && seesBothWays ? 500.0 : 5_000
        if isSmall || seesBothWays { add("volume", .block, Double(facts.unansweredPackets) / most, .packets) }
        // `ping` sends one packet a second, a monitor of 300 hosts some hundred; ping -f thousands.
        add("volume", .block, Double(facts.icmpPackets) / 400, .packets)
        // Services that refuse or are silent, each tried for the first time, and nearly nothing else.
        if facts.failedServices60 * 4 >= facts.novelServices60 * 3 {
            add("scan", .block, facts.failedServices60 / 40, .novel60)
            add("scan", .alert, facts.failedServices60 / 20, .novel60)
        }
        // People log in a few times a minute; scripts that do it more often do not do so for ten minutes.
        add("repetition", .block, max(facts.loginRepeat60 / 20, facts.loginRepeat600 / 60), .loginRepeat60)
        add("repetition", .alert, max(facts.loginRepeat60 / 10, facts.loginRepeat600 / 25), .loginRepeat600)
        // Connections held open without a request that could be served; browsers hold six to a host.
        add("connections", .block, facts.unserved / 150, .tcpRepeat60)
        add("connections", .alert, facts.unserved / 50, .tcpRepeat60)
        return findings.max {
            ($0.tier == .block ? 1 : 0, $0.excess) < ($1.tier == .block ? 1 : 0, $1.excess)
        }
    }

    private static func findAboutDestination(_ facts: Evidence, seesBothWays: Bool) -> Finding? {
        // A crowd of real clients completes its connections, so that few are half open at any time.
        if facts.halfOpen * 2 >= facts.synPackets, facts.peers >= 50 {
            let excess = max(Double(facts.halfOpenWaiting) / 500, Double(facts.halfOpen) / 4_000)
            if excess >= 1 {
                return Finding(reason: "connections", tier: .block, excess: excess, feature: .newFlows)
            }
        }
        // Answers that nobody asked for, from many hosts at once.
        if seesBothWays || facts.asidePackets > 0, facts.peers >= 50 {
            let excess = Double(facts.oneWayPackets &+ facts.asidePackets) / 1_000
            if excess >= 1 {
                return Finding(reason: "volume", tier: .block, excess: excess, feature: .packets)
            }
        }
        return nil
    }
}
