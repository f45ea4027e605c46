import BPF
import CSluiceABI

/// The rules that an agent pinned, as whoever may open the maps sees them.
package enum PinnedRules {
    /// Ids of the rules, but for those of the allow-list, that are in force in this network namespace; writes nothing.
    ///
    /// - Returns: `nil` if nothing is pinned, or not of this version.
    package static func inForce(bpffs: String) -> Set<UInt32>? {
        guard let pins = PinDirectory(madeUnder: bpffs),
            let maps = try? DatapathMaps({ try BPFMap(name: $0, pinnedAt: pins.map($0)) }),
            let control = try? ControlBlock(maps.control), control.abi == UInt32(SLUICE_ABI),
            maps.isOurs(control.config), var values = try? onSources(maps)
        else { return nil }
        values += (try? maps.scopes.entries(ScopeKeyABI(), ScopeRuleABI()).map(\.value.rule)) ?? []
        let now = Machine.monotonicNanoseconds()
        return Set(values.filter { $0.end.map { $0 > now } ?? true }.map(\.rest.id))
    }

    /// Not by `SourceTable`, which belongs to the one agent: it tidies up.
    private static func onSources(_ maps: DatapathMaps) throws(BPFError) -> [RuleABI] {
        let (heads, rests) = (try maps.sourceRules.mapMemory(), try maps.sourceRest.mapMemory())
        let count = maps.sourceRest.capacity
        let head = unsafe UnsafeBufferPointer(
            start: heads.base.assumingMemoryBound(to: RuleHeadABI.self), count: count)
        let rest = unsafe UnsafeBufferPointer(
            start: rests.base.assumingMemoryBound(to: RuleRestABI.self), count: count)
        return (0..<count).compactMap { place in
            let head = unsafe head[place]
            guard UInt32(head.flags) & RULE_IN_FORCE.rawValue != 0 else { return nil }
            let value = RuleABI(head: head, rest: unsafe rest[place])
            return RuleKind(value) == .allow ? nil : value
        }
    }
}

extension RuleABI {
    /// On the monotonic clock, in nanoseconds; `nil`: never.
    fileprivate var end: UInt64? {
        head.expires == EXPIRES_NEVER
            ? nil : UInt64(head.expires) << UInt64(EXPIRY_SHIFT) | UInt64(rest.expires_low)
    }
}
