/// A kind of network behind the gateway: who does what there, and how often.
package enum Neighbourhood: String, CaseIterable, Sendable {
    /// A household: everybody behind one IPv4 address.
    case home
    /// Some hundred people at work, with servers of their own.
    case office
    /// Servers, and the world that visits them.
    case hoster

    /// Whether all of its IPv4 hosts look like one from outside.
    var isTranslated: Bool { self == .home }

    /// Megabits a second.
    var downstream: Int { self == .home ? 60 : 150 }
    var upstream: Int { self == .home ? 20 : 150 }

    /// Something that happens again and again.
    struct Habit: Sendable {
        let activity: Activity
        let clients: Side
        /// Times an hour, on average, at speed 1.
        let perHour: Double
        /// At even distances, as machines do; people come by a Poisson process.
        var isPeriodic = false

        init(_ activity: Activity, by clients: Side, _ perHour: Double, isPeriodic: Bool = false) {
            self.activity = activity
            self.clients = clients
            self.perHour = perHour
            self.isPeriodic = isPeriodic
        }
    }

    /// Names of what is done there.
    package var activities: [String] { Set(habits.map(\.activity.name)).sorted() }

    /// How many hosts there are on a side.
    func population(of side: Side) -> Int {
        switch (self, side) {
        case (.home, .near): 14
        case (.office, .near): 160
        case (.hoster, .near): 12
        case (_, .far): 900
        case (_, .crowd): 150
        }
    }

    var habits: [Habit] {
        switch self {
        case .home:
            [
                .init(.browsing, by: .near, 90), .init(.downloads, by: .near, 10),
                .init(.uploads, by: .near, 12),
                .init(.video, by: .near, 12), .init(.polls, by: .near, 12), .init(.calls, by: .near, 20),
                .init(.updates, by: .near, 5), .init(.lookups, by: .near, 300), .init(.clocks, by: .near, 20),
                .init(.telemetry, by: .near, 12), .init(.pings, by: .near, 4),
                .init(.conversations, by: .near, 6), .init(.speedTest, by: .near, 2),
                .init(.peers, by: .near, 3), .init(.shell, by: .near, 2), .init(.mail, by: .near, 6),
                .init(.backup, by: .near, 2), .init(.shell, by: .far, 2), .init(.crawler, by: .far, 1),
            ]
        case .office:
            [
                .init(.browsing, by: .near, 260), .init(.downloads, by: .near, 14),
                .init(.uploads, by: .near, 30), .init(.video, by: .near, 8), .init(.polls, by: .near, 40),
                .init(.calls, by: .near, 40), .init(.updates, by: .near, 8), .init(.lookups, by: .near, 600),
                .init(.clocks, by: .near, 60), .init(.telemetry, by: .near, 15), .init(.pings, by: .near, 10),
                .init(.conversations, by: .near, 20), .init(.speedTest, by: .near, 2),
                .init(.shell, by: .near, 20), .init(.fileTransfer, by: .near, 10),
                .init(.fleet, by: .near, 4),
                .init(.backup, by: .near, 4), .init(.database, by: .near, 20), .init(.mail, by: .near, 60),
                .init(.monitor, by: .near, 60, isPeriodic: true), .init(.tunnel, by: .near, 60),
                .init(.mail, by: .far, 80), .init(.shell, by: .far, 6), .init(.browsing, by: .far, 20),
                .init(.resolver, by: .far, 10), .init(.browsing, by: .crowd, 10),
            ]
        case .hoster:
            [
                .init(.browsing, by: .far, 260), .init(.browsing, by: .crowd, 160),
                .init(.downloads, by: .far, 20), .init(.uploads, by: .far, 15), .init(.video, by: .far, 12),
                .init(.polls, by: .far, 30), .init(.polls, by: .crowd, 30), .init(.calls, by: .far, 60),
                .init(.calls, by: .crowd, 30), .init(.crawler, by: .far, 12), .init(.flashCrowd, by: .far, 3),
                .init(.flashCrowd, by: .crowd, 1), .init(.resolver, by: .far, 120),
                .init(.mail, by: .far, 120),
                .init(.shell, by: .far, 15), .init(.fileTransfer, by: .far, 15), .init(.fleet, by: .far, 4),
                .init(.backup, by: .far, 5), .init(.backup, by: .near, 3), .init(.database, by: .far, 15),
                .init(.monitor, by: .far, 60, isPeriodic: true), .init(.telemetry, by: .far, 15),
                .init(.pings, by: .far, 10), .init(.clocks, by: .near, 30), .init(.clocks, by: .far, 40),
                .init(.lookups, by: .near, 200), .init(.updates, by: .near, 6), .init(.mail, by: .near, 40),
                .init(.speedTest, by: .far, 2), .init(.conversations, by: .far, 8),
                .init(.tunnel, by: .near, 30),
            ]
        }
    }
}
