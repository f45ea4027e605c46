import Traffic

// From many neighbours to the network they come from.
extension Policy {
    /// So many banned neighbours are one attacker with many addresses.
    static let neighbours = 4
    /// Lengths of prefixes that bans are widened to, one after the other, and of those whose bans lead there.
    private static let steps = (
        ipv4: [(from: 32, to: 24)], ipv6: [(from: 64, to: 56), (from: 56, to: 48)]
    )

    /// Puts a ban on the network around a banned source, if enough of its neighbours are banned too.
    ///
    /// Never over what is allowed or protected, nor over a source that has answered connections and raised no verdict.
    ///
    /// - Returns: how many bans came of it.
    mutating func widen(
        _ ban: Sanction, _ settings: PolicySettings, at now: Timestamp, _ changes: inout Changes
    ) -> Int {
        var (ban, count) = (ban, 0)
        for step in ban.prefix.address.isIPv4 ? Self.steps.ipv4 : Self.steps.ipv6
        where step.from == ban.prefix.length
            && step.to >= (ban.prefix.address.isIPv4 ? settings.widestIPv4 : settings.widestIPv6)
        {
            let network = Prefix(ban.prefix.address, length: step.to)
            let banned = network.parts(of: step.from).compactMap { automaticBan(on: $0) }
                .filter { $0.rule.isShadowed == ban.rule.isShadowed }
            guard banned.count >= Self.neighbours else { return count }
            var rule = ban.rule
            rule.match = .source(network)
            let isBanned: (Prefix) -> Bool = { prefix in banned.contains { $0.prefix.contains(prefix) } }
            guard refusal(of: network, by: .automatic) == nil,
                !acquaintances.isAnybody(in: network, except: isBanned)
            else { return count }
            rule.id = sanctionsInForce[Slot(rule)]?.sanction.rule.id ?? makeRuleID()
            let offence = offences.next(for: network, at: now)
            rule.expires = now + duration(of: rule, offence: offence, settings)
            var wide = Sanction(
                rule: rule, since: now, reason: ban.reason,
                summary: "\(banned.count) neighbours were banned, the last for: \(ban.summary)",
                alertID: ban.alertID, offence: offence, group: ban.group)
            (wide.configuration, wide.isProven) = (configuration, true)
            guard makeRoom(for: wide, at: now, &changes) else { return count }
            // The narrow ones stay until their time is over, so that there is no gap.
            impose(wide, &changes)
            changes.events.append(.imposed(wide))
            ban = wide
            count += 1
        }
        return count
    }

    /// The automatic ban on exactly this source, if one is in force.
    private func automaticBan(on prefix: Prefix) -> Sanction? {
        sanctionsInForce[Slot(Rule(id: 0, match: .source(prefix), action: .deny, origin: .automatic))]?
            .sanction
    }
}

extension Prefix {
    /// All prefixes of a length in this one: at most 256.
    fileprivate func parts(of length: Int) -> [Prefix] {
        let count = UInt64(1) << UInt64(min(max(length - self.length, 0), 8))
        return (0..<count).map { number in
            if address.isIPv4 {
                return Prefix(
                    Address(ipv4: UInt32(address.low | number << UInt64(32 - length))), length: length)
            }
            // Both lengths lie in the first half of an IPv6 address.
            return Prefix(
                Address(ipv6High: address.high | number << UInt64(64 - length), low: 0), length: length)
        }
    }
}
