import GRDB
package import Policy
package import Traffic

/// What one policy group (`nil`: everything in none) did in one mode, since it was last written down.
package struct Activity: Hashable, Sendable {
    package struct Key: Hashable, Sendable {
        package var group: String?
        package var mode: Mode

        package init(group: String?, mode: Mode) {
            self.group = group
            self.mode = mode
        }
    }

    package var seconds = 0.0
    /// All that was seen, dropped or not.
    package var traffic = Count()
    package var toll = Toll()

    package init() {}
}

extension Store {
    /// Adds to what is known of the hour that `now` lies in.
    package func add(_ activity: [Activity.Key: Activity], at now: Timestamp) throws(StoreError) {
        let hour = now.nanoseconds / 3_600_000_000_000 * 3_600_000_000_000
        try write { database in
            for (key, part) in activity {
                let counts = part.counts
                let columns = Activity.columns.joined(separator: ", ")
                let sums = Activity.columns.map { "\($0) = \($0) + excluded.\($0)" }.joined(separator: ", ")
                try database.cachedStatement(
                    sql: """
                        INSERT INTO activity (hour, policy_group, mode, seconds, \(columns))
                        VALUES (?, ?, ?, ?, \(counts.map { _ in "?" }.joined(separator: ", ")))
                        ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds, \(sums)
                        """
                ).execute(
                    arguments: [hour, key.group ?? "", key.mode.rawValue, part.seconds]
                        + StatementArguments(counts.map { Int64(clamping: $0) }))
            }
        }
    }

    /// What was seen since `time`, by group, hour by hour; of the first hour all.
    ///
    /// `hours` has a place for each hour, the latest last: what bans stopped, or would have, in packets.
    package func records(
        since time: Timestamp, at now: Timestamp
    ) throws(StoreError) -> [String?: (record: TrackRecord, hours: [Double])] {
        let hour: Int64 = 3_600_000_000_000
        let first = time.nanoseconds / hour
        let count = Int(clamping: max(0, now.nanoseconds / hour - first) + 1)
        return try read { database in
            var found: [String?: (record: TrackRecord, hours: [Double])] = [:]
            func change(_ group: String, _ body: (inout TrackRecord, inout [Double]) -> Void) {
                let name = group.isEmpty ? nil : group
                var entry = found[name] ?? (TrackRecord(), Array(repeating: 0, count: count))
                body(&entry.record, &entry.hours)
                found[name] = entry
            }
            let rows = try Row.fetchCursor(
                database, sql: "SELECT * FROM activity WHERE hour >= ?", arguments: [first * hour])
            while let row = try rows.next() {
                let reader = RowReader(row: row, table: "activity")
                let part = try Activity(reader)
                let mode: Mode = try reader.choice("mode")
                let (start, seconds): (Int64, Double) = (
                    try reader.value("hour"), try reader.value("seconds")
                )
                change(try reader.value("policy_group")) { record, hours in
                    record.watched[mode, default: 0] += seconds
                    record.traffic += part.traffic
                    record.toll += part.toll
                    let place = Int(clamping: start / hour - first)
                    if hours.indices.contains(place) { hours[place] += Double(part.toll.enforced.packets) }
                }
            }
            for row in try Row.fetchAll(database, sql: Self.rulesByGroup, arguments: [time.nanoseconds]) {
                let reader = RowReader(row: row, table: "sanction")
                let lastWrong: Int64? = try reader.optional("last_wrong")
                let (bans, limits): (Int, Int) = (try reader.value("bans"), try reader.value("limits"))
                let (known, unjudged): (Int, Int) = (try reader.value("known"), try reader.value("unjudged"))
                let (judged, wrong): (Int, Int) = (try reader.value("judged"), try reader.value("wrong"))
                change(try reader.value("name")) { record, _ in
                    (record.bans, record.limits) = (bans, limits)
                    (record.onKnown, record.unjudgedOnKnown) = (known, unjudged)
                    (record.judged, record.wrong) = (judged, wrong)
                    record.lastWrong = lastWrong.map(Timestamp.init(nanoseconds:))
                }
            }
            return found
        }
    }

    /// How often a circuit breaker tripped after `time`.
    package func trips(since time: Timestamp) throws(StoreError) -> Int {
        try read {
            try Int.fetchOne(
                $0, sql: "SELECT count(*) FROM audit WHERE verb = 'trip' AND time > ?",
                arguments: [time.nanoseconds]) ?? 0
        }
    }

    /// A ban on a network has the alert of the ban that led to it, and is judged with that.
    private static let rulesByGroup = """
        SELECT coalesce(policy_group, '') AS name,
            sum(coalesce(packets_per_second, bytes_per_second, proof_beginnings) IS NULL) AS bans,
            sum(coalesce(packets_per_second, bytes_per_second, proof_beginnings) IS NOT NULL) AS limits,
            sum(known) AS known, sum(known AND feedback IS NULL) AS unjudged,
            count(DISTINCT CASE WHEN feedback IS NOT NULL THEN alert_id END) AS judged,
            count(DISTINCT CASE WHEN feedback = 'bad' THEN alert_id END) AS wrong,
            max(CASE WHEN feedback = 'bad' THEN sanction.since END) AS last_wrong
        FROM sanction LEFT JOIN alert ON alert.id = sanction.alert_id
        WHERE sanction.since > ? AND origin = 'automatic' GROUP BY name
        """
}

extension Activity {
    static let columns = [
        "packets", "bytes", "stopped_packets", "stopped_bytes", "limited_packets", "limited_bytes",
        "known_packets", "known_bytes", "known_limited_packets", "known_limited_bytes",
    ]

    fileprivate var counts: [UInt64] {
        [traffic, toll.enforced, toll.limited, toll.enforcedOfKnown, toll.limitedOfKnown].flatMap {
            [$0.packets, $0.bytes]
        }
    }

    fileprivate init(_ reader: RowReader) throws {
        let values = try Self.columns.map { try reader.count($0) }
        func count(_ place: Int) -> Count { Count(packets: values[place * 2], bytes: values[place * 2 + 1]) }
        traffic = count(0)
        (toll.enforced, toll.limited) = (count(1), count(2))
        (toll.enforcedOfKnown, toll.limitedOfKnown) = (count(3), count(4))
    }
}
