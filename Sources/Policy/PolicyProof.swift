import Detection
package import Traffic

/// Beginnings a second, in the last seconds.
package struct BeginningRate: Hashable, Sendable {
    /// Of strangers.
    package var challenged: Double
    /// Of these, those that neither a proof nor a retransmission came for.
    package var forged: Double
}

// When beginnings have to be proven, and until when.
extension Policy {
    /// Off after so long with no more than `usualForged`, as F5 and others have it (30 to 60 s): attacks that pause must not have
    /// it go on and off.
    static let proofQuiet: Duration = .seconds(60)
    /// Beginnings a second without a proof that are none of an attack: lost resets, clients that never saw the question.
    static let usualForged = 100.0
    /// What is still a flood after so long is none of beginnings.
    private static let proofPatience: Duration = .seconds(10)
    /// Everybody who is known may begin this many connections a second, and twice the packets that he usually sends.
    private static let leastKnown: UInt32 = 200

    /// Whether a service is under attack: something that holds for everybody's traffic to it is in force.
    var isUnderAttack: Bool { sanctionsInForce.onEverybody > 0 }

    /// Who is known now; `nil` while somebody is attacked: who was known before is what counts.
    package var known: [KnownSource]? {
        isUnderAttack
            ? nil
            : acquaintances.all.map { prefix, packets in
                KnownSource(
                    prefix: prefix, beginnings: max(Self.leastKnown, UInt32(clamping: Int(2 * packets))))
            }
    }

    /// Has those prove their address who begin TCP connections to an address, and of that to one port, if it is given; by hand.
    package mutating func prove(
        _ destination: Address, port: UInt16?, for duration: Duration?, reason: String?, at now: Timestamp
    ) throws(Refusal) -> (Sanction, Changes) {
        let expires = try end(of: duration, from: now)
        var rule = Rule(
            id: 0, match: .scope(Rule.Scope(destination: destination, protocol: .tcp, port: port)),
            action: .prove(Rule.Proof()), origin: .manual, expires: expires)
        let old = sanctionsInForce[Slot(rule)]
        rule.id = old?.sanction.rule.id ?? makeRuleID()
        var sanction = Sanction(
            rule: rule, since: now, reason: reason ?? "manual", summary: "by hand",
            dropped: old?.sanction.dropped ?? Count(), lastHit: old?.sanction.lastHit)
        sanction.configuration = configuration
        sanction.challenge = old?.content.challenge
        var changes = Changes()
        impose(sanction, counter: old?.content.counter ?? Count(), &changes)
        changes.events.append(.imposed(sanction))
        return (sanction, changes)
    }

    /// Whether proofs are being asked for already, and it is something else that floods: then a rate is all that is left.
    func isPastProof(_ verdict: Verdict, _ rule: Rule, at now: Timestamp) -> Bool {
        guard verdict.reason == "volume", let asking = sanctionsInForce[Slot(rule)]?.sanction else {
            return false
        }
        return asking.rule.isShadowed == rule.isShadowed && now - asking.since >= Self.proofPatience
    }

    // Questions that do not arrive fail silently: XDP_TX needs a driver that sends, and filters may stand in between. So many of
    // them in so long a time without one proof, and so many beginnings that were sent again, say that none arrives. Then only what
    // is sent again passes, and after a while it is tried again: who sends each SYN twice can have it look like that.
    private static let checkInterval: Duration = .seconds(5)
    private static let leastQuestions: UInt64 = 200
    private static let leastRetransmissions: UInt64 = 5
    private static let silence: Duration = .seconds(60)

    /// Stops asking where questions do not arrive, and tries it again.
    mutating func checkQuestions(of id: UInt32, at now: Timestamp, _ changes: inout Changes) {
        guard let standing = sanctionsInForce[id] else { return }
        var content = standing.content
        guard content.sanction.rule.origin == .automatic, !content.sanction.rule.isShadowed,
            case .prove(var proof) = content.sanction.rule.action
        else { return }
        let last = content.checked ?? (now, content.challenge)
        let age = now - last.time
        guard content.checked == nil || age < .zero || age >= (proof.asks ? Self.checkInterval : Self.silence)
        else { return }
        let more = content.challenge.since(last.challenge)
        content.checked = (now, content.challenge)
        let asks =
            !proof.asks || more.proven > 0 || more.retransmitted < Self.leastRetransmissions
            || more.challenged - min(more.challenged, more.unanswered) < Self.leastQuestions
        let changed = asks != proof.asks && age > .zero
        if changed {
            proof.asks = asks
            content.sanction.rule.action = .prove(proof)
            changes.install.append(content.sanction.rule)
            changes.events.append(.updated(content.sanction))
        }
        sanctionsInForce[Slot(content.sanction.rule)]?.content = content
    }

    /// Services whose strangers are not asked, because questions do not arrive, as what a person should see to.
    package var unanswerable: [Sanction] {
        sanctions { sanction in
            guard sanction.rule.origin == .automatic, case .prove(let proof) = sanction.rule.action else {
                return false
            }
            return !proof.asks
        }
    }

    /// A verdict says that what a rule is there for goes on.
    ///
    /// In shadow nobody can prove anything, so that nothing else says it.
    mutating func goesOn(_ rule: Rule, at now: Timestamp) {
        guard rule.kind == .prove, rule.isShadowed else { return }
        sanctionsInForce[Slot(rule)]?.content.lastDropped = now
    }
}

extension Standing.Content {
    /// Takes over what became of beginnings, and looks once a second at how many proved nothing.
    mutating func watch(_ read: Challenge, at now: Timestamp) {
        sanction.challenge = sanction.challenge ?? Challenge()
        sanction.challenge? += read.since(challenge)
        challenge = read
        guard let last = looked else {
            looked = (now, read)
            return
        }
        let seconds = (now - last.time).seconds
        guard seconds >= 1 || seconds < 0 else { return }
        looked = (now, read)
        guard seconds > 0 else { return }
        let more = read.since(last.challenge)
        let rate = BeginningRate(
            challenged: Double(more.challenged) / seconds, forged: Double(more.forged) / seconds)
        sanction.beginnings = rate
        if !sanction.rule.isShadowed, rate.forged > Policy.usualForged { lastDropped = now }
    }

    /// When a rule that asks for proof may end, as far as is known now; `nil` of others.
    var proofEnd: Timestamp? {
        guard sanction.rule.kind == .prove else { return nil }
        return lastDropped.map { $0 + Policy.proofQuiet }
    }
}
