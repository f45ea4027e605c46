import Policy
import Store
package import Traffic

/// The rules that an agent wrote down, as whoever may read the file sees them.
package enum StoredRules {
    /// Ids of the deny and limit rules that should be in force at `now`, by the database at `path`.
    ///
    /// - Returns: `nil` if there is none that can be read.
    package static func inForce(in path: String, at now: Timestamp) -> Set<UInt32>? {
        guard let saved = try? Store(reading: path).savedState(at: now, memory: .zero) else { return nil }
        let rules = saved.sanctions.map(\.rule)
        return Set(rules.filter { rule in rule.expires.map { $0 > now } ?? true }.map(\.id))
    }
}
