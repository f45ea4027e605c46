package import Traffic

/// `GET status`: what the agent is, sees and does.
package struct StatusReport: Codable, Hashable, Sendable {
    /// How much of what is normal has been learned.
    package struct Learning: Codable, Hashable, Sendable {
        /// 0...1; 1 when a model learned here is in use.
        package var progress: Double
        /// Until learning is complete, in seconds.
        package var remaining: Double

        package init(progress: Double, remaining: Double) {
            self.progress = progress
            self.remaining = remaining
        }
    }

    /// One interface whose packets are to pass through the data plane.
    package struct Interface: Codable, Hashable, Sendable {
        package var name: String
        /// `native` (in the driver), `generic` (in the network stack), or `none` while it is not guarded.
        package var attach: String
        /// `up`, `down` (guarded, but switched off), `missing` or `failed` (the program cannot be attached).
        package var state: String

        /// `wan` (the side of the Internet), `lan` (our side), or `unknown`.
        package var role: String
        /// Whether routes and addresses told the role, not the configuration.
        package var isRoleDerived: Bool

        package init(
            name: String, attach: String, state: String = "up", role: String = "unknown",
            isRoleDerived: Bool = true
        ) {
            self.name = name
            self.attach = attach
            self.state = state
            self.role = role
            self.isRoleDerived = isRoleDerived
        }
    }

    /// All frames since the agent started; each is in exactly one of the six parts.
    package struct Traffic: Codable, Hashable, Sendable {
        package var frames: UInt64
        package var bytes: UInt64
        package var flow: Count
        package var aside: Count
        package var malformed: Count
        /// Packets of `malformed` by reason: `short`, `version`, `header_length`, `extension`.
        package var malformations: [String: UInt64]
        package var other: Count
        package var dropped: Count
        /// Beginnings that were sent back as a question.
        package var answered: Count
        /// From outside, in the name of sources that are not there: no evidence against anybody.
        package var martian: Count
        /// Share of the countable packets that stand in a flow entry, 0...1, in the latest generation.
        package var coverage: Double
        /// The lowest of any generation in the last minute.
        package var lowestCoverage: Double

        package init(_ totals: Totals) {
            frames = totals.frames
            bytes = totals.bytes
            flow = totals.flow
            aside = totals.aside
            malformed = totals.malformed
            let reasons = Malformation.allCases.map { reason in
                (reason.rawValue, totals.malformations[reason]?.packets ?? 0)
            }
            malformations = Dictionary(uniqueKeysWithValues: reasons)
            other = totals.other
            dropped = totals.dropped
            answered = totals.answered
            martian = totals.martian
            coverage = totals.coverage
            lowestCoverage = totals.coverage
        }
    }

    /// Speed now and in the last minute.
    package struct Rates: Codable, Hashable, Sendable {
        /// Of all frames, those that are dropped too.
        package var packetsPerSecond: Double
        package var bytesPerSecond: Double
        package var droppedPerSecond: Double
        /// Packets per second in each of the last seconds, oldest first; at most 60.
        package var packetsHistory: [Double]
        /// Packets dropped per second, likewise.
        package var droppedHistory: [Double]

        package init(
            packetsPerSecond: Double, bytesPerSecond: Double, droppedPerSecond: Double,
            packetsHistory: [Double], droppedHistory: [Double]
        ) {
            self.packetsPerSecond = packetsPerSecond
            self.bytesPerSecond = bytesPerSecond
            self.droppedPerSecond = droppedPerSecond
            self.packetsHistory = packetsHistory
            self.droppedHistory = droppedHistory
        }
    }

    /// How many of each there are now.
    package struct Counts: Codable, Hashable, Sendable {
        /// Entities whose windows are kept in memory.
        package var entities: Int
        /// Bans in force, shadowed ones too.
        package var bans: Int
        /// Limits in force, shadowed ones too.
        package var limits: Int
        /// Entries of the allow-list.
        package var allowed: Int
        /// Alerts that the store keeps.
        package var alerts: Int

        package init(entities: Int, bans: Int, limits: Int, allowed: Int, alerts: Int) {
            self.entities = entities
            self.bans = bans
            self.limits = limits
            self.allowed = allowed
            self.alerts = alerts
        }
    }

    /// The model in use.
    package struct Model: Codable, Hashable, Sendable {
        /// Identity and version, as in alerts.
        package var id: String
        /// Whether it came with Sluice, and so has learned nothing here.
        package var isBuiltIn: Bool
        /// When it was trained; absent for the built-in one.
        package var trained: Timestamp?
        /// Seconds since then.
        package var age: Double?
        /// Scores above these make a verdict; named as the detector names them.
        package var thresholds: [String: Double]

        package init(
            id: String, isBuiltIn: Bool, trained: Timestamp?, age: Double?, thresholds: [String: Double]
        ) {
            self.id = id
            self.isBuiltIn = isBuiltIn
            self.trained = trained
            self.age = age
            self.thresholds = thresholds
        }
    }

    /// Rules in the kernel that others had changed, and that were mended since the agent started.
    package struct RuleDrift: Codable, Hashable, Sendable {
        /// Rules that were gone or different, and were put back.
        package var missing: Int
        /// Rules that nobody wanted, and were removed.
        package var unknown: Int

        package init(missing: Int, unknown: Int) {
            self.missing = missing
            self.unknown = unknown
        }
    }

    /// How full the kernel's tables of rules are, but for the allow-list's.
    package struct RuleRoom: Codable, Hashable, Sendable {
        /// On all traffic of a source: rules, and places for them.
        package var sources: Int
        package var sourcesMost: Int
        /// Likewise on traffic to one address.
        package var scopes: Int
        package var scopesMost: Int
        /// Rules that are not in force, because there is no room for them.
        package var lacking: Int
        /// Automatic rules that were not made for want of room since the start.
        package var refused: UInt64

        package init(
            sources: Int, sourcesMost: Int, scopes: Int, scopesMost: Int, lacking: Int, refused: UInt64
        ) {
            (self.sources, self.sourcesMost) = (sources, sourcesMost)
            (self.scopes, self.scopesMost) = (scopes, scopesMost)
            (self.lacking, self.refused) = (lacking, refused)
        }
    }

    /// A policy group's own model.
    package struct OwnModel: Codable, Hashable, Sendable {
        /// Identity and version, as in alerts; absent before it has learned: until then the shared model judges.
        package var id: String?
        /// When that was trained.
        package var trained: Timestamp?
        /// How much of what is usual in the group has been learned.
        package var learning: Learning

        package init(id: String?, trained: Timestamp?, learning: Learning) {
            self.id = id
            self.trained = trained
            self.learning = learning
        }
    }

    /// One policy group.
    package struct Group: Codable, Hashable, Sendable {
        package var name: String
        package var mode: Mode
        /// Automatic ones in force, shadowed ones too.
        package var bans: Int
        package var limits: Int
        /// Alarms without countable evidence: accepted, and realised in the last day; absent in the first hour.
        package var acceptedAlarmsPerDay: Double
        package var realisedAlarmsPerDay: Double?
        /// Absent where the group has none and shares the one of the rest.
        package var model: OwnModel?

        package init(
            name: String, mode: Mode, bans: Int, limits: Int, acceptedAlarmsPerDay: Double,
            realisedAlarmsPerDay: Double?, model: OwnModel? = nil
        ) {
            self.name = name
            self.mode = mode
            self.bans = bans
            self.limits = limits
            self.acceptedAlarmsPerDay = acceptedAlarmsPerDay
            self.realisedAlarmsPerDay = realisedAlarmsPerDay
            self.model = model
        }
    }

    package var version: String
    /// Of what is in no policy group.
    package var mode: Mode
    /// Policy groups, in the order of the configuration.
    package var groups: [Group] = []
    package var learning: Learning
    package var started: Timestamp
    /// Seconds since `started`.
    package var uptime: Double
    package var interfaces: [Interface]
    package var traffic: Traffic
    package var rates: Rates
    package var counts: Counts
    package var model: Model
    /// Seconds since the data plane last got the agent's heartbeat.
    package var heartbeatAge: Double
    /// Resident memory of the agent, in bytes.
    package var memory: UInt64
    /// Memory of the data plane's maps in the kernel, in bytes.
    package var kernelMemory: UInt64
    /// What an operator should know and see to, one sentence each; empty when all is well.
    package var warnings: [String]
    /// What had to be mended in the kernel.
    package var ruleDrift = RuleDrift(missing: 0, unknown: 0)
    /// Whether there is room for rules.
    package var ruleRoom: RuleRoom?
    /// SHA-256 of the configuration in use: of its keys and values, wherever they are from.
    package var configuration: String?
    /// Changes by hand that are undone unless they are confirmed, the oldest first.
    package var pending: [PendingReport] = []
    /// How detection itself fares.
    package var detection: DetectionReport?

    package init(
        version: String, mode: Mode, learning: Learning, started: Timestamp, uptime: Double,
        interfaces: [Interface], traffic: Traffic, rates: Rates, counts: Counts, model: Model,
        heartbeatAge: Double, memory: UInt64, kernelMemory: UInt64, warnings: [String] = []
    ) {
        self.version = version
        self.mode = mode
        self.learning = learning
        self.started = started
        self.uptime = uptime
        self.interfaces = interfaces
        self.traffic = traffic
        self.rates = rates
        self.counts = counts
        self.model = model
        self.heartbeatAge = heartbeatAge
        self.memory = memory
        self.kernelMemory = kernelMemory
        self.warnings = warnings
    }
}
