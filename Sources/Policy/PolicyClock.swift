import Traffic

// What a clock that is set means for what is remembered.
extension Policy {
    /// Moves along everything that is remembered with a time: the wall clock was set by `step`.
    ///
    /// The data plane ends rules by a clock that nobody sets. So bans keep the time they have left: none ends early because
    /// the clock went forward, and none outlives its time because it went back.
    package mutating func clockWasSet(by step: Duration) -> [Event] {
        for slot in sanctionsInForce.slots { sanctionsInForce[slot]?.content.move(by: step) }
        for prefix in allowed.keys { allowed[prefix]?.move(by: step) }
        offences.move(by: step)
        acquaintances.move(by: step)
        breakers.move(by: step)
        trip?.time += step
        pardons = pardons.mapValues { $0 + step }
        silencedUntil = silencedUntil.mapValues { $0 + step }
        nextEnd += step
        nextPrune += step
        for place in pending.indices { pending[place].move(by: step) }
        return [.clockSet(by: step)]
    }
}

extension Standing.Content {
    fileprivate mutating func move(by step: Duration) {
        sanction.move(by: step)
        lastDropped += step
        looked?.time += step
        checked?.time += step
    }
}

extension PendingChange {
    fileprivate mutating func move(by step: Duration) {
        made += step
        deadline += step
        steps = steps.map { $0.moved(by: step) }
    }
}

extension PendingChange.Step {
    fileprivate func moved(by step: Duration) -> Self {
        switch self {
        case .ban(let prefix, let expires): return .ban(prefix, expires: expires.map { $0 + step })
        case .allow(let prefix, let expires): return .allow(prefix, expires: expires.map { $0 + step })
        case .unban(var sanction):
            sanction.move(by: step)
            return .unban(sanction)
        case .disallow(var entry):
            entry.move(by: step)
            return .disallow(entry)
        case .mode: return self
        }
    }
}

extension Sanction {
    fileprivate mutating func move(by step: Duration) {
        since += step
        rule.expires += step
        lastHit += step
    }
}

extension AllowEntry {
    fileprivate mutating func move(by step: Duration) {
        since += step
        expires += step
    }
}

extension Timestamp {
    static func += (time: inout Timestamp, step: Duration) { time = time + step }
}

extension Timestamp? {
    static func += (time: inout Timestamp?, step: Duration) { time = time.map { $0 + step } }
}

extension Event {
    /// What `clockSet` tells, as a sentence.
    package static func clockSentence(of step: Duration) -> String {
        let seconds = (abs(step.seconds) * 10).rounded() / 10
        return
            "the clock was set \(step < .zero ? "back" : "forward") by \(seconds) s; bans keep the time they have left"
    }
}
