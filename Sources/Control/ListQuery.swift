package import Features
package import Policy
package import Traffic

/// Orders of `GET bans`; numbers and times are sorted greatest first, words from A to Z.
package enum BanOrder: String, CaseIterable, Sendable {
    case since, expires, dropped, lastHit, prefix, reason
}

/// Orders of `GET top`, greatest first.
package enum TopOrder: String, CaseIterable, Sendable { case packets, bytes, score }

/// Which entries of a list are wanted, in which order, and how many.
package struct ListQuery<Order: Hashable & Sendable>: Hashable, Sendable {
    /// Later ones only.
    package var since: Timestamp?
    /// Those on a source that has an address in common with this.
    package var source: Prefix?
    /// Those with exactly this reason.
    package var reason: String?
    /// At most so many; all if `nil`.
    package var limit: Int?
    package var order: Order

    package init(
        since: Timestamp? = nil, source: Prefix? = nil, reason: String? = nil, limit: Int? = nil, order: Order
    ) {
        self.since = since
        self.source = source
        self.reason = reason
        self.limit = limit
        self.order = order
    }
}

/// `GET bans?since=TIME&source=PREFIX&reason=WORD&limit=N&sort=ORDER`.
package typealias BanQuery = ListQuery<BanOrder>

/// `GET alerts?since=TIME&source=PREFIX&reason=WORD&limit=N&sort=ORDER`.
package typealias AlertQuery = ListQuery<AlertOrder>

/// `GET top?view=source|destination&source=PREFIX&limit=N&sort=ORDER`.
package struct TopQuery: Hashable, Sendable {
    package var view: Entity.View
    /// Sources that have an address in common with this; for the view of sources only.
    package var source: Prefix?
    package var limit: Int
    package var order: TopOrder

    package init(
        view: Entity.View = .source, source: Prefix? = nil, limit: Int = 20, order: TopOrder = .packets
    ) {
        self.view = view
        self.source = source
        self.limit = limit
        self.order = order
    }
}

extension ListQuery: EntryFilter {}

extension ListQuery<BanOrder> {
    /// Every ban and limit, newest first.
    package static var all: Self { Self(order: .since) }

    /// What is wanted of these, which are sorted newest first.
    package func select(_ sanctions: [Sanction]) -> [Sanction] {
        let wanted = sanctions.filter { sanction in
            // A rule on what is attacked is on no source.
            let prefix: Prefix? = if case .source(let prefix) = sanction.rule.match { prefix } else { nil }
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
