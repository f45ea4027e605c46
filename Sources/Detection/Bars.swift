import Features
import Models
import Traffic

/// The bars that a window's score has to pass for a verdict.
struct Bars {
    /// Learning for less says too little to alert by.
    private static let leastForAlert: Duration = .seconds(900)
    /// A mean over a minute: benign entities, of whom it is random and small, stay below a third of it.
    private static let lasting = 1.2

    private let seesLasting: Bool
    private let block: (score: Double, table: Double)
    private let alert: (score: Double, table: Double)

    /// Bars by the model of this site, once there is one, and the alarms that came so far; `share` of all windows (0...1)
    /// count against the budget.
    init(site: SiteModel?, view: Entity.View, share: Double = 1, budget: AlarmBudget) {
        // With the table alone: one window in 3,000 of the benign pool, which held no two alike.
        let cold = (score: 3.5, table: 3.5)
        guard let site, site.isTrusted else {
            (block, alert, seesLasting) = (cold, cold, false)
            return
        }
        let asked = budget.threshold(of: site[view].opinion, windowsPerHour: site.windowsPerHour * share)
        block = (max(2.5, asked), 3)
        seesLasting = site.learned >= Self.leastForAlert && view == .source
        alert = site.learned >= Self.leastForAlert ? (max(3, asked), 1) : (max(3.5, asked), 3.5)
    }

    /// The lowest score that is worth a verdict.
    var least: Double { min(block.score, alert.score) }

    /// Whether score and table alone are worth an alert.
    func isAlert(score: Double, _ opinion: Opinion) -> Bool {
        score >= alert.score && opinion.table >= alert.table
    }

    /// How far a window stands out, for lists and rankings.
    ///
    /// Its own score and the entity's mean of the last minute, or what is countable, if that says more. A finding is worth at
    /// least its bar.
    func standing(score: Double, lasting: Double, closest: Finding?) -> Double {
        max(score > 0 ? score + lasting : 0, closest.map(worth) ?? 0)
    }

    /// A finding's measure on the scale of scores: its bar where it is just a finding, at most twice that.
    private func worth(of finding: Finding) -> Double {
        min(finding.excess, 2) * (finding.tier == .block ? block.score : alert.score)
    }

    /// What was passed, and by how much.
    struct Decision {
        var tier: Verdict.Tier
        var score: Double
        var threshold: Double
    }

    /// What score, finding and evidence bear; `lasting` is the entity's mean score over a minute.
    func decide(
        score: Double, lasting: Double, opinion: Opinion, window: Window, finding: Finding?
    ) -> Decision? {
        let byFinding = finding.map {
            Decision(
                tier: $0.tier, score: max(score, worth(of: $0)),
                threshold: $0.tier == .block ? block.score : alert.score)
        }
        if let byFinding, byFinding.tier == .block { return byFinding }
        guard Evidence.isToThePoint(window) else { return byFinding }
        // Large uploads and odd packets are too often innocent.
        let canBlock =
            window.entity.view == .destination || ![.exfiltration, .protocolOddity].contains(opinion.group)
        if canBlock, score >= block.score, opinion.table >= block.table, Evidence.bearsBlock(window) {
            return Decision(tier: .block, score: score, threshold: block.score)
        }
        // What leaves by a tunnel is the source's doing; that it arrives somewhere is no attack on who gets it.
        guard window.entity.view == .source || opinion.group != .exfiltration else { return byFinding }
        guard window.packets >= (opinion.group == .protocolOddity ? 20 : 2) else { return byFinding }
        if isAlert(score: score, opinion) {
            return Decision(tier: .alert, score: score, threshold: alert.score)
        }
        // Tunnels are odd in a small way, but all the time. What fades is no news.
        if seesLasting, lasting >= Self.lasting, score >= lasting, opinion.table >= alert.table {
            return Decision(tier: .alert, score: lasting, threshold: Self.lasting)
        }
        return byFinding
    }
}

extension Evidence {
    /// Whether the window is about what the verdict would say.
    ///
    /// A source that mostly answers others is not blamed for it; a destination that mostly gets what it asked for is not
    /// under attack.
    static func isToThePoint(_ window: Window) -> Bool {
        let facts = window.evidence
        let unasked = facts.oneWayPackets &+ facts.asidePackets &+ facts.noticePackets
        return facts.initiatedPackets * 2 >= window.packets
            || window.entity.view == .destination && unasked * 2 >= window.packets
    }

    /// Whether what there is to say of a destination is the doing of one or two sources, and so is told of them.
    static func isSources(_ window: Window, reason: String) -> Bool {
        window.entity.view == .destination
            && (window.evidence.peers < 3 || reason == FeatureGroup.repetition.rawValue)
    }

    /// Whether there is something countable to hold against the entity, beside being unusual.
    ///
    /// Score and table say how rare a window is, and rare is also what is new. So blocking takes, in addition, a fraction
    /// of what a finding asks for: connections not completed or not used, services that refuse, packets without answer,
    /// logins again and again.
    static func bearsBlock(_ window: Window) -> Bool {
        let facts = window.evidence
        switch window.entity.view {
        case .source:
            return facts.failedServices60 >= 10 && facts.failedServices60 * 2 >= facts.novelServices60
                || facts.halfOpenWaiting >= 50 && facts.halfOpen * 2 >= facts.tcpPackets
                || facts.unserved >= 20 || facts.unansweredPackets >= 250 || facts.icmpPackets >= 200
                || facts.loginRepeat60 >= 8 && facts.loginRepeat600 >= 15 || facts.loginRepeat600 >= 20
        case .destination:
            let answerable = window.packets &- min(window.packets, facts.noticePackets)
            let oneWay = facts.othersOneWayPackets
            let rest = answerable &- min(answerable, facts.heaviestOneWay)
            return facts.peers >= 3 && oneWay >= 10 && oneWay * 2 >= rest
                || facts.peers >= 20 && facts.othersHalfOpenWaiting >= 50 && facts.othersAreHalfOpen
        }
    }
}

// What a destination is asked about: one heavy sender, or one source that begins connections by the hundred, amid a crowd that
// completes its own, is a matter of that source.
extension Evidence {
    /// Packets that nobody asked for or answered: the largest flow of them, or, if that is more, what one source begins and does
    /// not complete, which may be a flow for each port.
    var heaviestOneWay: UInt64 { max(largestOneWayFlow, largestHalfOpen) }

    /// All such packets but those.
    var othersOneWayPackets: UInt64 {
        oneWayPackets &- min(oneWayPackets, heaviestOneWay) &+ asidePackets
    }

    /// `halfOpen` of all but the source that has most.
    var othersHalfOpen: UInt64 { halfOpen &- min(halfOpen, largestHalfOpen) }

    /// Of `halfOpenWaiting` likewise.
    var othersHalfOpenWaiting: UInt64 { halfOpenWaiting &- min(halfOpenWaiting, largestHalfOpen) }

    /// Whether most connections that others began are not completed.
    var othersAreHalfOpen: Bool { othersHalfOpen * 2 >= synPackets &- min(synPackets, largestHalfOpen) }
}
