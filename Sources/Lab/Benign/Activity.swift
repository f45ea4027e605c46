/// One kind of thing that people and machines do on a network, by a real program.
struct Activity: Sendable {
    let name: String
    /// Makes what one client does next; several errands where one cause sets off many clients.
    let errands: @Sendable (inout Scene) -> [Errand]

    init(_ name: String, _ errands: @escaping @Sendable (inout Scene) -> [Errand]) {
        self.name = name
        self.errands = errands
    }

    /// One client, one errand.
    static func single(_ name: String, _ errand: @escaping @Sendable (inout Scene) -> Errand) -> Activity {
        Activity(name) { [errand(&$0)] }
    }
}

/// Where an activity happens, and the dice.
struct Scene {
    let network: BenignNetwork
    /// Files of the lab.
    let folder: String
    /// Times and think times go so many times faster.
    let speed: Double
    let clients: Side
    /// How many hosts behind `clients` are different people.
    let population: Int
    var draw: Draw

    /// Far clients come after the far servers in the numbering; near ones after the near servers.
    private static let firstClient = 1000
    static let servers = 240

    var servers: Side { clients == .near ? .far : .near }

    /// Some client; one in three connections uses IPv6, as Internet-wide measurements had it in 2024.
    mutating func client() -> Endpoint {
        let family: Family = clients == .crowd || !draw.chance(0.35) ? .ipv4 : .ipv6
        // A home's only IPv4 address leads nowhere.
        return client(isReachable(family) ? family : .ipv6)
    }

    mutating func client(_ family: Family) -> Endpoint {
        Endpoint(
            side: clients, number: Self.firstClient + draw.popular(of: population), family: family)
    }

    private func isReachable(_ family: Family) -> Bool {
        servers == .far || family == .ipv6 || !network.neighbourhood.isTranslated
    }

    /// Some server that speaks to `client`; far ones are many, near ones few.
    mutating func server(for client: Endpoint) -> Endpoint {
        Endpoint(
            side: servers, number: draw.popular(of: servers == .far ? Self.servers : 4), family: client.family
        )
    }

    /// A program at the client's side.
    func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(program, arguments, in: network.namespace(of: clients))
        command.folder = folder
        return command
    }

    /// Seconds of think time, as programs that think by themselves need them told.
    func seconds(_ seconds: Double) -> Double { max(0.05, seconds / speed) }
}
