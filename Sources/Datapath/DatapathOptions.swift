package import Traffic

/// What the data plane is made with; fixed while it lives.
package struct DatapathOptions: Hashable, Sendable {
    /// Which XDP mode to attach in.
    package enum Attach: String, Hashable, Sendable {
        /// Native where the driver can, else generic.
        case auto
        case native
        case generic
    }

    /// Flows that one CPU can hold in one generation; a power of two, at least 1,024.
    package var slotsPerCPU: Int
    package var attach: Attach
    /// Whether another XDP program on an interface is taken off, for ours to take its place.
    package var replaces: Bool
    /// Rules on sources, of both families, that there is room for besides the allow-list.
    package var ruleSlots: Int

    /// `slotsPerCPU` `nil` stands for what suits this machine.
    package init(
        slotsPerCPU: Int? = nil, attach: Attach = .auto, replaces: Bool = false,
        ruleSlots: Int = 16_384 + prefixSlots
    ) {
        self.slotsPerCPU = slotsPerCPU ?? FlowTableSize.ofThisMachine
        self.attach = attach
        self.replaces = replaces
        self.ruleSlots = ruleSlots
    }

    /// Of `ruleSlots`, what is meant for prefixes: 65,536 of each family.
    package static let prefixSlots = 2 * 65_536

    /// What there is room for besides the allow-list.
    package var room: RuleRoom { RuleRoom(sources: ruleSlots, scopes: Self.scopeSlots) }

    /// `SCOPE_MAX`.
    static let scopeSlots = 16_384

    /// Entries of the allow-list that there is room for.
    package var allowSlots: Int { ruleSlots / 8 }
}
