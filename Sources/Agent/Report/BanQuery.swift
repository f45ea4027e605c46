package import API
package import Policy
import Traffic

extension ListQuery<BanOrder> {
    /// What is wanted of these, which are sorted newest first.
    package func select(_ sanctions: [Sanction]) -> [Sanction] {
        let wanted = sanctions.filter { sanction in
            // A rule on all traffic to a service is on no source; one that keeps a source from it is.
            let prefix: Prefix? =
                switch sanction.rule.match {
                case .source(let source): source
                case .scope(let scope): scope.source
                }
            return admits(time: sanction.since, prefix: prefix, reason: sanction.reason)
        }
        return Array(order.sort(wanted).prefix(limit ?? .max))
    }
}

extension BanOrder {
    fileprivate func sort(_ sanctions: [Sanction]) -> [Sanction] {
        switch self {
        case .since: sanctions
        // What has no end lasts longest; what was never hit was hit the longest time ago.
        case .expires: sanctions.sorted(greatestFirst: { $0.rule.expires?.nanoseconds ?? .max })
        case .dropped: sanctions.sorted(greatestFirst: { $0.dropped.packets })
        case .lastHit: sanctions.sorted(greatestFirst: { $0.lastHit?.nanoseconds ?? .min })
        case .prefix: sanctions.sorted { ($0.prefix, $0.rule.id) < ($1.prefix, $1.rule.id) }
        case .reason: sanctions.sorted { ($0.reason, $0.rule.id) < ($1.reason, $1.rule.id) }
        }
    }
}

extension [Sanction] {
    /// Sorted by a value; equal ones by rule id, so that the order is always the same.
    fileprivate func sorted(greatestFirst value: (Sanction) -> some Comparable) -> [Sanction] {
        map { (value($0), $0) }.sorted { ($0.0, $0.1.rule.id) > ($1.0, $1.1.rule.id) }.map(\.1)
    }
}
