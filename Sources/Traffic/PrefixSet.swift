/// Many prefixes, asked at once which of them have an address in common with another.
///
/// A question costs one look-up for each length among them and a binary search, however many there are.
package struct PrefixSet: Hashable, Sendable {
    private let members: Set<Prefix>
    private let sorted: [Prefix]
    /// Lengths that occur, of either family.
    private let lengths: [Int]

    package init(_ prefixes: [Prefix]) {
        members = Set(prefixes)
        sorted = members.sorted()
        lengths = Set(prefixes.map(\.length)).sorted()
    }

    /// Whether exactly this prefix is one of them.
    package func has(_ prefix: Prefix) -> Bool { members.contains(prefix) }

    /// Whether all of `prefix` lies in one of them.
    package func contains(_ prefix: Prefix) -> Bool {
        lengths.contains { length in
            length <= prefix.length && members.contains(Prefix(prefix.address, length: length))
        }
    }

    /// Whether one of them has an address in common with `prefix`.
    package func overlaps(_ prefix: Prefix) -> Bool {
        if contains(prefix) { return true }
        // Those that lie in a prefix follow it, the first of them at once.
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < prefix { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && prefix.contains(sorted[low])
    }
}
