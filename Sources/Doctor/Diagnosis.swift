/// What a check found.
package struct Diagnosis: Codable, Hashable, Sendable {
    /// How bad it is.
    package enum Level: String, Codable, Hashable, Sendable {
        case ok
        /// Sluice works, but worse than it could, or something wants attention.
        case warning
        /// Sluice does not work like this.
        case failure
    }

    /// Name of the check.
    package let check: String
    /// The interface it is about; absent if it is about the machine.
    package let interface: String?
    package let level: Level
    /// What was found, and what follows from it.
    package let finding: String
    /// The command that mends it, or what to do where none does; absent if there is nothing to mend.
    package let remedy: String?

    init(_ check: String, _ level: Level, _ finding: String, remedy: String? = nil, interface: String? = nil)
    {
        self.check = check
        self.interface = interface
        self.level = level
        self.finding = finding
        self.remedy = remedy
    }
}

/// One cause of trouble that is looked for.
///
/// Judges facts and gathers none, so that tests can make up machines.
protocol Check: Sendable {
    func examine(_ facts: Facts) -> [Diagnosis]
}

/// All checks, in the order in which causes come before effects.
package enum Doctor {
    private static let checks: [any Check] = [
        PrivilegeCheck(), KernelCheck(), BTFCheck(), BarrierCheck(), BPFFileSystemCheck(), MemoryCheck(),
        LoadingCheck(), DispatcherCheck(), ClockCheck(), PinCheck(), RuleCheck(), PresenceCheck(),
        StrangerCheck(), DriverCheck(), QuirkCheck(), QueueCheck(), OffloadCheck(), MTUCheck(), AgentCheck(),
    ]

    /// Runs every check.
    package static func examine(_ facts: Facts) -> [Diagnosis] { checks.flatMap { $0.examine(facts) } }
}
