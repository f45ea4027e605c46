import BPF
import CSluiceABI
import Traffic

/// The gate in front of rules on destinations: for each class of them, the kinds and levels of rules that there may be.
///
/// Bits are set before a rule goes in; one too many costs the program a look-up.
@safe final class ScopeGate {
    private let memory: MappedMemory

    init(_ maps: DatapathMaps) throws(BPFError) { memory = try maps.scopeGate.mapMemory() }

    private var classes: UnsafeMutablePointer<UInt64> {
        unsafe memory.base.assumingMemoryBound(to: UInt64.self)
    }

    func open(_ scope: Rule.Scope, _ kind: RuleKind) {
        let (index, bit) = Self.place(scope, kind)
        unsafe classes[index] |= bit
    }

    /// Closes it where none of these, which are all that are in force, needs it open.
    func close(except scopes: [(Rule.Scope, RuleKind)]) {
        var needed = [UInt64](repeating: 0, count: Int(SCOPE_GATE_SIZE))
        for (scope, kind) in scopes {
            let (index, bit) = Self.place(scope, kind)
            needed[index] |= bit
        }
        for index in needed.indices { unsafe classes[index] = needed[index] }
    }

    /// As `scope_gate_of()` and `scope_decides()` have it.
    private static func place(_ scope: Rule.Scope, _ kind: RuleKind) -> (index: Int, bit: UInt64) {
        let words = scope.destination.words
        let mixed = (words.0 ^ words.1 ^ words.2 ^ words.3) &* 0x9E37_79B1
        let bit = kind.rawValue * SCOPE_LEVELS.rawValue + scope.level.rawValue
        return (Int(mixed >> 20) & (Int(SCOPE_GATE_SIZE) - 1), 1 << UInt64(bit))
    }
}
