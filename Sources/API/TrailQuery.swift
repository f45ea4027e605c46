package import Traffic

/// What is wanted of a trail, of events or of the audit, which stands in the order in which it happened.
package struct TrailQuery<Kind>: Codable, Hashable, Sendable
where Kind: RawRepresentable<String> & CaseIterable & Codable & Hashable & Sendable {
    /// Later ones only.
    package var since: Timestamp?
    /// Those about a prefix that has an address in common with this.
    package var source: Prefix?
    /// Those with exactly this reason.
    package var reason: String?
    package var kind: Kind?
    /// So many at most, the latest; of those to follow, so many of the past first.
    package var limit: Int?

    /// More than an agent keeps of events.
    package static var most: Int { ListLimits.most }

    package init(
        since: Timestamp? = nil, source: Prefix? = nil, reason: String? = nil, kind: Kind? = nil,
        limit: Int? = nil
    ) {
        self.since = since
        self.source = source
        self.reason = reason
        self.kind = kind
        self.limit = limit
    }
}

/// `GET events?since=TIME&source=PREFIX&reason=WORD&kind=WORD&limit=N`.
package typealias EventQuery = TrailQuery<EventReport.Kind>

/// `GET audit?since=TIME&source=PREFIX&reason=WORD&kind=WORD&limit=N`.
package typealias AuditQuery = TrailQuery<AuditKind>

extension TrailQuery: EntryFilter {}

extension TrailQuery<EventReport.Kind> {
    /// Whether this event is wanted.
    package func matches(_ event: EventReport) -> Bool {
        if let kind, event.kind != kind { return false }
        return admits(time: event.time, prefix: event.prefix, reason: event.reason)
    }
}
