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
    /// Length of the prefixes by which IPv6 sources are banned, 32...128.
    package var ipv6SourcePrefix: Int

    /// Rules on single addresses, and on IPv6 prefixes of `ipv6SourcePrefix` bits, that there is room for.
    package var ruleSlots: Int

    /// `slotsPerCPU` `nil` stands for what suits this machine.
    package init(
        slotsPerCPU: Int? = nil, attach: Attach = .auto, replaces: Bool = false, ipv6SourcePrefix: Int = 64,
        ruleSlots: Int = 131_072
    ) {
        self.slotsPerCPU = slotsPerCPU ?? FlowTableSize.ofThisMachine
        self.attach = attach
        self.replaces = replaces
        self.ipv6SourcePrefix = ipv6SourcePrefix
        self.ruleSlots = ruleSlots
    }
}
