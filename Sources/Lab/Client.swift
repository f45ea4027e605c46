package import Traffic

/// Somebody who uses the server as it is meant to be used, all the time.
package struct Client: Sendable {
    /// What one request is.
    package enum Workload: Sendable {
        /// A page by HTTP, over a new connection each or over one that is kept.
        case pages(keepsConnection: Bool)
        /// A large file by HTTP.
        case downloads
        /// A name by DNS.
        case lookups
        /// A session of file transfer over SSH, opened with a key and closed again.
        case logins
    }

    package let host: Host
    package let family: Family
    package let workload: Workload
    /// Requests a minute, on average.
    package let perMinute: Int

    package var address: Address { host.address(family) }

    /// What it does, for people.
    package var title: String {
        let title =
            switch workload {
            case .pages(keepsConnection: false): "pages, a connection each"
            case .pages(keepsConnection: true): "pages, one connection"
            case .downloads: "downloads of 1 MB"
            case .lookups: "DNS lookups"
            case .logins: "SSH logins"
            }
        return "\(title), \(family.rawValue)"
    }

    /// Those in every lab; between them every service and both families.
    package static let all: [Client] = [
        Client("web4", 11, .ipv4, .pages(keepsConnection: false), perMinute: 600),
        Client("web6", 12, .ipv6, .pages(keepsConnection: false), perMinute: 300),
        Client("app6", 13, .ipv6, .pages(keepsConnection: true), perMinute: 600),
        Client("files4", 14, .ipv4, .downloads, perMinute: 20),
        Client("dns4", 15, .ipv4, .lookups, perMinute: 300),
        Client("dns6", 16, .ipv6, .lookups, perMinute: 300),
        Client("admin6", 17, .ipv6, .logins, perMinute: 4),
    ]

    private init(_ name: String, _ number: UInt8, _ family: Family, _ workload: Workload, perMinute: Int) {
        host = Host(name: name, number: number)
        self.family = family
        self.workload = workload
        self.perMinute = perMinute
    }
}

/// One request of a client, answered or lost.
package struct Request: Hashable, Sendable {
    package var start: Timestamp
    /// Seconds until the answer was complete, or until the client gave up.
    package var duration: Double
    package var isAnswered: Bool

    package init(start: Timestamp, duration: Double, isAnswered: Bool) {
        self.start = start
        self.duration = duration
        self.isAnswered = isAnswered
    }
}

extension Request {
    /// A request from a line of `curl` written in `Session.curlFormat`, at the time of the line; `nil` for other lines.
    init?(curl line: String, at end: Timestamp) {
        let fields = line.split(separator: " ")
        guard fields.count == 3, Int(fields[0]) != nil, Int(fields[1]) != nil, let seconds = Double(fields[2])
        else { return nil }
        self.init(duration: seconds, isAnswered: fields[0] == "200" && fields[1] == "0", end: end)
    }

    /// A request from a line of `dnsperf -v`, at the time of the line; `nil` for other lines.
    ///
    /// `> NOERROR www.lab.example A 0.000125` is an answer, `> T www.lab.example A` a query without one.
    init?(dnsperf line: String, at end: Timestamp) {
        let fields = line.split(separator: " ")
        guard fields.count >= 4, fields[0] == ">" else { return nil }
        if fields[1] == "T" {
            self.init(duration: Session.patience, isAnswered: false, end: end)
        } else if fields.count == 5, let seconds = Double(fields[4]) {
            self.init(duration: seconds, isAnswered: fields[1] == "NOERROR", end: end)
        } else {
            return nil
        }
    }

    private init(duration: Double, isAnswered: Bool, end: Timestamp) {
        let duration = duration > 0 ? min(duration, 3600) : 0  // No number at all counts as none.
        self.init(start: end - .seconds(duration), duration: duration, isAnswered: isAnswered)
    }
}
