import API
import ArgumentParser
import Control
import Foundation
import Terminal
import Traffic

/// The command `sluice events`.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "What happened, and with --follow what happens.",
        discussion: """
            Alerts, rules that begin, change and end, changes by hand, modes, models, what was put right, warnings: what \
            `sluice run` prints. The agent keeps the last 1,000 in memory; the record of what was done is `sluice audit`. With \
            --follow it goes on until Ctrl-C; when the agent stops, it waits for the next one.
            """)

    @Flag(name: .shortAndLong, help: "Go on with what happens from now on.")
    var follow = false

    @Option(
        help: "Only those of this kind, such as ban, alert or warning.",
        completion: .words(of: EventReport.Kind.self), transform: parseChoice)
    var kind: EventReport.Kind?

    @OptionGroup var filter: FilterOptions

    @Option(help: ArgumentHelp("Socket of the agent.", valueName: "path"))
    var socket = AgentOptions.defaultSocket

    @OptionGroup var output: StreamOptions

    func run() async throws {
        try await finish {
            let query = EventQuery(
                since: filter.since, source: filter.source, reason: filter.reason, kind: kind,
                limit: filter.limit ?? 20)
            let client = ControlClient(socket: socket)
            guard follow else {
                let events = try await client.events(query)
                if events.isEmpty, output.format == .table {
                    return filter.nothing("Nothing has happened.") + "\n"
                }
                return try events.map { try line($0) }.joined()
            }
            let follower = EventFollower(client: client, query: query) { words in
                FileHandle.standardError.write(Data("sluice: \(words)\n".utf8))
            }
            try await follower.forEach { event in
                try say(try line(event))
            }
            return ""
        }
    }

    private func line(_ event: EventReport) throws -> String {
        if output.format == .jsonl { return try Wire.line(event) + "\n" }
        let screen = Screen.standardOutput
        let missed = event.missed.map {
            screen.styled("\(counted($0, "event was", "events were")) missed: read too slowly", .bad) + "\n"
        }
        return (missed ?? "") + event.line(on: screen) + "\n"
    }
}

extension EventReport {
    /// For people: when, what, by whom.
    func line(on screen: Screen) -> String {
        let clock = String(time.rfc3339.dropFirst(11).prefix(12))
        let label = kind == .trip ? "CIRCUIT BREAKER" : kind.rawValue.uppercased()
        let by = who == "agent" ? "" : screen.styled(" (\(who.printable))", .faint)
        return "\(screen.styled(clock, .faint))  \(screen.styled(label, style)) \(text.printable)\(by)"
    }

    private var style: Style {
        switch kind {
        case .ban, .limit, .prove, .trip: .bad
        case .alert, .mode, .clock, .warning, .await, .undo, .mend: .warning
        case .end, .resume, .allow, .protect, .confirm: .good
        case .update, .disallow, .unprotect, .supersede, .reload, .learn, .model, .start, .stop, .interface:
            .bold
        }
    }
}
