package import Traffic

/// Limits on how much one request may ask for or change.
package enum ListLimits {
    /// Entries of a list, unless the request says how many.
    package static let usual = 100
    package static let most = 10_000
    /// Prefixes in one change.
    package static let prefixes = 100_000
}

/// An order of a list.
package protocol ListOrder: RawRepresentable<String>, CaseIterable, Codable, Hashable, Sendable {
    /// Where the request names none.
    static var usual: Self { get }
    /// How many entries, where the request does not say; all if `nil`.
    static var usualLimit: Int? { get }
}

extension ListOrder {
    package static var usualLimit: Int? { ListLimits.usual }
}

/// Orders of `GET bans`; numbers and times are sorted greatest first, words from A to Z.
package enum BanOrder: String, ListOrder {
    case since, expires, dropped, lastHit, prefix, reason

    package static var usual: Self { .since }
    package static var usualLimit: Int? { nil }
}

/// Orders of `GET alerts`: the latest or the highest score first, or reasons from A to Z.
package enum AlertOrder: String, ListOrder {
    case time, score, reason

    package static var usual: Self { .time }
}

/// Orders of `GET top`, greatest first.
package enum TopOrder: String, ListOrder {
    case packets, bytes, score

    package static var usual: Self { .packets }
}

/// Orders of `GET flows`, greatest first.
package enum FlowOrder: String, ListOrder {
    case packets, bytes

    package static var usual: Self { .packets }
}

/// Which entries of a list are wanted, in which order, and how many.
package struct ListQuery<Order: ListOrder>: Codable, Hashable, Sendable {
    /// Later ones only.
    package var since: Timestamp?
    /// Those on a source that has an address in common with this.
    package var source: Prefix?
    /// Those with exactly this reason.
    package var reason: String?
    /// At most so many; all if `nil`.
    package var limit: Int?
    package var order: Order

    private enum CodingKeys: String, CodingKey {
        case since, source, reason, limit
        case order = "sort"
    }

    package init(
        since: Timestamp? = nil, source: Prefix? = nil, reason: String? = nil, limit: Int? = nil,
        order: Order = .usual
    ) {
        self.since = since
        self.source = source
        self.reason = reason
        self.limit = limit
        self.order = order
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        since = try container.decodeIfPresent(Timestamp.self, forKey: .since)
        source = try container.decodeIfPresent(Prefix.self, forKey: .source)
        reason = try container.decodeIfPresent(String.self, forKey: .reason)
        limit = try container.decodeIfPresent(Int.self, forKey: .limit) ?? Order.usualLimit
        order = try container.decodeIfPresent(Order.self, forKey: .order) ?? .usual
    }
}

/// `GET bans?since=TIME&source=PREFIX&reason=WORD&limit=N&sort=ORDER`.
package typealias BanQuery = ListQuery<BanOrder>

/// `GET alerts?since=TIME&source=PREFIX&reason=WORD&limit=N&sort=ORDER`.
package typealias AlertQuery = ListQuery<AlertOrder>

extension ListQuery: EntryFilter {}

extension ListQuery<BanOrder> {
    /// Every ban and limit, newest first.
    package static var all: Self { Self() }
}

/// `GET top?view=source|destination&source=PREFIX&limit=N&sort=ORDER`.
package struct TopQuery: Codable, Hashable, Sendable {
    package var view: View
    /// Sources that have an address in common with this; for the view of sources only.
    package var source: Prefix?
    package var limit: Int
    package var order: TopOrder

    private enum CodingKeys: String, CodingKey {
        case view, source, limit
        case order = "sort"
    }

    package init(
        view: View = .source, source: Prefix? = nil, limit: Int = 20, order: TopOrder = .usual
    ) {
        self.view = view
        self.source = source
        self.limit = limit
        self.order = order
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        view = try container.decodeIfPresent(View.self, forKey: .view) ?? .source
        source = try container.decodeIfPresent(Prefix.self, forKey: .source)
        limit = try container.decodeIfPresent(Int.self, forKey: .limit) ?? ListLimits.usual
        order = try container.decodeIfPresent(TopOrder.self, forKey: .order) ?? .usual
    }
}

/// `GET flows?source=PREFIX&limit=N&sort=ORDER`.
package struct FlowQuery: Codable, Hashable, Sendable {
    /// Flows from a source in this prefix only.
    package var source: Prefix?
    package var limit: Int
    package var order: FlowOrder

    private enum CodingKeys: String, CodingKey {
        case source, limit
        case order = "sort"
    }

    package init(source: Prefix? = nil, limit: Int = 20, order: FlowOrder = .usual) {
        self.source = source
        self.limit = limit
        self.order = order
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        source = try container.decodeIfPresent(Prefix.self, forKey: .source)
        limit = try container.decodeIfPresent(Int.self, forKey: .limit) ?? ListLimits.usual
        order = try container.decodeIfPresent(FlowOrder.self, forKey: .order) ?? .usual
    }
}

/// `GET explain?address=ADDRESS`.
package struct ExplainQuery: Codable, Hashable, Sendable {
    /// Of either family.
    package var address: Address

    package init(address: Address) { self.address = address }
}

/// `GET report?since=TIME`.
package struct ReportQuery: Codable, Hashable, Sendable {
    /// From when on; seven days ago if `nil`.
    package var since: Timestamp?

    package init(since: Timestamp? = nil) { self.since = since }
}

/// A request that says nothing but where it goes.
package struct Nothing: Codable, Hashable, Sendable {
    package init() {}
}
