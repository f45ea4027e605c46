import Datapath

/// What is peculiar to a virtual device, and not told by any of its settings.
struct QuirkCheck: InterfaceCheck {
    private struct Quirk: Sendable {
        let driver: String
        let finding: String
        /// The command that mends it, for the interface's name.
        let remedy: @Sendable (InterfaceFacts) -> String
        let applies: @Sendable (InterfaceFacts) -> Bool
    }

    private static let all = [
        // In native mode the kernel has the other end cut them.
        Quirk(
            driver: "veth",
            finding:
                "in generic mode the other end hands over up to 64 KiB of a connection uncut, counted as one frame",
            remedy: { _ in
                "at the other end: ethtool -K INTERFACE tso off gso off; or: sluice run --attach native"
            },
            applies: { $0.attached == "generic" }),
        Quirk(
            driver: "tun",
            finding: "a guest hands over up to 64 KiB of a connection uncut, counted as one frame",
            remedy: { _ in "in the guest: ethtool -K INTERFACE tso off gso off" },
            applies: { _ in true }),
        Quirk(
            driver: "ena",
            finding: "native mode takes at most half of the queues, and is refused now",
            remedy: { "ethtool -L \($0.name) combined \(max(1, ($0.hardware.queues?.most ?? 2) / 2))" },
            applies: { interface in
                interface.attached != "native"
                    && interface.hardware.queues.map { $0.inUse * 2 > $0.most } ?? false
            }),
        Quirk(
            driver: "bonding",
            finding: "native mode needs it in every member, and some are without",
            remedy: { "cat /proc/net/bonding/\($0.name), and guard the members" },
            applies: { $0.attached == "generic" }),
    ]

    func examine(_ interface: InterfaceFacts, of facts: Facts) -> Diagnosis? {
        let found = Self.all.first { $0.driver == interface.hardware.driver && $0.applies(interface) }
        return found.map { quirk in
            Diagnosis(
                "quirks", .warning, "\(quirk.driver): \(quirk.finding)", remedy: quirk.remedy(interface),
                interface: interface.name)
        }
    }
}
