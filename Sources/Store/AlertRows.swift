import Detection
import Features
import Foundation
import GRDB
package import Policy
package import Traffic

extension Store {
    /// Alerts after `since` (all that are kept if `nil`), newest first.
    package func alerts(since: Timestamp?, limit: Int) throws(StoreError) -> [Alert] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM alert WHERE time > ? ORDER BY id DESC LIMIT ?",
                arguments: [since?.nanoseconds ?? .min, max(0, limit)]
            ).map(Alert.init)
        }
    }

    /// Alerts about the address, or about a prefix that has it, newest first.
    package func alerts(about address: Address, limit: Int) throws(StoreError) -> [Alert] {
        let prefixes = (0...address.bitWidth).map { "\(Prefix(address, length: $0))" }
        return try read { database in
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
        try read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM alert WHERE id = ?", arguments: [id]).map(
                Alert.init)
        }
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
        let verdict = Verdict(
            time: try reader.time("time"),
            entity: Entity(view: try reader.choice("view"), prefix: try reader.parsed("prefix")),
            score: try reader.value("score"), threshold: try reader.value("threshold"),
            tier: try reader.choice("tier"), reason: try reader.value("reason"),
            summary: try reader.value("summary"),
            features: decoded.map {
                FeatureContribution(name: $0.name, value: $0.value, usual: $0.usual, share: $0.share)
            },
            model: try reader.value("model"), target: target, isTwoWay: try reader.value("two_way"))
        self.init(
            id: try reader.value("id"), verdict: verdict, action: try reader.choice("action"),
            note: try reader.optional("note"), ruleID: try reader.optional("rule_id"))
    }

    func write(to database: Database) throws {
        let features = verdict.features.map {
            Feature(name: $0.name, value: $0.value.finite, usual: $0.usual.finite, share: $0.share.finite)
        }
        let encoded = String(decoding: try JSONEncoder().encode(features), as: UTF8.self)
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO alert (id, time, view, prefix, tier, reason, summary, score, threshold,
                model, features, target_address, target_protocol, target_port, two_way, action, note, rule_id)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            id, verdict.time.nanoseconds, verdict.entity.view.rawValue, "\(verdict.entity.prefix)",
            verdict.tier.rawValue, verdict.reason, verdict.summary, verdict.score.finite,
            verdict.threshold.finite,
            verdict.model, encoded, verdict.target.map { "\($0.address)" }, verdict.target?.protocol.rawValue,
            verdict.target?.port, verdict.isTwoWay, action.rawValue, note, ruleID,
        ])
    }
}

extension Double {
    /// Itself, or the nearest number that JSON and SQLite can hold.
    fileprivate var finite: Double {
        isNaN ? 0 : Swift.min(Swift.max(self, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }
}
