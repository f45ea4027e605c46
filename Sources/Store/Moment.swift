import GRDB
package import Traffic

/// A moment by two clocks: one that can be set, and one that cannot.
package struct Moment: Hashable, Sendable {
    /// Shorter steps are none: what a time server slews, and that the clocks are read one after the other.
    package static let leastStep: Duration = .seconds(1)

    /// Which start of the machine `uptime` counts from (`/proc/sys/kernel/random/boot_id`).
    package var boot: String
    /// Since the machine started, asleep or not.
    package var uptime: Duration
    /// The wall clock.
    package var time: Timestamp

    package init(boot: String, uptime: Duration, time: Timestamp) {
        self.boot = boot
        self.uptime = uptime
        self.time = time
    }

    /// By how much the wall clock was set between two moments, forward or (negative) back.
    ///
    /// `nil` if it was not, and if the machine started anew between them: then nothing tells.
    package func step(to later: Moment) -> Duration? {
        guard boot == later.boot, !boot.isEmpty else { return nil }
        let step = (later.time - time) - (later.uptime - uptime)
        return step <= .zero - Self.leastStep || step >= Self.leastStep ? step : nil
    }
}

extension Store {
    /// Keeps when the agent last ran.
    package func save(_ moment: Moment) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "UPDATE agent SET boot = ?, uptime = ?, time = ?",
                arguments: [moment.boot, moment.uptime.nanoseconds, moment.time.nanoseconds])
        }
    }

    /// When an agent last ran on this database; `nil` if that is not known.
    package func lastMoment() throws(StoreError) -> Moment? {
        try read { database in
            let sql = "SELECT * FROM agent WHERE boot IS NOT NULL"
            return try Row.fetchOne(database, sql: sql).map { row in
                let reader = RowReader(row: row, table: "agent")
                return Moment(
                    boot: try reader.value("boot"), uptime: .nanoseconds(try reader.value("uptime") as Int64),
                    time: try reader.time("time"))
            }
        }
    }

    /// Moves what is in force, or waits to be, along with a clock that was set, so that it keeps the time it has left.
    static func moveEnds(by step: Duration, _ database: Database) throws {
        // The latest time that is read back; and with twice that SQLite would go on with a real number.
        let most = Int64.max / 2
        let nanoseconds = min(max(step.nanoseconds, -most), most)
        func move(_ columns: [String], of table: String, where condition: String = "TRUE") throws {
            let moves = columns.map { "\($0) = max(0, min(\($0) + :step, :most))" }.joined(separator: ", ")
            try database.execute(
                sql: "UPDATE \(table) SET \(moves) WHERE \(condition)",
                arguments: ["most": most, "step": nanoseconds])
        }
        // What was lifted, and comes back unless that is confirmed, is in force as far as its end goes.
        let waiting = "SELECT rule_id FROM pending WHERE kind = 'unban'"
        try move(
            ["since", "expires"], of: "sanction", where: "ended IS NULL OR rule_id IN (\(waiting))")
        try move(["since", "expires"], of: "allowed")
        try move(["made", "deadline", "since", "expires"], of: "pending")
        // Whoever reads it later must not find the same step again.
        try move(["time"], of: "agent")
    }
}
