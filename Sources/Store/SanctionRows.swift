import GRDB
import Policy
import Traffic

extension Sanction {
    /// Columns, in the order in which they are read and written.
    private static let columns = [
        "prefix", "side", "protocol", "port", "source", "bytes_per_second", "packets_per_second", "rule_id",
        "origin", "shadowed", "expires", "since", "reason", "summary", "alert_id", "offence",
        "dropped_packets", "dropped_bytes", "last_hit", "policy_group", "known", "configuration", "ended",
        "ending", "proven", "proof_beginnings", "proof_retransmissions", "proof_asks", "proofs",
        "retransmitted",
    ].joined(separator: ", ")

    init(_ row: Row, places: ColumnPlaces? = nil) throws {
        let reader = RowReader(row: row, table: "sanction", places: places)
        let prefix: Prefix = try reader.parsed("prefix")
        let side: String = try reader.value("side")
        let match: Rule.Match =
            side == "source"
            ? .source(prefix)
            : .scope(
                Rule.Scope(
                    destination: prefix.address,
                    protocol: try reader.optional("protocol").map(IPProtocol.init(rawValue:)),
                    port: try reader.optional("port"), source: try reader.optionalParsed("source")))
        let bytes: Int64? = try reader.optional("bytes_per_second")
        let rate = Rule.Rate(
            packets: try reader.optional("packets_per_second"), bytes: bytes.map(UInt64.init(clamping:)))
        var action = rate.map(Rule.Action.limit) ?? .deny
        if let beginnings: UInt32 = try reader.optional("proof_beginnings") {
            action = .prove(
                Rule.Proof(
                    beginnings: beginnings,
                    retransmissions: try reader.optional("proof_retransmissions") ?? 1,
                    asks: try reader.optional("proof_asks") ?? true))
        }
        self.init(
            rule: Rule(
                id: try reader.value("rule_id"), match: match,
                action: action,
                origin: try reader.choice("origin"),
                isShadowed: try reader.value("shadowed"), expires: try reader.optionalTime("expires")),
            since: try reader.time("since"), reason: try reader.value("reason"),
            summary: try reader.value("summary"), alertID: try reader.optional("alert_id"),
            offence: try reader.value("offence"),
            dropped: Count(
                packets: try reader.count("dropped_packets"), bytes: try reader.count("dropped_bytes")),
            lastHit: try reader.optionalTime("last_hit"), group: try reader.optional("policy_group"),
            isOnKnown: try reader.value("known"))
        configuration = try reader.optional("configuration")
        isProven = try reader.value("proven")
        guard let proofs: Int64 = try reader.optional("proofs") else { return }
        var counted = Challenge()
        counted.challenged = dropped.packets
        counted.proven = UInt64(clamping: proofs)
        counted.retransmitted = UInt64(clamping: try reader.optional("retransmitted") ?? Int64(0))
        challenge = counted
    }

    /// When operators lifted what was on these sources, if that was after `time`.
    static func fetchLifted(since time: Timestamp, from database: Database) throws -> [Prefix: Timestamp] {
        let sql = """
            SELECT coalesce(source, prefix) AS prefix, max(ended) AS ended FROM sanction
            WHERE ended > ? AND ending = 'lifted' GROUP BY 1
            """
        let rows = try Row.fetchCursor(database, sql: sql, arguments: [time.nanoseconds])
        var lifted: [Prefix: Timestamp] = [:]
        while let row = try rows.next() {
            let reader = RowReader(row: row, table: "sanction")
            lifted[try reader.parsed("prefix")] = try reader.time("ended")
        }
        return lifted
    }

    static func fetchInForce(from database: Database) throws -> [Sanction] {
        // A cursor rather than all rows at once: there may be a hundred thousand.
        let rows = try Row.fetchCursor(
            database, sql: "SELECT \(columns) FROM sanction WHERE ended IS NULL ORDER BY rule_id")
        var sanctions: [Sanction] = []
        var places: ColumnPlaces?
        while let row = try rows.next() {
            places = places ?? ColumnPlaces(in: row)
            sanctions.append(try Sanction(row, places: places))
        }
        return sanctions
    }

