package import Traffic

/// What the rules in force say about one address.
package struct Treatment: Hashable, Sendable {
    /// The narrowest entry of the allow-list that has it.
    package var allowedBy: AllowEntry?
    /// Why it is never banned, if it is not.
    package var protectedBy: ProtectedPrefix?
    /// Rules that match packets from it, the one that decides first.
    ///
    /// Manual bans, automatic bans, limits; within each the narrowest first. `allowedBy` overrides them all.
    package var sanctions: [Sanction]
    /// Rules that match packets from it to one host or service only.
    package var partial: [Sanction]
    /// Limits on packets to it.
    package var towards: [Sanction]

    package init(
        allowedBy: AllowEntry? = nil, protectedBy: ProtectedPrefix? = nil, sanctions: [Sanction] = [],
        partial: [Sanction] = [], towards: [Sanction] = []
    ) {
        self.allowedBy = allowedBy
        self.protectedBy = protectedBy
        self.sanctions = sanctions
        self.partial = partial
        self.towards = towards
    }

    /// The rule that decides; if all that match are shadowed, the one that would.
    ///
    /// What is not in force decides nothing.
    package var deciding: Sanction? {
        let inForce = sanctions.filter { !$0.lacksRoom }
        return inForce.first { !$0.rule.isShadowed } ?? inForce.first
    }
}

extension Treatment {
    /// Whether there is a rule on the address that is not in force for want of room.
    package var lacksRoom: Bool { (sanctions + partial).contains(where: \.lacksRoom) }
}

extension Policy {
    /// Every ban and limit, newest first; those that the data plane has no room for (`lacksRoom`) are not in force.
    package var sanctions: [Sanction] {
        sanctions { _ in true }.sorted { ($0.since, $0.rule.id) > ($1.since, $1.rule.id) }
    }

    /// The one with this rule.
    package func sanction(_ ruleID: UInt32) -> Sanction? {
        sanctionsInForce[ruleID]?.sanction
    }

    /// The entry of the allow-list for exactly this prefix.
    package func entry(_ prefix: Prefix) -> AllowEntry? { allowed[prefix] }

    /// Those in force that `isMeant`, by rule id.
    func sanctions(where isMeant: (Sanction) -> Bool) -> [Sanction] {
        sanctionsInForce.values.lazy.map(\.sanction).filter(isMeant).sorted { $0.rule.id < $1.rule.id }
    }

    /// The allow-list, by address.
    package var allowList: [AllowEntry] { allowed.values.sorted { $0.prefix < $1.prefix } }

    /// Whether a rule with this id should be in the data plane.
    package func has(_ ruleID: UInt32) -> Bool {
        sanctionsInForce[ruleID] != nil || allowIDs.contains(ruleID)
    }

    /// Every rule that should be in the data plane.
    package var rules: [Rule] {
        allowed.values.map(\.rule) + sanctionsInForce.values.map(\.sanction.rule)
    }

    /// Those of one part.
    package func rules(in part: RulePart) -> [Rule] {
        var found = allowed.values.map(\.rule).filter { part.contains($0.id) }
        for standing in sanctionsInForce.values where part.contains(standing.sanction.rule.id) {
            found.append(standing.sanction.rule)
        }
        return found
    }

    /// Number of bans and of others in force, limits and demands for proof; what there is no room for is not.
    package var counts: (bans: Int, limits: Int) {
        let bans = sanctionsInForce.slots.count { $0.kind == .deny }
        let lacking = lacking.compactMap { sanctionsInForce[$0]?.sanction.rule.kind }
        let lackingBans = lacking.count { $0 == .deny }
        return (bans - lackingBans, sanctionsInForce.count - bans - (lacking.count - lackingBans))
    }

    /// Number of automatic bans and limits in force that belong to a group.
    package func counts(in group: String) -> (bans: Int, limits: Int) {
        sanctionsInForce.values.reduce(into: (0, 0)) { counts, standing in
            guard standing.sanction.group == group else { return }
            if standing.sanction.rule.kind == .deny { counts.0 += 1 } else { counts.1 += 1 }
        }
    }

    /// What happens to packets from `address`, and to those that are sent to it if those are limited.
    package func treatment(of address: Address) -> Treatment {
        let towards = sanctions {
            if case .scope(let scope) = $0.rule.match {
                return scope.source == nil && scope.destination == address
            }
            return false
        }
        let partial = sanctions {
            if case .scope(let scope) = $0.rule.match { return scope.source?.contains(address) ?? false }
            return false
        }
        return Treatment(
            allowedBy: entry(containing: Prefix(address)),
            protectedBy: protection { $0.contains(address) },
            sanctions: sanctions(coveringSource: Prefix(address)), partial: partial, towards: towards)
    }

    /// Sanctions on sources that have all of `prefix`, in order of precedence.
    func sanctions(coveringSource prefix: Prefix) -> [Sanction] {
        var found: [Sanction] = []
        for (kind, origin) in Slot.kinds {
            for length in (0...prefix.length).reversed() {
                let slot = Slot(
                    .source(Prefix(prefix.address, length: length)), kind: kind, origin: origin)
                if let standing = sanctionsInForce[slot] { found.append(standing.sanction) }
            }
        }
        return found
    }
}

extension Policy.Slot {
    /// Kinds of rules on sources, in order of precedence.
    fileprivate static let kinds: [(kind: Rule.Kind, origin: Rule.Origin)] = [
        (.deny, .manual), (.deny, .automatic), (.limit, .manual), (.limit, .automatic),
    ]

    /// Where rules on exactly this source stand.
    static func all(on prefix: Prefix) -> [Self] {
        kinds.map { Self(.source(prefix), kind: $0.kind, origin: $0.origin) }
    }

    fileprivate init(_ match: Rule.Match, kind: Rule.Kind, origin: Rule.Origin) {
        self.match = match
        self.kind = kind
        self.origin = origin
    }
}
