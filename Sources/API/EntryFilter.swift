package import Traffic

/// Which entries of a list are wanted: when, about whom and why.
package protocol EntryFilter {
    /// Later ones only.
    var since: Timestamp? { get }
    /// Those about a prefix that has an address in common with this.
    var source: Prefix? { get }
    /// Those with exactly this reason.
    var reason: String? { get }
}

extension EntryFilter {
    /// Whether an entry is wanted; what it does not have is not what was asked for.
    package func admits(time: Timestamp?, prefix: Prefix?, reason words: String?) -> Bool {
        if let since, time.map({ $0 <= since }) ?? true { return false }
        if let source, !(prefix?.overlaps(source) ?? false) { return false }
        return reason == nil || words == reason
    }
}