    /// The last automatic ban of each source, if it ended by itself after `time`; `rule.expires` is when it
    /// ended.
    static func fetchEnded(since time: Timestamp, from database: Database) throws -> [Sanction] {
        let sql = """
            SELECT \(columns), max(ended) FROM sanction WHERE ended > ? AND origin = 'automatic' AND offence > 0
            GROUP BY prefix HAVING ending = 'expired'
            """
        let rows = try Row.fetchAll(database, sql: sql, arguments: [time.nanoseconds])
        let places = rows.first.map { ColumnPlaces(in: $0) }
        return try rows.map { row in
            var sanction = try Sanction(row, places: places)
            sanction.rule.expires = try RowReader(row: row, table: "sanction").time("ended")
            return sanction
        }
    }

    /// Writes the sanction, in place of an earlier state of it.
    func write(to database: Database, ended: Timestamp? = nil, ending: Event.Ending? = nil) throws {
        var scope: Rule.Scope?
        if case .scope(let wanted) = rule.match { scope = wanted }
        var rate: Rule.Rate?
        if case .limit(let most) = rule.action { rate = most }
        var proof: Rule.Proof?
        if case .prove(let wanted) = rule.action { proof = wanted }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO sanction (\(Self.columns))
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            "\(scope.map { Prefix($0.destination) } ?? prefix)", scope == nil ? "source" : "destination",
            scope?.protocol?.rawValue, scope?.port, scope?.source.map { "\($0)" },
            rate?.bytes.map(Int64.init(clamping:)), rate?.packets, rule.id, rule.origin.rawValue,
            rule.isShadowed, rule.expires?.nanoseconds, since.nanoseconds, reason, summary, alertID, offence,
            Int64(clamping: dropped.packets), Int64(clamping: dropped.bytes), lastHit?.nanoseconds, group,
            isOnKnown, configuration, ended?.nanoseconds, ending?.rawValue, isProven,
            proof?.beginnings, proof?.retransmissions, proof?.asks,
            challenge.map { Int64(clamping: $0.proven) }, challenge.map { Int64(clamping: $0.retransmitted) },
        ])
    }

    /// Writes what of it changes while it is in force.
    func writeState(to database: Database) throws {
        try database.cachedStatement(
            sql: "UPDATE sanction SET expires = ?, shadowed = ? WHERE rule_id = ?"
        ).execute(arguments: [rule.expires?.nanoseconds, rule.isShadowed, rule.id])
    }

    func delete(from database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM sanction WHERE rule_id = ?").execute(
            arguments: [rule.id])
    }

    func writeCounters(to database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE sanction SET dropped_packets = ?, dropped_bytes = ?, last_hit = ?, proofs = ?, retransmitted = ?
                WHERE rule_id = ?
                """
        ).execute(arguments: [
            Int64(clamping: dropped.packets), Int64(clamping: dropped.bytes), lastHit?.nanoseconds,
            challenge.map { Int64(clamping: $0.proven) }, challenge.map { Int64(clamping: $0.retransmitted) },
            rule.id,
        ])
    }
}

extension AllowEntry {
    static func fetchAll(from database: Database) throws -> [AllowEntry] {
        try Row.fetchAll(database, sql: "SELECT * FROM allowed ORDER BY rule_id").map { row in
            let reader = RowReader(row: row, table: "allowed")
            return AllowEntry(
                ruleID: try reader.value("rule_id"), prefix: try reader.parsed("prefix"), origin: .manual,
                since: try reader.time("since"), expires: try reader.optionalTime("expires"),
                reason: try reader.optional("reason"))
        }
    }

    func write(to database: Database) throws {
        try database.cachedStatement(
            sql:
                "INSERT OR REPLACE INTO allowed (prefix, rule_id, since, expires, reason) "
                + "VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: ["\(prefix)", ruleID, since.nanoseconds, expires?.nanoseconds, reason])
    }

    func delete(from database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM allowed WHERE prefix = ?").execute(arguments: [
            "\(prefix)"
        ])
    }
}
