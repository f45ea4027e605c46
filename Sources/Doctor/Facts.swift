package import Datapath

/// How much memory this process may still take.
package struct MemoryBound: Sendable {
    /// What sets the bound.
    package enum Owner: Sendable {
        case machine
        /// A control group that may take `most` bytes.
        case controlGroup(path: String, most: UInt64)
    }

    package var owner: Owner
    /// Bytes.
    package var left: UInt64

    package init(_ owner: Owner, left: UInt64) {
        self.owner = owner
        self.left = left
    }
}

/// What checks judge; gathered by `Facts(...)`, or made up by tests.
package struct Facts: Sendable {
    /// What the running agent says of itself.
    package struct Agent: Sendable {
        package var heartbeatAge: Double
        package var coverage: Double
        package var warnings: [String]
        /// Rules that it had to put back or remove since it started, because somebody else had changed them.
        package var mendedRules: Int

        package init(heartbeatAge: Double, coverage: Double, warnings: [String], mendedRules: Int = 0) {
            self.heartbeatAge = heartbeatAge
            self.coverage = coverage
            self.warnings = warnings
            self.mendedRules = mendedRules
        }
    }

    /// What came of loading the program, with the maps it would have, and dropping it again.
    package enum Loading: Sendable {
        case loaded(mapBytes: UInt64)
        case failed(String)
        /// An agent runs, and shows that it can be loaded.
        case untried
    }

    /// How the rules in the kernel differ from those in the store.
    package struct RuleDifference: Sendable {
        /// In the store only.
        package var missing: Int
        /// In the kernel only.
        package var unknown: Int

        package init(missing: Int, unknown: Int) {
            self.missing = missing
            self.unknown = unknown
        }
    }

    /// As `uname -r` has it.
    package var release = ""
    package var cpus = 1
    /// Names of capabilities that are missing.
    package var missingCapabilities: [String] = []
    /// Features that the kernel lacks.
    package var missingFeatures: [String] = []
    package var hasBTF = true
    /// Why the kernel takes no extension programs; `nil` if it does.
    package var extensionRefusal: String?
    /// Why membarrier(2) does not work.
    package var barrierError: String?
    package var bpffs = "/sys/fs/bpf"
    package var hasBPFFileSystem = true
    package var loading = Loading.untried
    package var memory: [MemoryBound] = []
    /// Name of the clock source.
    package var clockSource: String?
    /// Nanoseconds by which the coarse clock steps.
    package var clockStep: Int = 4_000_000
    /// Directories of pins whose network namespace is not there any more.
    package var stalePins: [String] = []
    /// Whether something is pinned for this network namespace.
    package var hasPins = false
    /// Process number of the agent in this network namespace.
    package var agentProcess: Int?
    /// What it says; `nil` if it does not answer.
    package var agent: Agent?
    /// `nil` if there is nothing to compare.
    package var ruleDifference: RuleDifference?
    package var interfaces: [InterfaceFacts] = []

    /// A machine on which all is well.
    package init() {}
}

/// An interface that is to be guarded.
package struct InterfaceFacts: Sendable {
    package var name: String
    package var isPresent = true
    package var hardware = InterfaceHardware()
    /// The mode in which our own program is on it; `nil` if it is not.
    package var attached: String?
    /// Somebody else's program on it, with its owner.
    package var stranger: String?

    package init(name: String) { self.name = name }
}
