package import API
import Detection
import Features
import Foundation
import GRDB
package import Policy
package import Traffic

extension Store {
    /// Alerts after `since` (all that are kept if `nil`), at most `limit`.
    ///
    /// Those on a source that has an address in common with `source`, and with exactly this `reason`.
    package func alerts(
        since: Timestamp?, source: Prefix? = nil, reason: String? = nil, order: AlertOrder = .time, limit: Int
    ) throws(StoreError) -> [Alert] {
        var conditions = ["time > ?"]
        var arguments: StatementArguments = [since?.nanoseconds ?? .min]
        if let reason {
            conditions.append("reason = ?")
            arguments += [reason]
        }
        let column =
            switch order {
            case .time: "id DESC"
            case .score: "score DESC, id DESC"
            case .reason: "reason, id DESC"
            }
        if source != nil { conditions.append("view = 'source'") }
        let sql = "SELECT * FROM alert WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(column)"
        return try readBeside { database in
            let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
            var result: [Alert] = []
            while result.count < limit, let row = try rows.next() {
                // Of rows that are not wanted, no more than the prefix is read.
                if let source, let text: String = row["prefix"], let prefix = Prefix(text),
                    !prefix.overlaps(source)
                {
                    continue
                }
                result.append(try Alert(row))
            }
            return result
        }
    }

    /// Alerts about the address, or about a prefix that has it, newest first.
    package func alerts(about address: Address, limit: Int) throws(StoreError) -> [Alert] {
        let prefixes = (0...address.bitWidth).map { "\(Prefix(address, length: $0))" }
        return try readBeside { database in
            let places = Array(repeating: "?", count: prefixes.count).joined(separator: ", ")
            let arguments = StatementArguments(prefixes) + [max(0, limit)]
            return try Row.fetchAll(
                database, sql: "SELECT * FROM alert WHERE prefix IN (\(places)) ORDER BY id DESC LIMIT ?",
                arguments: arguments
            ).map(Alert.init)
        }
    }

    /// The alert with this id, if it is still kept.
    package func alert(id: Int64) throws(StoreError) -> Alert? {
        try readBeside { try Alert.fetch(id: id, from: $0) }
    }

    /// Alerts that an operator has judged, oldest first: what a supervised model learns from.
    package func judgedAlerts() throws(StoreError) -> [Alert] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM alert WHERE feedback IS NOT NULL ORDER BY id")
                .map(Alert.init)
        }
    }

    /// Keeps what an operator says of an alert; `configuration` is the hash of the one in use.
    package func judge(
        _ id: Int64, as feedback: Feedback, by who: String, under configuration: String? = nil,
        at now: Timestamp
    ) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "UPDATE alert SET feedback = ? WHERE id = ?", arguments: [feedback.rawValue, id])
        }
        try note("feedback", "alert \(id)", detail: feedback.rawValue, by: who, under: configuration, at: now)
    }

    /// Number of alerts that are kept.
    package func alertCount() throws(StoreError) -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM alert") ?? 0 }
    }
}

extension Alert {
    /// A feature as the column `features` has it.
    private struct Feature: Codable {
        var name: String
        var value: Double
        var usual: Double
        var share: Double
        var low, high, harmless: Double?

        init(_ contribution: FeatureContribution) {
            name = contribution.name
            value = contribution.value.finite
            usual = contribution.usual.finite
            share = contribution.share.finite
            low = contribution.low?.finite
            high = contribution.high?.finite
            harmless = contribution.harmless?.finite
        }

        var contribution: FeatureContribution {
            var contribution = FeatureContribution(name: name, value: value, usual: usual, share: share)
            contribution.low = low
            contribution.high = high
            contribution.harmless = harmless
            return contribution
        }
    }

    static func fetch(id: Int64, from database: Database) throws -> Alert? {
        try Row.fetchOne(database, sql: "SELECT * FROM alert WHERE id = ?", arguments: [id]).map(Alert.init)
    }

    fileprivate init(_ row: Row) throws {
        let reader = RowReader(row: row, table: "alert")
        let features: String = try reader.value("features")
        guard let decoded = try? JSONDecoder().decode([Feature].self, from: Data(features.utf8)) else {
            throw reader.malformed("features")
        }
        var target: Target?
        if let text: String = try reader.optional("target_address") {
            guard let address = Address(text) else { throw reader.malformed("target_address") }
            target = Target(
                address: address, protocol: IPProtocol(rawValue: try reader.value("target_protocol")),
                port: try reader.optional("target_port"))
        }
        var verdict = Verdict(
            time: try reader.time("time"),
            entity: Entity(view: try reader.choice("view"), prefix: try reader.parsed("prefix")),
            score: try reader.value("score"), threshold: try reader.value("threshold"),
            tier: try reader.choice("tier"), reason: try reader.value("reason"),
            summary: try reader.value("summary"),
            features: decoded.map(\.contribution),
            model: try reader.value("model"), target: target, isTwoWay: try reader.value("two_way"),
            row: Self.numbers(try reader.value("row")), schema: try reader.value("schema"))
        verdict.othersNearer = try reader.optional("others_nearer")
        self.init(
            id: try reader.value("id"), verdict: verdict, action: try reader.choice("action"),
            note: try reader.optional("note"), ruleID: try reader.optional("rule_id"),
            feedback: try (reader.optional("feedback") as String?).flatMap(Feedback.init))
        configuration = try reader.optional("configuration")
    }

    func write(to database: Database) throws {
        let features = verdict.features.map(Feature.init)
        let encoded = String(decoding: try JSONEncoder().encode(features), as: UTF8.self)
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO alert (id, time, view, prefix, tier, reason, summary, score, threshold,
                model, features, target_address, target_protocol, target_port, two_way, action, note, rule_id,
                row, feedback, configuration, schema, others_nearer)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            id, verdict.time.nanoseconds, verdict.entity.view.rawValue, "\(verdict.entity.prefix)",
            verdict.tier.rawValue, verdict.reason, verdict.summary, verdict.score.finite,
            verdict.threshold.finite,
            verdict.model, encoded, verdict.target.map { "\($0.address)" }, verdict.target?.protocol.rawValue,
            verdict.target?.port, verdict.isTwoWay, action.rawValue, note, ruleID,
            Self.bytes(verdict.row), feedback?.rawValue, configuration, verdict.schema, verdict.othersNearer,
        ])
    }

    /// Single precision, little-endian.
    private static func bytes(_ numbers: [Float]) -> Data {
        Data(
            numbers.flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> ($0 * 8)) }
            })
    }

    private static func numbers(_ data: Data) -> [Float] {
        let bytes = Array(data)
        return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
            let bits = bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return Float(bitPattern: bits)
        }
    }
}

extension Double {
    /// Itself, or the nearest number that JSON and SQLite can hold.
    fileprivate var finite: Double {
        isNaN ? 0 : Swift.min(Swift.max(self, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }
}
