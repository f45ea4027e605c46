import Traffic

// What a circuit breaker that has tripped holds back.
extension Policy {
    /// From too many proven bans to caution: what is automatic on sources that are known well only counts.
    ///
    /// Rules on strangers, on services and by hand stay in force, so nobody gains by it but whom a mistake would hurt.
    mutating func fallBack(_ trip: Trip, _ changes: inout Changes) {
        self.trip = trip
        changes.events.append(.tripped(trip))
        changes += followModes()
    }

    /// Whether a circuit breaker keeps a rule from being enforced.
    func isHeldBack(_ sanction: Sanction) -> Bool {
        trip != nil && sanction.isOnKnown && sanction.rule.origin == .automatic
            && !isShadowing(sanction.group)
    }

    /// Closes the breaker when its cause has ended.
    ///
    /// What it held back was held to be a mistake, and ends; whoever goes on to attack raises another verdict.
    mutating func closeBreaker(at now: Timestamp, _ changes: inout Changes) {
        guard let trip, breakers.areQuiet(at: now) else { return }
        let held = sanctions(where: isHeldBack)
        for sanction in held { end(sanction, .heldBack, at: now, &changes) }
        self.trip = nil
        changes.events.append(.closed(trip))
        changes += followModes()
    }
}
