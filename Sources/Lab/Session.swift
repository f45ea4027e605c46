import Foundation
import Traffic

/// A client's requests that one process makes, and the pause after it.
///
/// People do not tick like clocks: rates of sessions vary by some 40 % about the client's.
struct Session {
    /// Seconds after which a client takes a request for lost.
    static let patience = 2.0
    /// On standard error, which `curl` writes line by line.
    static let curlFormat = "%{stderr}%{http_code} %{exitcode} %{time_total}\\n"

    let command: Command
    let pause: Duration
    /// Reads a request from a line; `nil` if the whole session is one request.
    let parse: (@Sendable (String, Timestamp) -> Request?)?

    /// The next session of `client`.
    init(of client: Client, at servers: Servers, using generator: inout some RandomNumberGenerator) {
        let topology = servers.site.topology
        let namespace = topology.namespace(of: client.host)
        let perMinute = max(1, client.perMinute * Int.random(in: 60...140, using: &generator) / 100)
        let first = Int.random(in: 1...1_000_000, using: &generator)
        let web = "http://" + Topology.serverInURL(client.family)
        var curl = [
            "-s", "-o", "/dev/null", "-w", Self.curlFormat, "--max-time", "\(Self.patience)", "--rate",
            "\(perMinute)/m",
        ]
        switch client.workload {
        case .pages(let keepsConnection):
            if !keepsConnection { curl += ["-H", "Connection: close"] }
            // Some five seconds; the number chooses the page.
            curl.append("\(web)/[\(first)-\(first + max(1, perMinute / 12))]")
            (command, pause) = (Command("curl", curl, in: namespace), .milliseconds(60_000 / perMinute))
            parse = Request.init(curl:at:)
        case .downloads:
            command = Command("curl", curl + ["\(web)/archive"], in: namespace)
            pause = .milliseconds(60_000 / perMinute)
            parse = Request.init(curl:at:)
        case .lookups:
            // dnsperf buffers what it prints unless told otherwise.
            command = Command(
                "stdbuf",
                [
                    "-oL", "dnsperf", "-v", "-c", "1", "-q", "20", "-t", "\(Int(Self.patience))", "-l", "10",
                    "-Q", "\(max(1, perMinute / 60))", "-s", Topology.server(client.family),
                    "-d", "\(servers.site.folder)/\(Self.namesFile)",
                ], in: namespace)
            pause = .milliseconds(200)
            parse = Request.init(dnsperf:at:)
        case .logins:
            command = servers.login(client.family, from: namespace)
            pause = .milliseconds(60_000 / perMinute)
            parse = nil
        }
    }

    static let namesFile = "names.txt"

    /// Names to look up, in the form that `dnsperf` reads.
    static func names(using generator: inout some RandomNumberGenerator) -> String {
        (0..<200).map { _ in
            let host = ["www", "mail", "shop", "news", "api"].randomElement(using: &generator) ?? "www"
            return "\(host).\(Servers.domain) \(Bool.random(using: &generator) ? "A" : "AAAA")\n"
        }.joined()
    }

    /// Runs to the end and calls `onRequest` for each request as it completes.
    func run(onRequest: (Request) async -> Void) async throws {
        let start = Timestamp.now
        let isSuccess = try await command.run { line in
            if let request = parse?(line, Timestamp.now) { await onRequest(request) }
        }
        // A session that was cut short says nothing about the network.
        try Task.checkCancellation()
        guard parse == nil else { return }
        await onRequest(
            Request(start: start, duration: (Timestamp.now - start).seconds, isAnswered: isSuccess))
    }
}

extension Timestamp {
    static var now: Timestamp { Timestamp(seconds: Date().timeIntervalSince1970) }
}
